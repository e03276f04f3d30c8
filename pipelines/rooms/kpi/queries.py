"""SELECTs that are made from the kinds of scope a month has; only here are texts quoted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    places = select(*scopes).distinct().from_(owned.name)
    order = exp.Order(expressions=[scope.copy() for scope in scopes])
    number = exp.Window(this=exp.RowNumber(), order=order).as_("place")
    return select(number, "d.*").from_(places.subquery("d"))


def select_numbered_places(
    owned: Relation, distinct: Relation, kinds: Iterable[str]
) -> exp.Select:
    """Return each customer's scopes with the number of their place.

    `is_again` says that another row has the customer as well.
    """
    is_same = []
    for kind in kinds:
        if kind != "company":
            here = exp.column(kind, "o")
            is_same.append(here.eq(exp.column(kind, "d")))
    is_again = "ROW_NUMBER() OVER (PARTITION BY o.customer_id ORDER BY d.place) > 1 AS is_again"
    query = select("o.*", "d.place", is_again).from_(f"{owned.name} AS o")
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


def write_customer_sums(kpi: Kpi, answer: str) -> str:
    """Return SQL that sums a KPI's answer up by customer, variant and part.

    `answer` is the SQL of the KPI as its engine has it, and stays as it is.
    """
    names = ", ".join(("customer_id", "variant", *_LEFT_OUT))
    return (
        f"SELECT {names}, SUM(numerator) AS numerator, SUM(denominator) AS denominator "
        f"FROM ({_write_answer_rows(kpi, answer)}) GROUP BY ALL"
    )


def _write_answer_rows(kpi: Kpi, answer: str) -> str:
    """SQL of the rows of a KPI's answer, under the columns that any KPI may give."""
    given = kpi.spec.column_names
    only_variant = text_literal(kpi.variants[0])
    left_out = {"variant": sql_of(only_variant), **_LEFT_OUT}
    columns = ["customer_id"]
    for name, instead in left_out.items():
        columns.append(name if name in given else f"{instead} AS {name}")

    denominator = "denominator" if "denominator" in given else "NULL"
    columns.append("CAST(numerator AS DECIMAL(28, 8)) AS numerator")
    columns.append(f"CAST({denominator} AS DECIMAL(28, 8)) AS denominator")
    return f"SELECT {', '.join(columns)} FROM ({answer})"


def write_place_sums(kpi: Kpi, answer: str, places: Places) -> str:
    """Return SQL that sums a KPI's answer (`$kpi`) up by place, in one pass over its base.

    Where customers are counted who have a part of the denominator, it is summed up by customer
    first. What its own SELECT has placed in a scope has that scope and no place; of kinds that the
    month can tell, or of any where it names all its scopes itself.
    """
    counts_customers = kpi.denominator_kind == "yuan"
    counted = "CAST(NULL AS BIGINT)"
    rows = _write_answer_rows(kpi, answer)
    if counts_customers:
        counted = "COUNT(p.customer_id) FILTER (WHERE p.denominator <> 0)"
        rows = write_customer_sums(kpi, answer)
    query = (
        "SELECT CAST($kpi AS VARCHAR) AS kpi, p.variant, p.part, p.scope_kind, p.scope_id, "
        "{place} AS place, {is_again} AS is_again, SUM(p.numerator) AS numerator, "
        f"SUM(p.denominator) AS denominator, {counted} AS counted, "
        "MAX(CAST(p.interval_low AS DOUBLE)) AS low, MAX(CAST(p.interval_high AS DOUBLE)) AS high "
        f"FROM ({rows}) AS p "
    )
    if len(places.kinds) > 1:
        query = query.format(place="l.place", is_again="COALESCE(l.is_again, FALSE)")
        query += f"LEFT JOIN {places.table.name} AS l ON l.customer_id = {_write_owned(kpi)} "
    else:
        query = query.format(place="CAST(NULL AS BIGINT)", is_again="FALSE")
    if places_some(kpi) and not has_own_scopes(kpi):
        # A target of a branch says nothing where nobody knows whose customer is whose.
        kinds = ", ".join(sql_of(text_literal(kind)) for kind in places.kinds)
        query += f"WHERE p.scope_kind IS NULL OR p.scope_kind IN ({kinds}) "
    return query + "GROUP BY ALL"


def _write_owned(kpi: Kpi) -> str:
    """SQL of the customer by whose place a row counts: none where its scope is named."""
    if places_some(kpi):
        return "CASE WHEN p.scope_kind IS NULL THEN p.customer_id END"
    return "p.customer_id"


def has_own_scopes(kpi: Kpi) -> bool:
    """Whether a KPI names all its scopes itself."""
    return bool(kpi.meta.get("scopes") == "own")


def places_some(kpi: Kpi) -> bool:
    """Whether a KPI's own SELECT places some of what it counts in a scope."""
    return "scope_kind" in kpi.spec.column_names


def write_scope_sums(sums: Relation, places: Places) -> str:
    """Return SQL of the sums of all KPIs by every scope, of `sums` by place."""
    queries: list[exp.Query] = [_select_company_sums(sums), _select_placed_sums(sums)]
    if len(places.kinds) > 1:
        queries.append(_select_scope_sums(sums, places))
    return sql_of(union_all(queries))


def _select_company_sums(sums: Relation) -> exp.Select:
    """Return the sums over all customers.

    Each counts once, wherever else they stand: what stands in two places must not tie.
    """
    query = _select_sums().from_(f"{sums.name} AS p")
    query = query.select(
        _text_column("company", "scope_kind"),
        _text_column("company", "scope_id"),
        "FALSE AS is_placed",
    )
    query = query.where("p.scope_kind IS NULL AND NOT p.is_again")
    return query.group_by("p.kpi", "p.variant", "p.part")


def _select_placed_sums(sums: Relation) -> exp.Select:
    """Return the sums by the scopes that the KPIs' own SELECTs name."""
    query = _select_sums().from_(f"{sums.name} AS p")
    query = query.select("p.scope_kind", "p.scope_id", "TRUE AS is_placed")
    query = query.where("p.scope_kind IS NOT NULL")
    return query.group_by("p.kpi", "p.variant", "p.part", "p.scope_kind", "p.scope_id")


def _select_scope_sums(sums: Relation, places: Places) -> exp.Select:
    """Return the sums by the scopes of every kind but the company, all kinds in one pass."""
    placed = select(
        "p.kpi",
        "p.variant",
        "p.part",
        "p.numerator",
        "p.denominator",
        "p.counted",
        "p.low",
        "p.high",
    )
    placed = placed.from_(f"{sums.name} AS p").where("p.scope_kind IS NULL")
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
        names = ("kpi", "variant", "part")
        group = [*(exp.column(name, "p") for name in names), scope]
        grouping_sets.append(exp.Tuple(expressions=group))

    query = _select_sums().from_(placed.subquery("p"))
    query = query.select(
        scope_kind.as_("scope_kind"), scope_id.as_("scope_id"), "FALSE AS is_placed"
    )
    return query.group_by(exp.GroupingSets(expressions=grouping_sets))


def _select_sums() -> exp.Select:
    """Begin a SELECT of the sums of KPIs by place, `p`."""
    return select(
        "p.kpi",
        "p.variant",
        "p.part",
        "SUM(p.numerator) AS numerator",
        "SUM(p.denominator) AS denominator",
        "SUM(p.counted) AS counted",
        "MAX(p.low) AS low",
        "MAX(p.high) AS high",
    )


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


def _or_unclaimed(scope: exp.Expr) -> exp.Expr:
    """Return a scope, or `unclaimed` where nobody has the customer."""
    return exp.func("COALESCE", scope, text_literal("unclaimed"))


def _text_column(text: str, name: str) -> exp.Expr:
    """Return a column that is the same text in every row."""
    return text_literal(text).as_(name)


def text_literal(value: str) -> exp.Literal:
    """Return a text as SQL has it, quoted."""
    return exp.Literal.string(value)
