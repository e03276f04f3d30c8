"""What the home knows of a customer: the versions that tell of them, and what they are called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.store.persons.keys import PersonKeys
from pipelines.store.persons.vault import FOLDER, read_owned
from pipelines.store.torn import VERSION_NAME
from pipelines.store.versions import Version


@dataclass(frozen=True)
class Known:
    """A customer as the home knows one: the versions that tell of them, and what they are called.

    `owners` are the ids that their rows may stand under: a spreadsheet drops zeros before an id.
    """

    customer_id: str
    owners: tuple[str, ...]
    words: frozenset[str]
    sealed: tuple[Version, ...]
    plain: tuple[Version, ...]
    tables: tuple[Version, ...]


def look_up(home: Path, customer_id: str, with_words: bool = True) -> Known:
    """Return what is known of a customer; without words, what they are called is not read.

    Raise UsageError for a customer that nobody knows.
    """
    keys = PersonKeys(home)
    versions = list(_list_versions(home))
    told = [version for version in versions if _is_told_of(version, customer_id)]
    if not told and not _has_or_had_key(keys, customer_id):
        raise UsageError("erase.unknown", customer=customer_id)

    words = {customer_id}
    if with_words:
        for version in versions:
            words |= _read_words(version, customer_id)

    sealed: list[Version] = []
    plain: list[Version] = []
    for version in told:
        kind = sealed if _is_sealed(version) else plain
        kind.append(version)
    owners = _find_owners(keys, versions, customer_id)
    return Known(
        customer_id,
        owners,
        frozenset(words),
        tuple(sealed),
        tuple(plain),
        tuple(told),
    )


def _has_or_had_key(keys: PersonKeys, customer_id: str) -> bool:
    """Whether anything was ever sealed for a customer, be it set aside or deleted since."""
    if keys.find([customer_id]):
        return True
    return customer_id in keys.read_destroyed()


def _read_words(version: Version, customer_id: str) -> set[str]:
    """What a version calls a customer by."""
    if not _is_sealed(version):
        return _read_plain(version, customer_id)
    cells = _read_cells(version, customer_id)
    return {text for row in cells for text in row.values()}


def _list_versions(home: Path) -> Iterator[Version]:
    """Every finished version of every month and day, those that nobody reads any more too."""
    for kind in ("months", "days"):
        for path in sorted(home.glob(f"{kind}/*/v*")):
            if VERSION_NAME.fullmatch(path.name) and path.is_dir():
                yield Version(Month.parse(path.parent.name[:7]), path)


def _is_sealed(version: Version) -> bool:
    """Whether what was delivered of persons went to where it is sealed."""
    return (version.path / FOLDER).is_dir()


def _read_cells(version: Version, customer_id: str) -> list[dict[str, str]]:
    folder = version.path / FOLDER
    cells = []
    for file in sorted(folder.glob("*.cells")):
        cells += read_owned(version.path, file.stem, customer_id)
    return cells


def _read_plain(version: Version, customer_id: str) -> set[str]:
    """The names and numbers of a customer in a month that was made before they were sealed."""
    of_customer = {"customer_id": customer_id}
    if not version.is_computed("snapshot_person"):
        return set()
    rows = version.read_rows("snapshot_person", ["name", "phone"], of_customer)
    if version.is_computed("snapshot_number") and version.is_computed(
        "snapshot_service"
    ):
        lines = version.read_rows("snapshot_service", ["service_id"], of_customer)
        of_lines = {"service_id": tuple(row["service_id"] for row in lines)}
        rows += version.read_rows("snapshot_number", ["number"], of_lines)
    return {text for row in rows for text in row.values() if text}


def _is_told_of(version: Version, customer_id: str) -> bool:
    if not version.is_computed("snapshot_person"):
        return False
    where = {"customer_id": customer_id}
    return bool(version.read_rows("snapshot_person", ["customer_id"], where))


def _find_owners(
    keys: PersonKeys, versions: list[Version], customer_id: str
) -> tuple[str, ...]:
    """The ids that a customer's rows may stand under: none of them is another customer's."""
    owners = {customer_id}
    for like in keys.list_like(customer_id):
        if not any(_is_told_of(version, like) for version in versions):
            owners.add(like)
    return tuple(sorted(owners))
