"""The judge's own process: `python -m pipelines.rooms.judge.process DESCRIPTOR`.

It says READY, then answers one question after the other on the connection of that descriptor. When
the other end is gone, so is the process at once, whatever it is at work on.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from multiprocessing.connection import Connection
from queue import SimpleQueue

from pipelines.rooms.judge.questions import Question

READY = "ready"


def main(descriptor: int) -> None:
    """Answer until nobody can ask any more."""
    connection: Connection = Connection(descriptor)
    questions: SimpleQueue[Question] = SimpleQueue()
    threading.Thread(target=_listen, args=(connection, questions), daemon=True).start()
    # What is loaded stays to the end: it is not looked through for garbage, now or later.
    gc.disable()
    # Imported here: it takes seconds, and the other end may be gone meanwhile.
    from pipelines.rooms.judge.rulings import get_ready, rule_on

    get_ready()
    gc.freeze()
    gc.enable()
    connection.send(READY)
    while True:
        connection.send(rule_on(questions.get()))


def _listen(connection: Connection, questions: SimpleQueue[Question]) -> None:
    """Take questions in; end the process with whoever asks them."""
    while True:
        try:
            questions.put(connection.recv())
        except (EOFError, OSError):
            os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
