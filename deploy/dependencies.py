"""What the program is made of: each locked dependency with its licence, in CycloneDX's form.

    uv export --frozen --no-dev --all-extras --format cyclonedx1.5 | python -m deploy.dependencies

The lock says what and with which hashes, the installed packages say under which licence. The same
lock gives the same bytes: no time of day, no serial number. Ends with 1 where a licence is not
allowed or not known.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from email.message import Message
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any, cast

# What an operator may use, change and run behind closed doors without publishing what is theirs:
# permissive licences, and those that ask for their own files alone.
ALLOWED = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "Artistic-1.0-Perl",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "ISC",
        "LGPL-2.1-only",
        "LGPL-3.0-only",
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "MPL-2.0",
        "OFL-1.1",
        "PSF-2.0",
        "Unlicense",
        "Zlib",
    }
)
# What older packages call them, in a classifier or in their own words.
_NAMES = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Artistic License": "Artistic-1.0-Perl",
    "BSD License": "BSD-3-Clause",
    "BSD-3-Clause, Apache-2.0, dependency licenses": "BSD-3-Clause AND Apache-2.0",
    "GNU Library or Lesser General Public License (LGPL)": "LGPL-3.0-only",
    "ISC License (ISCL)": "ISC",
    "LGPL-2.1": "LGPL-2.1-only",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "SIL Open Font License 1.1 (OFL-1.1)": "OFL-1.1",
    "The Unlicense (Unlicense)": "Unlicense",
}
# What says nothing, or not enough, of itself: read in the package's own licence file.
STATED = {
    "async-timeout": "Apache-2.0",  # with Python 3.10 alone
    "axe-playwright-python": "MIT",
    "colorama": "BSD-3-Clause",  # on Windows alone
    "py4j": "BSD-3-Clause",
    "pyspark": "Apache-2.0",
    "skops": "MIT",
}
_CLASSIFIER = "License :: "


def main() -> None:
    """Read a bill of materials, add the licences, write it; say which are not allowed."""
    bill = json.load(sys.stdin)
    add_licences(bill)
    json.dump(bill, sys.stdout, indent=2)
    print()
    refused = list_refused(bill)
    for name, licence in refused:
        print(f"{name}: {licence or 'no licence known'}", file=sys.stderr)
    sys.exit(1 if refused else 0)


def add_licences(bill: dict[str, Any]) -> None:
    """Give each component its licence, and take away what differs from run to run."""
    del bill["serialNumber"], bill["metadata"]["timestamp"]
    for component in bill["components"]:
        licence = find_licence(component["name"])
        if licence:
            component["licenses"] = [{"expression": licence}]


def list_refused(bill: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """The components whose licence is not allowed, or not known."""
    refused = []
    for component in bill["components"]:
        [licence] = component.get("licenses", [{"expression": None}])
        expression = licence["expression"]
        if expression is None or not is_allowed(expression):
            refused.append((component["name"], expression))
    return refused


def find_licence(package: str) -> str | None:
    """Return an installed package's licence as an SPDX expression; None where nothing says."""
    if package in STATED:
        return STATED[package]
    try:
        facts = cast(Message, metadata(package))
    except PackageNotFoundError:
        return None
    expression = facts.get("License-Expression")
    if expression:
        return _NAMES.get(expression, expression)
    known = list(_read_classifiers(facts.get_all("Classifier") or []))
    if known:
        return " OR ".join(known)
    own_words = (facts.get("License") or "").strip()
    return _NAMES.get(own_words, own_words.splitlines()[0] if own_words else None)


def _read_classifiers(classifiers: Sequence[str]) -> Iterator[str]:
    """The licences that classifiers name; of several the taker chooses."""
    for classifier in classifiers:
        if not classifier.startswith(_CLASSIFIER):
            continue
        name = classifier.rpartition(" :: ")[2]
        if name != "OSI Approved":
            yield _NAMES.get(name, name)


def is_allowed(expression: str) -> bool:
    """Say whether one alternative of an SPDX expression is allowed in all its parts."""
    for alternative in re.split(r" OR ", expression.replace("(", "").replace(")", "")):
        if all(part.strip() in ALLOWED for part in alternative.split(" AND ")):
            return True
    return False


if __name__ == "__main__":
    main()
