"""The files of a new KPI, list, check or feature: written so that the suite passes on them, and ready to be filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.catalogue.expectations import load_suite
from pipelines.catalogue.lineage import EXTRA_COLUMNS
from pipelines.catalogue.outputs import Kpi, lists
from pipelines.catalogue.spec import load_spec
from pipelines.core.contract import Table, contract
from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.core.paths import EXPECTATIONS, LOCALES, ROOT, SQL
from pipelines.jobs.check_specs import DEFINITIONS, definition_line
from pipelines.store.files import write_text
from pipelines.text.texts import LANGUAGES

KINDS = ("kpi", "list", "check", "feature")
_ROOMS = {"kpi": "kpi", "list": "dispatch", "feature": "features"}
_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
_CASES = ROOT / "tests" / "cases"
CHECK_CASES = ROOT / "tests" / "checks"
_STEP = 10  # between the priorities of two lists
# Tables that a room's own code writes, besides those whose columns SQL files may read.
_WRITTEN_BY_CODE = {
    *(
        "kpi_bridge",
        "kpi_change",
        "kpi_tie",
        "kpi_trend",
        "dispatch_capacity",
        "dispatch_list",
        "dispatch_why_not",
    ),
    "dispatch_overall",  # the effect of all lists together goes by this name
}


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
        return _write_check(*_check_name(name))
    _refuse_name(kind, name)
    spec = SQL / _ROOMS[kind] / f"{name}.sql"
    case = _CASES / _ROOMS[kind] / f"{name}.yml"
    for path in (spec, case):
        if path.exists():
            raise UsageError("new.exists", name=name, file=path.relative_to(ROOT))
    facts = {"name": name, "priority": str(_next_priority())}
    write_text(spec, _filled(_SQL[kind], facts))
    write_text(case, _filled(_CASE[kind], facts))
    written = [NewFile(spec, True), NewFile(case, True)]
    if kind == "kpi":
        written.append(_add_definition(spec))
    if kind == "list":
        written += [_add_reason(language, name) for language in LANGUAGES]
    return written


def _filled(template: str, facts: Mapping[str, str]) -> str:
    for name, value in facts.items():
        template = template.replace(f"<{name}>", value)
    return template


# -- names -------------------------------------------------------------------------------------------------------


def _refuse_name(kind: str, name: str) -> None:
    """Raise UsageError for what is no name, for a word of SQL, and for a table that the room writes itself."""
    if not _NAME.fullmatch(name):
        raise UsageError("new.bad_name", name=name)
    table = f"{_ROOMS[kind]}_{name}"
    if name in _sql_words() or table in EXTRA_COLUMNS or table in _WRITTEN_BY_CODE:
        raise UsageError("new.reserved", name=name)


def _sql_words() -> set[str]:
    with duckdb.connect() as connection:
        words = connection.execute(
            "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'"
        ).fetchall()
    return {word for (word,) in words}


def _check_name(name: str) -> tuple[Table, str]:
    table, _, rule = name.partition(".")
    if table not in contract() or not rule:
        raise UsageError("new.check_name", name=name, tables=", ".join(contract()))
    if not _NAME.fullmatch(rule):
        raise UsageError("new.bad_name", name=rule)
    known = [e.name for e in load_suite(table, Month(2000, 1))]
    if rule in known or f"check.{rule}" in known:
        raise UsageError("new.exists", name=name, file=f"expectations/{table}.yml")
    return contract()[table], rule


def _next_priority() -> int:
    """Behind all lists; whoever fills the list in says where it stands."""
    return max((spec.meta["priority"] for spec in lists()), default=0) + _STEP


# -- lines in files that are there -------------------------------------------------------------------------------


def _add_definition(path: Path) -> NewFile:
    """Add the KPI's fingerprint, in the order of names."""
    spec = load_spec(path)
    _insert_line(DEFINITIONS, definition_line(Kpi(spec, spec.meta), {}))
    return NewFile(DEFINITIONS, False)


def _add_reason(language: str, name: str) -> NewFile:
    """Add the words of the list's reason, which its orders are shown with."""
    path = LOCALES / f"{language}.yml"
    _insert_line(path, f"reason.{name}: {_REASONS.get(language, name)}")
    return NewFile(path, False)


def _insert_line(path: Path, line: str) -> None:
    """Put a `key: …` line where it stands in the order of keys; comments stay on top, longer entries whole."""
    lines = path.read_text(encoding="utf-8").splitlines()
    key = line.split(":", 1)[0]
    is_key = [bool(re.match(r"[^\s#]", text)) for text in lines]
    places = [
        place for place, text in enumerate(lines) if is_key[place] and text.split(":", 1)[0] > key
    ]
    lines.insert(places[0] if places else len(lines), line)
    write_text(path, "\n".join(lines) + "\n")


# -- checks ------------------------------------------------------------------------------------------------------


def _write_check(table: Table, name: str) -> list[NewFile]:
    rules = EXPECTATIONS / f"{table.name}.yml"
    case = CHECK_CASES / f"{table.name}.{name}.yml"
    if case.exists():
        raise UsageError("new.exists", name=name, file=case.relative_to(ROOT))
    column = next(c.name for c in table.columns if c.kind == "id")
    facts = {"name": name, "table": table.name, "column": column}
    is_new = not rules.exists()
    before = (
        f"# {table.name}: what must hold of the delivered rows.\n"
        if is_new
        else rules.read_text(encoding="utf-8")
    )
    write_text(rules, before.rstrip("\n") + "\n" + _filled(_RULE, facts))
    case.parent.mkdir(parents=True, exist_ok=True)
    write_text(case, _filled(_RULE_CASE, facts))
    return [NewFile(rules, is_new), NewFile(case, True)]


# -- what is written ---------------------------------------------------------------------------------------------

_REASONS = {"zh": "请写明原因", "en": "say why the customer is listed"}

_SQL = {
    "kpi": """\
/* ---
title: {zh: 指标 <name>, en: KPI <name>}
owner: retention
version: 1
unit: ratio          # ratio | amount | count | per_10k | days | score
better: higher       # higher | lower
default: all
variants:
  all: {zh: 请写明分子与分母, en: say what is counted over what}
--- */
SELECT customer_id, CASE WHEN is_in_net THEN 1 ELSE 0 END AS numerator, 1 AS denominator
FROM features_service
""",
    "list": """\
/* ---
title: {zh: 清单 <name>, en: List <name>}
purpose: service     # service | marketing | debt: decides which consents apply
priority: <priority>        # lower wins when a customer is on two lists
holdout: true
due: {day: 12}       # {day: n} | {working_days: n} | {column: due_on}
action: {zh: 请写明要做什么, en: Say what to do}
script:
  zh: "您好，我是您的客户经理，做个回访。"
  en: "Good day, I am your account manager."
evidence:
  zh: "近三个月月均消费 {amount} 元"
  en: "{amount} yuan a month on the mean of three months"
prior: {probability: 0.1, persuadability: 0.2}
--- */
SELECT
    customer_id,
    CAST(NULL AS VARCHAR) AS service_id,
    0 AS rank_group,
    value_at_risk AS rank_value,
    value_at_risk AS amount,
    '<name>' AS reason_code
FROM features_high_value
WHERE is_high_value
""",
    "feature": """\
/* ---
title: {zh: 特征 <name>, en: Feature <name>}
owner: retention
key: [customer_id]
--- */
SELECT customer_id, CAST(COUNT(*) AS INTEGER) AS <name>_count
FROM features_service
WHERE is_in_net
GROUP BY customer_id
""",
}

_CASE = {
    "kpi": """\
- name: services in the network over all services
  given:
    features_service: |
      service_id | customer_id | is_in_net
      S1         | C1          | true
      S2         | C1          | false
      S3         | C2          | true
  expect: |
    customer_id | numerator | denominator
    C1          | 1         | 2
    C2          | 1         | 1
""",
    "list": """\
- name: high-value customers, by value at risk
  given:
    features_high_value: |
      customer_id | is_high_value | value_at_risk
      C1          | true          | 90.00
      C2          | true          | 95.00
      C3          | false         | 500.00
  expect: |
    customer_id | rank | rank_value | reason_codes
    C2          | 1    | 95.00      | <name>
    C1          | 2    | 90.00      | <name>
""",
    "feature": """\
- name: services in the network, by customer
  given:
    features_service: |
      service_id | customer_id | is_in_net
      S1         | C1          | true
      S2         | C1          | true
      S3         | C2          | false
  expect: |
    customer_id | <name>_count
    C1          | 2
""",
}

_RULE = """\
- type: unexpected_rows_expectation
  kwargs:
    unexpected_rows_query: >-
      SELECT <column> FROM {batch} WHERE starts_with(<column>, '?')
  severity: warning  # critical | warning | info
  meta:
    id: <name>
    title: {zh: 请写明 <name> 要求什么, en: Say what <name> asks for}
    columns: [<column>]
"""

_RULE_CASE = """\
- name: an id that begins with a question mark
  given:
    delivered_<table>: |
      <column>
      A1
      ?2
  expect: |
    <column>
    ?2
"""
