"""Read one sheet in a process of its own: calamine ends the whole process on a sheet it has no memory for.

Run as a script, so that nothing of this project is imported: `calamine_child.py WORKBOOK SHEET MEMORY`.
Writes pickles to standard output: the first used column, lists of rows, and None once all is written.
"""

import pickle
import resource
import sys
from itertools import islice

import python_calamine

_ROWS = 2_000


def main(path: str, sheet: str, memory: str) -> None:
    """Write the sheet's rows, with no more memory than allowed (bytes)."""
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    content = python_calamine.load_workbook(path).get_sheet_by_name(sheet)
    out = sys.stdout.buffer
    pickle.dump((content.start or (0, 0))[1], out)
    rows = content.iter_rows()
    while batch := list(islice(rows, _ROWS)):
        pickle.dump(batch, out)
    pickle.dump(None, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
