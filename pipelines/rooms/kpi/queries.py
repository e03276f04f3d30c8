"""SELECTs that are made from the kinds of scope a month has; only here are texts quoted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from sqlglot import exp, select, union

from pipelines.catalogue.outputs import Kpi
from pipelines.rooms.relations import Relation

# What a KPI's SELECT may leave out, and what stands for it.
_LEFT_OUT = {
    "part": "''",
    "scope_kind": "CAST(NULL AS VARCHAR)",
    "scope_id": "CAST(NULL AS VARCHAR)",
    "interval_low": "NULL",
    "interval_high": "NULL",
}


class Places(NamedTuple):
    """The kinds of scope a month can tell, and the table of customers' places in them.

    A place is a scope of every kind. `distinct` has a row a place, numbered as in `table`: sums
    that are made by number first are few when they are made by scope.
    """

    kinds: tuple[str, ...]
    table: Relation
    distinct: Relation


def sql_of(query: exp.Expr) -> str:
    """Return a SELECT, which is then given up, in the engine's own words."""
    return query.sql("duckdb", copy=False)


def union_all(queries: Sequence[exp.Query]) -> exp.Query:
    """Put the rows of SELECTs of the same columns below each other; there is at least one."""
    if len(queries) == 1:
        return queries[0]
    return union(*queries, distinct=False)


def select_places(scopes: Iterable[tuple[str, str]], *, has_cities: bool) -> exp.Select:
    """Return each owned customer's scope of every kind; a scope is its kind and its column."""
    query = select("o.customer_id").from_("features_owner AS o")
    for kind, column in scopes:
        scope = _or_unclaimed(exp.to_column(column))
        query = query.select(scope.as_(kind))
    if has_cities:
        query = query.join(
            "features_city AS c", on="c.branch_id = o.branch_id", join_type="left"
        )
    return query


def select_distinct_places(owned: Relation, kinds: Iterable[str]) -> exp.Select:
    """Return every place that a customer has once, with a number."""
    scopes = [exp.column(kind) for kind in kinds if kind != "company"]
    number = exp.Window(this=exp.RowNumber()).as_("place")
    places = select(*scopes).distinct().from_(owned.name)
    return select(number, "d.*").from_(places.subquery("d"))


def select_numbered_places(
    owned: Relation, distinct: Relation, kinds: Iterable[str]
) -> exp.Select:
    """Return each customer's scopes with the number of their place."""
    is_same = []
    for kind in kinds:
        if kind != "company":
            here = exp.column(kind, "o")
            is_same.append(here.eq(exp.column(kind, "d")))
    query = select("o.*", "d.place").from_(f"{owned.name} AS o")
    return query.join(f"{distinct.name} AS d", on=exp.and_(*is_same))


def select_targets() -> exp.Select:
    """Return the targets that were delivered."""
    return select("kpi", "scope_kind", "scope_id", "target_value").from_(
        "snapshot_target"
    )


def select_no_places() -> exp.Select:
    """Return places in which nobody stands."""
    return _select_nothing("customer_id")


def select_no_targets() -> exp.Select:
    """Return targets where none were delivered."""
    return _select_nothing("kpi", "scope_kind", "scope_id", "target_value")


def _select_nothing(*names: str) -> exp.Select:
    """Return texts of those names, in no rows."""
    nothing = [f"CAST(NULL AS VARCHAR) AS {name}" for name in names]
    return select(*nothing).where("FALSE")


def select_home_branches(places: Places) -> exp.Query:
    """Return the branch of each scope that has one.

    A branch is its own; a unit or manager has one where all of its customers are of that branch.
    """
    if "branch" not in places.kinds:
        return _select_nothing("scope_kind", "scope_id", "branch_id")
    homes: list[exp.Query] = []
    for kind in ("branch", "unit", "manager"):
        if kind in places.kinds:
            homes.append(_select_home(places.table, kind))
    return union_all(homes)


def _select_home(table: Relation, kind: str) -> exp.Select:
    """Return the scopes of a kind whose customers are all of one branch."""
    query = select(
        _text_column(kind, "scope_kind"),
        exp.column(kind).as_("scope_id"),
        "MIN(branch) AS branch_id",
    )
    query = query.from_(table.name)
    is_claimed = exp.column(kind).neq(text_literal("unclaimed"))
    query = query.where(is_claimed)
    query = query.group_by(exp.column(kind))
    return query.having("COUNT(DISTINCT branch) = 1")


def select_customer_sums(kpi: Kpi, answer: str) -> str:
    """Return SQL that sums a KPI's answer up by customer, variant and part.

    `answer` is the SQL of the KPI as its engine has it, and stays as it is.
    """
    given = kpi.spec.column_names
    only_variant = text_literal(kpi.variants[0])
    left_out = {"variant": sql_of(only_variant), **_LEFT_OUT}
    columns = ["customer_id"]
    for name, instead in left_out.items():
        columns.append(name if name in given else f"{instead} AS {name}")

    denominator = "denominator" if "denominator" in given else "NULL"
    columns.append("SUM(CAST(numerator AS DECIMAL(28, 8))) AS numerator")
    columns.append(f"SUM(CAST({denominator} AS DECIMAL(28, 8))) AS denominator")
    selected = ", ".join(columns)
    return f"SELECT {selected} FROM ({answer}) GROUP BY ALL"


@lru_cache(maxsize=4)  # one month asks for the same two texts, KPI after KPI
def write_scope_sums(
    customers: Relation, places: Places, *, has_own_scopes: bool
) -> str:
    """Return SQL of a KPI's sums (`$kpi`) by every scope that its customers stand in.

    `customers` is the table of its sums by customer. What the KPI's own SELECT has placed in a
    scope comes besides, of kinds that the month can tell, or of any where it names all its scopes
    itself.
    """
    # A target of a branch says nothing where nobody knows whose customer is whose.
    known = None if has_own_scopes else places.kinds
    sums: list[exp.Query] = [
        _select_company_sums(customers),
        _select_placed_sums(customers, known),
    ]
    if len(places.kinds) > 1:
        sums.append(_select_scope_sums(customers, places))
    return sql_of(union_all(sums))


def _select_company_sums(customers: Relation) -> exp.Select:
    """Return the sums over all customers.

    The company is summed by itself: what stands in two places must not tie.
    """
    query = _select_sums(customers).where("p.scope_kind IS NULL")
    query = query.select(
        _text_column("company", "scope_kind"), _text_column("company", "scope_id")
    )
    query = _shape_part(query, is_placed=False)
    return query.group_by("p.variant", "p.part")


def _select_scope_sums(customers: Relation, places: Places) -> exp.Select:
    """Return the sums by the scopes of every kind but the company.

    A base of customers is summed up by place once; the sums of places, which are few, by the
    scopes of each kind.
    """
    placed = select("p.*").from_(_select_place_sums(customers, places).subquery("p"))
    placed = placed.join(
        f"{places.distinct.name} AS l", on="l.place = p.place", join_type="left"
    )
    scope_kind = exp.Case()
    scope_id = exp.Case()
    grouping_sets = []
    for kind in places.kinds:
        if kind == "company":
            continue
        placed = placed.select(scope_column(kind).as_(kind))
        scope = exp.column(kind, "p")
        is_grouped = exp.func("GROUPING", scope.copy()).eq(0)
        scope_kind = scope_kind.when(is_grouped, text_literal(kind))
        scope_id = scope_id.when(is_grouped.copy(), scope.copy())
        group = [exp.column("variant", "p"), exp.column("part", "p"), scope]
        grouping_sets.append(exp.Tuple(expressions=group))

    query = _select_sums(placed.subquery("p"))
    query = query.select(
        scope_kind.as_("scope_kind"),
        scope_id.as_("scope_id"),
        "SUM(p.numerator) AS numerator",
        "SUM(p.denominator) AS denominator",
        "SUM(p.counted) AS counted",
        "MAX(p.low) AS low",
        "MAX(p.high) AS high",
        "FALSE AS is_placed",
    )
    return query.group_by(exp.GroupingSets(expressions=grouping_sets))


def _select_place_sums(customers: Relation, places: Places) -> exp.Select:
    """Return the sums by the number of a place, without one for customers who have none."""
    query = select("p.variant", "p.part", "l.place").from_(f"{customers.name} AS p")
    query = _join_places(query, places).where("p.scope_kind IS NULL")
    query = _shape_part(query, is_placed=False)
    return query.group_by("p.variant", "p.part", "l.place")


def _select_placed_sums(customers: Relation, kinds: Sequence[str] | None) -> exp.Select:
    """Return the sums by the scopes that a KPI's SELECT names: of those kinds, or of any."""
    query = _select_sums(customers)
    query = query.select("p.scope_kind", "p.scope_id")
    query = query.where("p.scope_kind IS NOT NULL")
    if kinds is not None:
        known = [text_literal(kind) for kind in kinds]
        is_known = exp.column("scope_kind", "p").isin(*known)
        query = query.where(is_known)
    query = _shape_part(query, is_placed=True)
    return query.group_by("p.variant", "p.part", "p.scope_kind", "p.scope_id")


def select_source_rows(customers: Relation, places: Places, kind: str) -> exp.Select:
    """Return the rows behind the figure of `$kind` and `$scope_id`, in a fixed order.

    They are of the customers that stand in the scope, where the month knows who does; what a KPI's
    own SELECT has placed in it comes besides.
    """
    query = select("p.customer_id", "p.part", "p.numerator", "p.denominator")
    query = query.from_(f"{customers.name} AS p").where("p.variant = $variant")
    is_in_scope = "p.scope_kind = $kind AND p.scope_id = $scope_id"
    if kind in places.kinds:
        if kind != "company":
            query = _join_places(query, places)
        scope_id = exp.Parameter(this=exp.var("scope_id"))
        is_of_customer = scope_column(kind).eq(scope_id)
        is_in_place = exp.and_("p.scope_kind IS NULL", is_of_customer)
        query = query.where(exp.or_(is_in_place, is_in_scope))
    else:
        query = query.where(is_in_scope)
    order = ("p.customer_id NULLS LAST", "p.part", "p.numerator", "p.denominator")
    return query.order_by(*order, dialect="duckdb")


def select_biggest(rows: exp.Select, begin: int, count: int) -> exp.Select:
    """Return so many rows behind a figure from `begin` on, those that add most to it first."""
    order = (
        "ABS(COALESCE(numerator, 0)) DESC",
        "ABS(COALESCE(denominator, 0)) DESC",
        "customer_id NULLS LAST",
        "part",
    )
    biggest = select("*").from_(rows.subquery("behind"))
    return biggest.order_by(*order, dialect="duckdb").limit(count).offset(begin)


def select_row_sums(rows: exp.Select) -> exp.Select:
    """Return how many rows are behind a figure, and their sums."""
    sums = select("COUNT(*) AS row_count", "SUM(numerator) AS numerator")
    summed = sums.select("SUM(denominator) AS denominator")
    return summed.from_(rows.subquery("behind"))


def select_bridge_sums(table: str, places: Places, steps: Sequence[str]) -> exp.Query:
    """Return the cohort's bridge by every scope, a column a step.

    The company and the unclaimed are there even when nobody is.
    """
    rows: list[exp.Query] = []
    for kind in places.kinds:
        rows.append(_select_bridge_of_kind(table, places, kind, steps))
        always_there = "company" if kind == "company" else "unclaimed"
        nothing = ["0"] * len(steps)
        rows.append(select(text_literal(kind), text_literal(always_there), *nothing))
    return union_all(rows)


def _select_bridge_of_kind(
    table: str, places: Places, kind: str, steps: Iterable[str]
) -> exp.Select:
    """Return the amounts of all steps by the scopes of a kind."""
    query = select(_text_column(kind, "scope_kind"), scope_column(kind).as_("scope_id"))
    for step in steps:
        amount = exp.func("SUM", exp.column(f"{step}_amount", "p"))
        query = query.select(amount.as_(step))
    query = query.from_(f"{table} AS p")
    if kind == "company":
        return query
    return _join_places(query, places).group_by(scope_column(kind))


def select_bridge_levels(sums: Relation, steps: Iterable[str]) -> exp.Query:
    """Return the bridge by every scope, a row a step."""
    rows: list[exp.Query] = []
    for step in steps:
        amount = exp.column(step).as_("amount")
        row = select("scope_kind", "scope_id", _text_column(step, "step"), amount)
        rows.append(row.from_(sums.name))
    return union_all(rows)


def select_month_before(era: str) -> exp.Select:
    """Return what `kpi_monthly` printed in an earlier month, named by its era."""
    columns = (
        "kpi",
        "variant",
        "scope_kind",
        "scope_id",
        "status",
        "numerator",
        "denominator",
    )
    return select(*columns).from_(exp.table_("kpi_monthly", db=era))


def scope_column(kind: str) -> exp.Expr:
    """Return the scope of a kind that a joined customer stands in, the unclaimed among them."""
    if kind == "company":
        return text_literal("company")
    return _or_unclaimed(exp.column(kind, "l"))


def _join_places(query: exp.Select, places: Places) -> exp.Select:
    """Join the places of the customers `p`, for a kind of scope that is not the company."""
    return query.join(
        f"{places.table.name} AS l",
        on="l.customer_id = p.customer_id",
        join_type="left",
    )


def _select_sums(customers: Relation | exp.Subquery) -> exp.Select:
    """Begin a SELECT of a KPI's sums by customer, `p`."""
    kpi = exp.cast(exp.Parameter(this=exp.var("kpi")), "VARCHAR")
    query = select(kpi.as_("kpi"), "p.variant", "p.part")
    if isinstance(customers, Relation):
        return query.from_(f"{customers.name} AS p")
    return query.from_(customers)


def _shape_part(query: exp.Select, *, is_placed: bool) -> exp.Select:
    """Give a SELECT the sums and flags of a part, behind the columns of its scope."""
    return query.select(
        "SUM(p.numerator) AS numerator",
        "SUM(p.denominator) AS denominator",
        "COUNT(p.customer_id) FILTER (WHERE p.denominator <> 0) AS counted",
        "MAX(CAST(p.interval_low AS DOUBLE)) AS low",
        "MAX(CAST(p.interval_high AS DOUBLE)) AS high",
        exp.convert(is_placed).as_("is_placed"),
    )


def _or_unclaimed(scope: exp.Expr) -> exp.Expr:
    """Return a scope, or `unclaimed` where nobody has the customer."""
    return exp.func("COALESCE", scope, text_literal("unclaimed"))


def _text_column(text: str, name: str) -> exp.Expr:
    """Return a column that is the same text in every row."""
    return text_literal(text).as_(name)


def text_literal(value: str) -> exp.Literal:
    """Return a text as SQL has it, quoted."""
    return exp.Literal.string(value)
