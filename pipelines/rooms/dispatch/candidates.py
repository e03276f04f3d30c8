"""Who is on a list.

Its candidates, one row a customer, unless what it needs is missing or withheld.

A list's SELECT says who and why. Nothing here asks whether they may be contacted.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

from pipelines.catalogue.outputs import list_deciding_tables
from pipelines.catalogue.spec import Spec, TableName
from pipelines.core.quoting import quote_name, quote_text
from pipelines.core.reasons import Reason, join_reasons
from pipelines.engines.duckdb import Answer
from pipelines.rooms.context import Context, find_declared
from pipelines.rooms.made_rows import make_schema
from pipelines.rooms.relations import (
    Relation,
    read_rows,
    refine_result,
    run_step,
    take_rows,
    unite_relations,
)

# What a list's SELECT must give; whatever it gives beyond these is evidence.
FIXED = (
    "customer_id",
    "service_id",
    "rank_group",
    "rank_value",
    "amount",
    "reason_code",
    "due_on",
)
# What a list's SELECT may give besides: by what equals of the same rank are told apart, the highest
# first.
OPTIONAL = ("rank_tie",)
_CANDIDATE = make_schema(
    list="VARCHAR",
    customer_id="VARCHAR",
    service_id="VARCHAR",
    rank_value="DECIMAL(18,2)",
    amount="DECIMAL(18,2)",
    reason_codes="VARCHAR",
    listed_due_on="DATE",
    evidence="VARCHAR",
    rank="INTEGER",
)
_COMPLAINTS = TableName("features_complaint")
_SCORES = TableName("score_churn")
_SHOWING_HARM = ("feedback_effect", "feedback_persuasion")


@dataclass(frozen=True)
class ListState:
    """What may become of a list this month: released, caveat, withheld or not_computed, and why."""

    list: str
    priority: int
    status: str = "released"
    reason: str | None = None

    @property
    def is_ready(self) -> bool:
        """Whether orders are made of the list."""
        return self.status in ("released", "caveat")

    def add_caveat(self, note: str) -> ListState:
        """Return the state with a caveat more; what is withheld stays so."""
        if self.status == "withheld":
            return self
        reason = f"{self.reason}; {note}" if self.reason else note
        return replace(self, status="caveat", reason=reason)


@dataclass(frozen=True)
class ListedCustomers:
    """A list, its state, and who is on it.

    Nobody was looked for where something it needs is missing.
    """

    spec: Spec
    state: ListState
    customers: Relation | None


def gather_candidates(
    context: Context, spec: Spec, paused: Container[str] = ()
) -> ListedCustomers:
    """Compute who is on a list this month, and whether orders may be made of it.

    A list among the `paused` says so; that nobody on it is asked is decided later.
    """
    state = ListState(spec.name, spec.meta["priority"])
    lacks = find_lacks(context, spec)
    if lacks:
        state = replace(state, status="not_computed", reason=join_reasons(lacks))
        return ListedCustomers(spec, state, None)
    state = _judge_list(context, spec, state)
    if spec.name in paused:
        state = state.add_caveat("paused: it loses more customers than it keeps")
    context.bind_tolerated(spec)
    customers = rank_customers(context, spec, context.answer(spec))
    return ListedCustomers(spec, state, customers)


def find_lacks(context: Context, spec: Spec) -> tuple[Reason, ...]:
    """Say why a list cannot be computed this month; empty if it can.

    The reasons are about what its SELECT reads, or what decides who gets its orders.
    """
    reasons = list(context.explain_missing(spec))
    for table in list_deciding_tables(spec):
        if table != _COMPLAINTS.name:
            reasons += context.missing_reasons(table)
    ownership = context.find_entry(TableName("snapshot_ownership"))
    needs_managers = spec.meta.get("assign") != "branch"
    if needs_managers and ownership and "manager_id" in ownership.absent_columns:
        reasons.append(Reason.absent("ownership.manager_id"))
    return tuple(dict.fromkeys(reasons))


def find_paused(context: Context) -> frozenset[str]:
    """Return the lists whose orders drive customers away, as their hold-outs have shown."""
    tables = [name for name in _SHOWING_HARM if context.is_computed(name)]
    if not tables:
        return frozenset()
    for name in _SHOWING_HARM:
        if name not in tables:
            context.engine.bind_empty(TableName(name), find_declared(name).types)
    rows = read_rows(context, "dispatch", "paused")
    return frozenset(row["list"] for row in rows)


def rank_customers(context: Context, spec: Spec, answer: Answer) -> Relation:
    """Keep one row a customer of what a list's SELECT gives, with the rank on the list."""
    each = _gather_evidence(spec)
    rows = refine_result(context, spec.name, answer.sql, each, answer.parameters)
    about = {"list": spec.name}
    return run_step(context, "dispatch", "ranked", about, answer=rows)


def unite_candidates(context: Context, ready: Sequence[ListedCustomers]) -> Relation:
    """Put the customers of all lists below each other; a customer has a row a list."""
    relations = []
    for listed in ready:
        if listed.customers is not None:
            relations.append(listed.customers)
    if not relations:
        return take_rows(context, "candidates", _CANDIDATE.empty_table())
    return unite_relations(context, "candidates", relations)


# -- may the list be used --------------------------------------------------------------------------


def _judge_list(context: Context, spec: Spec, state: ListState) -> ListState:
    """Take the gate's word on a list, and add what is known of complaints and scores."""
    release = read_rows(context, "dispatch", "release", {"name": spec.name})[0]
    state = replace(state, status=release["status"], reason=release["reason"])
    asks_complaints = _COMPLAINTS.name in list_deciding_tables(spec)
    if asks_complaints and not context.is_computed(_COMPLAINTS.name):
        why = _first_reason(context, _COMPLAINTS, otherwise="absent: trouble_ticket")
        state = state.add_caveat(f"complaints unknown: {why}")
    for lack in context.list_absent(spec.meta.get("needs_one_of", ())):
        state = state.add_caveat(str(lack))
    if _SCORES in spec.reads:
        state = _judge_scores(context, state)
    return state


def _judge_scores(context: Context, state: ListState) -> ListState:
    """Add what is known of the score that a list is made by."""
    if not context.is_computed(_SCORES.name):
        why = _first_reason(context, _SCORES, otherwise="no score")
        state = state.add_caveat(f"by rules alone: {why}")
    red = find_red_subjects(context)
    if red:
        state = state.add_caveat(f"score watched: {', '.join(red)}")
    return state


def _first_reason(context: Context, table: TableName, otherwise: str) -> str:
    """The first reason why a table is missing, or what is said where nothing is recorded of it."""
    entry = context.find_entry(table)
    return str(entry.reasons[0]) if entry else otherwise


def find_red_subjects(context: Context) -> list[str]:
    """Say what about the score is no longer as it was when its model was trained."""
    if not context.is_computed("score_watch"):
        return []
    rows = read_rows(context, "dispatch", "red_subjects")
    return [row["subject"] for row in rows]


# -- a list's SELECT -------------------------------------------------------------------------------


def _gather_evidence(spec: Spec) -> str:
    """SQL for what a list `answered`, its own due day and its evidence each in one column."""
    given = spec.column_names
    due_on = "CAST(NULL AS DATE)"
    if "due_on" in given:
        due_on = "due_on"
    rank_tie = "CAST(NULL AS DECIMAL(18, 2))"
    if "rank_tie" in given:
        rank_tie = "rank_tie"
    fixed = "customer_id, service_id, rank_group, rank_value, amount, reason_code"
    facts = [name for name in given if name not in (*FIXED, *OPTIONAL)]
    evidence = _as_json_text(facts)
    return (
        f"SELECT {fixed}, {due_on} AS listed_due_on, {rank_tie} AS rank_tie, "
        f"{evidence} AS evidence FROM answered"
    )


def _as_json_text(facts: Sequence[str]) -> str:
    """SQL for columns as JSON text: `{"age_days":"31","oldest_due_on":"2026-07-31"}`.

    NULL without any.
    """
    if not facts:
        return "CAST(NULL AS VARCHAR)"
    pairs = []
    for name in facts:
        pairs.append(f"{quote_text(name)}: CAST({quote_name(name)} AS VARCHAR)")
    struct = "{" + ", ".join(pairs) + "}"
    return f"CAST(TO_JSON({struct}) AS VARCHAR)"
