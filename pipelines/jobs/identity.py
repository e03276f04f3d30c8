"""What tells one run from another: the code that makes tables, and the secret key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from importlib.metadata import version as library_version
from pathlib import Path

from pipelines.core.paths import EXPECTATIONS, ROOT, SQL
from pipelines.core.settings import Settings
from pipelines.store.files import hash_file

# The floors whose code can change a table of a month. What runs, reads back, sends, operates and
# shows is above them: mending the doctor or a screen makes no month anew.
FLOORS_OF_TABLES = (
    "core",
    "catalogue",
    "text",
    "store",
    "engines",
    "sources",
    "documents",
    "rooms",
)
LIBRARIES = (
    "duckdb",
    "pyarrow",
    "sqlglot",
    "great-expectations",
    "chinesecalendar",
    "numpy",
    "pandas",
    "scikit-learn",
    "scipy",
    "skops",
)


@cache
def hash_table_code(root: Path = ROOT, also: tuple[str, ...] = ()) -> str:
    """SHA-256 over the code, SQL, expectations and libraries that make tables.

    Of `pipelines/` only `FLOORS_OF_TABLES` count, beside them `models/`. `also` are further files
    of the project that make tables of their own, as paths from its root.
    """
    digest = sha256()
    for path in sorted({*_find_files(root), *(root / name for name in also)}):
        digest.update(f"{path.relative_to(root)}\0{hash_file(path)}\0".encode())
    for name in LIBRARIES:
        digest.update(f"{name}=={library_version(name)}\0".encode())
    return digest.hexdigest()


def _find_files(root: Path) -> Iterator[Path]:
    yield from _walk(
        root, [f"pipelines/{floor}" for floor in FLOORS_OF_TABLES], (".py", ".yml")
    )
    yield root / "pipelines" / "__init__.py"
    yield from _walk(root, ["models"], (".py",))
    yield from _walk(root, [SQL.name], (".sql",))
    yield from _walk(root, [EXPECTATIONS.name], (".yml",))


def _walk(
    root: Path, folders: Iterable[str], suffixes: tuple[str, ...]
) -> Iterator[Path]:
    for folder in folders:
        for path in (root / folder).rglob("*"):
            if path.suffix in suffixes:
                yield path


def identify_key(settings: Settings) -> str:
    """Tell one secret key from another without saying what it is."""
    return sha256(b"identity" + settings.key).hexdigest()[:16]
