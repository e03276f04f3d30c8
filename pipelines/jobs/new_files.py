"""The files of a new KPI, list, check or feature.

They are written so that the suite passes on them, and are ready to be filled in.

What is written stands in `templates/`; `<name>` and its like are filled in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.catalogue.expectations import load_suite
from pipelines.catalogue.outputs import Kpi, load_lists
from pipelines.catalogue.spec import load_spec
from pipelines.catalogue.tables import declaration_file, list_tables_of_code
from pipelines.core.contract import Table, load_contract
from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.core.paths import EXPECTATIONS, LOCALES, ROOT, SQL
from pipelines.jobs.specs.check_specs import DEFINITIONS, definition_line
from pipelines.store.files import write_text
from pipelines.text.texts import LANGUAGES

KINDS = ("kpi", "list", "check", "feature")
_ROOMS = {"kpi": "kpi", "list": "dispatch", "feature": "features"}
_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
_TEMPLATES = Path(__file__).with_name("templates")
_CASES = ROOT / "tests" / "cases"
CHECK_CASES = ROOT / "tests" / "checks"
_SQL_WORDS = """
    SELECT keyword_name
    FROM duckdb_keywords()
    WHERE keyword_category = 'reserved'
"""
_PRIORITY_STEP = 10  # between the priorities of two lists
_ALL_LISTS = "overall"  # the effect of all lists together goes by this name
_REASONS = {"zh": "请写明原因", "en": "say why the customer is listed"}


@dataclass(frozen=True)
class NewFile:
    """A file that was written, or one that a line was added to."""

    path: Path
    is_new: bool


def write_new(kind: str, name: str) -> list[NewFile]:
    """Write the files of a new KPI, list, check (TABLE.NAME) or feature; return them.

    Raise UsageError for a kind or a name that cannot be taken; then nothing was written.
    """
    if kind not in KINDS:
        raise UsageError("new.unknown_kind", kind=kind, kinds=", ".join(KINDS))
    if kind == "check":
        table, rule = _parse_check_name(name)
        return _write_check(table, rule)

    _refuse_name(kind, name)
    room = _ROOMS[kind]
    spec = SQL / room / f"{name}.sql"
    case = _CASES / room / f"{name}.yml"
    for path in (spec, case):
        if path.exists():
            raise UsageError("new.exists", name=name, file=path.relative_to(ROOT))

    facts = {"name": name, "priority": str(_find_next_priority())}
    write_text(spec, _fill_template(f"{kind}.sql", facts))
    write_text(case, _fill_template(f"{kind}.case.yml", facts))
    written = [NewFile(spec, True), NewFile(case, True)]
    if kind == "kpi":
        written.append(_add_definition(spec))
    if kind == "list":
        written += [_add_reason(language, name) for language in LANGUAGES]
    if kind == "feature":
        written.append(_declare_table(room, facts))
    return written


def _fill_template(file: str, facts: dict[str, str]) -> str:
    """Return a template's text with each `<fact>` filled in."""
    text = (_TEMPLATES / f"{file}.tmpl").read_text(encoding="utf-8")
    for name, value in facts.items():
        text = text.replace(f"<{name}>", value)
    return text


# -- names -----------------------------------------------------------------------------------------


def _refuse_name(kind: str, name: str) -> None:
    """Raise UsageError for what is no name, and for one that is taken.

    Taken are the words of SQL and the tables that the room's own code writes.
    """
    if not _NAME.fullmatch(name):
        raise UsageError("new.bad_name", name=name)
    table = f"{_ROOMS[kind]}_{name}"
    is_taken = table in list_tables_of_code() or name == _ALL_LISTS
    if is_taken or name in _list_sql_words():
        raise UsageError("new.reserved", name=name)


def _list_sql_words() -> set[str]:
    with duckdb.connect() as connection:
        words = connection.execute(_SQL_WORDS).fetchall()
    return {word for (word,) in words}


def _parse_check_name(name: str) -> tuple[Table, str]:
    """Take `TABLE.NAME` apart.

    Raise UsageError where the table is not known or the name cannot be taken.
    """
    contract = load_contract()
    table, _, rule = name.partition(".")
    if table not in contract or not rule:
        raise UsageError("new.check_name", name=name, tables=", ".join(contract))
    if not _NAME.fullmatch(rule):
        raise UsageError("new.bad_name", name=rule)

    suite = load_suite(table, Month(2000, 1))
    taken = {expectation.name for expectation in suite}
    if rule in taken or f"check.{rule}" in taken:
        raise UsageError("new.exists", name=name, file=f"expectations/{table}.yml")
    return contract[table], rule


def _find_next_priority() -> int:
    """Behind all lists; whoever fills the list in says where it stands."""
    priorities = [spec.meta["priority"] for spec in load_lists()]
    return max(priorities, default=0) + _PRIORITY_STEP


# -- lines in files that are there -----------------------------------------------------------------


def _declare_table(room: str, facts: dict[str, str]) -> NewFile:
    """Declare the columns of the feature's table, in the order of names."""
    path = declaration_file(room)
    line = _fill_template("feature.table.yml", facts)
    _insert_line(path, line)
    return NewFile(path, False)


def _add_definition(path: Path) -> NewFile:
    """Add the KPI's fingerprint, in the order of names."""
    spec = load_spec(path)
    kpi = Kpi(spec, spec.meta)
    _insert_line(DEFINITIONS, definition_line(kpi, {}))
    return NewFile(DEFINITIONS, False)


def _add_reason(language: str, name: str) -> NewFile:
    """Add the words of the list's reason, which its orders are shown with."""
    path = LOCALES / f"{language}.yml"
    words = _REASONS.get(language, name)
    _insert_line(path, f"reason.{name}: {words}")
    return NewFile(path, False)


def _insert_line(path: Path, line: str) -> None:
    """Put a `key: …` line where it stands in the order of keys.

    Comments stay on top, longer entries whole.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    key = _read_key(line)
    lines.insert(_find_insertion(lines, key), line)
    write_text(path, "\n".join(lines) + "\n")


def _find_insertion(lines: list[str], key: str) -> int:
    """Return the number of the first line whose key is greater; the end where there is none."""
    for number, text in enumerate(lines):
        begins_with_key = re.match(r"[^\s#]", text) is not None
        if begins_with_key and _read_key(text) > key:
            return number
    return len(lines)


def _read_key(line: str) -> str:
    return line.split(":", 1)[0]


# -- checks ----------------------------------------------------------------------------------------


def _write_check(table: Table, name: str) -> list[NewFile]:
    """Add a rule to the table's expectations, and write the case that it refuses a row of."""
    rules = EXPECTATIONS / f"{table.name}.yml"
    case = CHECK_CASES / f"{table.name}.{name}.yml"
    if case.exists():
        raise UsageError("new.exists", name=name, file=case.relative_to(ROOT))

    first_id = next(column.name for column in table.columns if column.kind == "id")
    facts = {"name": name, "table": table.name, "column": first_id}

    is_new = not rules.exists()
    before = f"# {table.name}: what must hold of the delivered rows."
    if not is_new:
        before = rules.read_text(encoding="utf-8").rstrip("\n")
    rule = _fill_template("check.rule.yml", facts)
    write_text(rules, f"{before}\n{rule}")

    case.parent.mkdir(parents=True, exist_ok=True)
    write_text(case, _fill_template("check.case.yml", facts))
    return [NewFile(rules, is_new), NewFile(case, True)]
