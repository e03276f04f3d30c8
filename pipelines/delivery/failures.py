"""Why a letter was not sent. `why` names the words for it (`deliver.why.…`), `facts` fill them in.

Facts are codes and places, never what a receiver or a library said: such texts quote addresses,
links and passwords.
"""

from __future__ import annotations


class NotSent(Exception):
    """A letter did not go out."""

    def __init__(self, why: str, **facts: object) -> None:
        self.why = why
        self.facts = facts
        super().__init__(why)


class Later(NotSent):
    """Nothing was taken, and trying again may help.

    `after` is how many seconds the receiver asked for.

    `is_away` says that it is the receiver's machine, not this letter: others on the channel fare no
    better.
    """

    def __init__(
        self,
        why: str,
        after: float | None = None,
        is_away: bool = False,
        **facts: object,
    ) -> None:
        super().__init__(why, **facts)
        self.after = after
        self.is_away = is_away


class Rejected(NotSent):
    """The receiver will not take this letter, however often it is sent."""


class Unsure(NotSent):
    """It may have arrived or not, and the receiver could not tell a second one from the first."""


class Closed(NotSent):
    """Nothing can be sent over this channel until a person mends it.

    It may be a key, a password, a certificate, a mount.
    """
