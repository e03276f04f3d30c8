"""Lists into orders: one order a customer, within capacity, some held out; and a why-not for everyone left out.

A list says who and why. Whether he may be contacted is decided here, once for all lists, in this order: do_not_contact,
wrong_number, opted_out, complaint, holdout, other_list, cool_down, no_manager, capacity. The first that applies is the
why-not.

`decide` finds the first list that may have each customer, `capacity` gives the places there are, `assign` and
`allocate` are the two optimisations behind it, `write` says what came of it.
"""

from __future__ import annotations

from typing import Any

from pipelines.catalogue.outputs import decided_by, lists
from pipelines.catalogue.spec import Spec, TableName
from pipelines.core.quoting import quote_name, quote_text
from pipelines.rooms.context import Context
from pipelines.rooms.dispatch.capacity import place
from pipelines.rooms.dispatch.decide import ask, settle
from pipelines.rooms.dispatch.holdout import draw_holdout
from pipelines.rooms.dispatch.write import (
    remember,
    write_candidates,
    write_lists,
    write_orders,
    write_why_not,
)

# What a list's SELECT must give; whatever it gives beyond these is evidence.
FIXED = ("customer_id", "service_id", "rank_group", "rank_value", "amount", "reason_code", "due_on")


def run(context: Context) -> None:
    """Write `dispatch_order`, `dispatch_why_not`, `dispatch_candidate`, `dispatch_list` and `dispatch_capacity`."""
    engine = context.engine
    states = [gather(context, spec) for spec in lists()]
    ready = [
        s
        for s, state in zip(lists(), states, strict=True)
        if state["status"] in ("released", "caveat")
    ]
    engine.table("candidate", _all_candidates(ready))
    draw_holdout(context, [spec.name for spec in ready if spec.meta["holdout"]])
    ask(context, ready)
    context.progress("dispatch_capacity")
    place(context)
    settle(context)
    write_orders(context, {spec.name: spec for spec in ready})
    write_why_not(context)
    write_candidates(context)
    write_lists(context, states)
    remember(context, [spec.name for spec in ready if spec.meta.get("remember")])


# -- who is on a list --------------------------------------------------------------------------------------------


def gather(context: Context, spec: Spec) -> dict[str, Any]:
    """Compute a list's candidates, one row a customer, unless something it needs is missing or withheld."""
    state = {
        "list": spec.name,
        "priority": spec.meta["priority"],
        "status": "released",
        "reason": None,
    }
    reasons = find_lacks(context, spec)
    if reasons:
        return state | {"status": "not_computed", "reason": "; ".join(reasons)}
    release = context.engine.rows(
        "SELECT status, reason FROM validate_release WHERE kind = 'list' AND output = $name",
        {"name": spec.name},
    )[0]
    if "features_complaint" in decided_by(spec) and not context.is_computed("features_complaint"):
        note = (
            context.entry(TableName("features_complaint"))
            or {"reasons": ["absent: trouble_ticket"]}
        )["reasons"][0]
        release = _worse(release, f"complaints unknown: {note}")
    if TableName("score_churn") in spec.reads and not context.is_computed("score_churn"):
        why = (context.entry(TableName("score_churn")) or {"reasons": ["no score"]})["reasons"][0]
        release = _worse(release, f"by rules alone: {why}")
    if TableName("score_churn") in spec.reads and (red := _red_looks(context)):
        release = _worse(release, f"score watched: {', '.join(red)}")
    if is_paused(context, spec):
        release = {"status": "withheld", "reason": "paused: it loses more customers than it keeps"}
    context.bind_tolerated(spec)
    answer = context.answer(spec)
    context.engine.table(
        f"listed_{spec.name}", _one_a_customer(spec, answer.sql), answer.parameters
    )
    return state | release


def find_lacks(context: Context, spec: Spec) -> list[str]:
    """Say why a list cannot be computed this month: what it reads, or what decides who gets its orders; empty if it can."""
    needed = [table for table in decided_by(spec) if table != "features_complaint"]
    reasons = context.missing(spec) + [
        reason
        for table in needed
        for reason in (context.entry(TableName(table)) or {}).get("reasons", [])
    ]
    ownership = context.entry(TableName("snapshot_ownership")) or {}
    if spec.meta.get("assign") != "branch" and "manager_id" in ownership.get("absent", ()):
        reasons.append("absent: ownership.manager_id")
    return list(dict.fromkeys(reasons))


def is_paused(context: Context, spec: Spec) -> bool:
    """Whether the hold-out has shown, for sure and at all looks together, that a list does harm."""
    sql = "SELECT is_paused FROM feedback_effect WHERE list = $name"
    rows = (
        context.engine.rows(sql, {"name": spec.name})
        if context.is_computed("feedback_effect")
        else []
    )
    return any(row["is_paused"] for row in rows)


def _worse(release: dict[str, Any], note: str) -> dict[str, Any]:
    if release["status"] == "withheld":
        return release
    return {"status": "caveat", "reason": "; ".join(filter(None, [release["reason"], note]))}


def _red_looks(context: Context) -> list[str]:
    """What about the score is no longer as it was when its model was trained."""
    if not context.is_computed("score_watch"):
        return []
    rows = context.engine.rows(
        "SELECT DISTINCT subject FROM score_watch WHERE level = 'red' ORDER BY subject"
    )
    return [row["subject"] for row in rows]


def _one_a_customer(spec: Spec, answer: str) -> str:
    """What the list's SELECT gives, with one row a customer and his rank on the list."""
    due_on = "due_on" if "due_on" in spec.tree.named_selects else "CAST(NULL AS DATE)"
    order = "rank_group, rank_value DESC NULLS LAST, service_id NULLS LAST"
    return f"""
        WITH row AS (SELECT * FROM ({answer}) WHERE customer_id IS NOT NULL),
        best AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY {order}) AS choice FROM row)
        SELECT '{spec.name}' AS list, customer_id, service_id, CAST(rank_value AS DECIMAL(18,2)) AS rank_value,
            CAST(amount AS DECIMAL(18,2)) AS amount, reason_code AS reason_codes, {due_on} AS listed_due_on,
            {_evidence(spec)} AS evidence,
            CAST(ROW_NUMBER() OVER (
                ORDER BY rank_group, rank_value DESC NULLS LAST, customer_id
            ) AS INTEGER) AS rank
        FROM best WHERE choice = 1"""


def _evidence(spec: Spec) -> str:
    """The columns a list gives beyond the fixed ones, as JSON text: `{"age_days":"31","oldest_due_on":"2026-07-31"}`."""
    names = [name for name in spec.tree.named_selects if name not in FIXED]
    facts = ", ".join(f"{quote_text(name)}: CAST({quote_name(name)} AS VARCHAR)" for name in names)
    return f"CAST(TO_JSON({{{facts}}}) AS VARCHAR)" if names else "CAST(NULL AS VARCHAR)"


NOBODY = (
    "SELECT NULL::VARCHAR AS list, NULL::VARCHAR AS customer_id, NULL::VARCHAR AS service_id, "
    "NULL::DECIMAL(18,2) AS rank_value, NULL::DECIMAL(18,2) AS amount, NULL::VARCHAR AS reason_codes, "
    "NULL::DATE AS listed_due_on, NULL::VARCHAR AS evidence, NULL::INTEGER AS rank WHERE FALSE"
)


def _all_candidates(ready: list[Spec]) -> str:
    return " UNION ALL ".join(f"SELECT * FROM listed_{spec.name}" for spec in ready) or NOBODY
