"""How every SQL file is written: one SELECT, in words and numbers that both engines take alike."""

from __future__ import annotations

import re
from itertools import pairwise

from sqlglot import TokenType, exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.optimizer.annotate_types import annotate_types

from pipelines.catalogue.lineage import list_table_columns
from pipelines.catalogue.select_origin import flatten_name, qualify_names
from pipelines.catalogue.spec import Spec
from pipelines.catalogue.tables import find_table
from tests.catalogue.test_specs import every_spec


def word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


KEYWORDS = word_set(
    """
    SELECT FROM WHERE JOIN LEFT RIGHT FULL INNER CROSS ON AND OR NOT GROUP BY ORDER HAVING UNION ALL CASE WHEN THEN ELSE
    END AS IS NULL IN DISTINCT CAST OVER PARTITION FILTER WITH BETWEEN TRUE FALSE ASC DESC NULLS INTERVAL EXISTS
    """
)
# Read the clock, draw lots, approximate, or mean something else on another engine (research/stack.md, section 5).
BANNED_WORDS = word_set(
    """
    CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP LOCALTIME LOCALTIMESTAMP TRY_CAST TABLESAMPLE TIMESTAMPTZ EXCLUDE
    ISODOW PERCENTILE_CONT PERCENTILE_DISC
    """
)
BANNED_CALLS = word_set(
    """
    NOW TODAY GET_CURRENT_TIMESTAMP GET_CURRENT_TIME TRANSACTION_TIMESTAMP RANDOM RAND SETSEED UUID GEN_RANDOM_UUID
    NEXTVAL QUANTILE QUANTILE_CONT QUANTILE_DISC RESERVOIR_QUANTILE LIST ARRAY_AGG FIRST LAST ANY_VALUE ARBITRARY
    ARG_MAX ARG_MIN ARGMAX ARGMIN MAX_BY MIN_BY HASH REGR_SLOPE REGR_INTERCEPT REGR_R2 LOG LOG10 LOG2 REGEXP_EXTRACT
    DATEDIFF DATE_SUB DATESUB READ_PARQUET READ_CSV GETENV
    """
)


def words_of(spec: Spec) -> list[str]:
    """The words and signs of a SELECT as they are written, without texts, quoted names and comments."""
    tokens = DuckDB().tokenize(spec.sql)
    return [
        t.text
        for t in tokens
        if t.token_type not in (TokenType.STRING, TokenType.IDENTIFIER)
    ]


@every_spec
def test_it_is_one_select_without_star(spec: Spec) -> None:
    stars = [
        star
        for star in spec.tree.find_all(exp.Star)
        if not isinstance(star.parent, exp.Count)
    ]
    assert not stars
    assert not [
        column
        for column in spec.tree.find_all(exp.Column)
        if isinstance(column.this, exp.Star)
    ]


@every_spec
def test_keywords_are_in_capitals_and_names_are_not(spec: Spec) -> None:
    words = words_of(spec)
    calls = [a for a, b in pairwise(words) if b == "(" and a.isidentifier()]
    assert not [w for w in words if w.upper() in KEYWORDS and not w.isupper()]
    made = {cte.alias for cte in spec.tree.find_all(exp.CTE)} | {
        s.alias for s in spec.tree.find_all(exp.Subquery)
    }
    assert not [w for w in calls if not w.isupper() and w not in made]
    assert all(name == name.lower() for name in spec.tree.named_selects)


@every_spec
def test_it_uses_nothing_that_differs_from_engine_to_engine(spec: Spec) -> None:
    words = [word.upper() for word in words_of(spec)]
    calls = {a for a, b in pairwise(words) if b == "("}
    assert not BANNED_WORDS & set(words)
    assert not [
        word for word in calls if word in BANNED_CALLS or word.startswith("APPROX")
    ]
    assert not re.search(
        r"(GROUP|ORDER)\s+BY\s+ALL|USING\s+SAMPLE|'isodow'", spec.sql, re.IGNORECASE
    )


@every_spec
def test_quotients_and_means_are_doubles(spec: Spec) -> None:
    for quotient in [*spec.tree.find_all(exp.Div), *spec.tree.find_all(exp.Avg)]:
        if is_in_whole_units(quotient):
            continue
        kinds = [cast.to.this for cast in quotient.find_all(exp.Cast)]
        assert exp.DataType.Type.DOUBLE in kinds, quotient.sql("duckdb")


@every_spec
def test_doubles_are_not_rounded_to_money(spec: Spec) -> None:
    for rounding in spec.tree.find_all(exp.Round):
        if rounding.args.get("decimals") is None:
            continue  # to whole units, as both engines do alike
        kinds = [cast.to.this for cast in rounding.find_all(exp.Cast)]
        assert exp.DataType.Type.DOUBLE not in kinds, rounding.sql("duckdb")


@every_spec
def test_a_double_becomes_a_decimal_in_whole_units(spec: Spec) -> None:
    """A bare cast rounds what is nearest in binary in one engine, and what is shortest to write in the other."""
    for cast in annotate_sql(spec).find_all(exp.Cast):
        if cast.to.is_type("decimal") and is_double(cast.this):
            assert is_in_whole_units(cast.this), cast.sql("duckdb")


def annotate_sql(spec: Spec) -> exp.Expr:
    """Its SELECT, each expression with its type; every column is named by its table."""
    schema: dict[str, object] = {}
    for name in spec.reads:
        table = find_table(name.name)
        types = dict(table.types) if table else {}
        columns = list_table_columns(name.name)
        schema[flatten_name(name)] = {c: types.get(c, "VARCHAR") for c in columns}
    return annotate_types(qualify_names(spec), schema=schema, dialect="duckdb")


def is_double(value: exp.Expr) -> bool:
    """Whether a value comes of doubles: a number that is written out is none, though sqlglot takes it for one."""
    if not value.is_type("double", "unknown"):
        return False
    parts = [*value.find_all(exp.Column, exp.Cast)]
    return any(part.is_type("double") for part in parts)


def is_in_whole_units(value: exp.Expr) -> bool:
    """`ROUND(x * 100) / 100`."""
    if not isinstance(value, exp.Div) or not isinstance(value.this, exp.Round):
        return False
    scaled = value.this.this
    return isinstance(scaled, exp.Mul) and scaled.expression == value.expression


@every_spec
def test_days_are_the_only_differences_of_dates(spec: Spec) -> None:
    for difference in spec.tree.find_all(exp.DateDiff):
        assert str(difference.args["unit"]).upper() in {"DAY", "'DAY'"}, difference.sql(
            "duckdb"
        )
