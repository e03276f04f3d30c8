"""How each list's claims are checked: by its `verify:`, else by its purpose."""

from __future__ import annotations

from pipelines.catalogue.outputs import load_lists
from pipelines.catalogue.spec import Spec
from pipelines.rooms.context import Context
from pipelines.rooms.made_rows import write_made_rows

# payment   the listed amount is paid by the due day       kept    in Net and billed
# renewal   what ended runs longer, and in Net             line    the line is active and billed
# points    points redeemed in the month                   card    a valid card of the tier
# attended  was at the activity                            claim   a manager at the cut-off


def name_proof(spec: Spec) -> str:
    """What a success of a list is verified by."""
    declared = spec.meta.get("verify")
    if declared:
        return str(declared)
    return "payment" if spec.meta["purpose"] == "debt" else "kept"


def write_rules(context: Context) -> None:
    """Write `feedback_rule`, a row a list."""
    rules = []
    for spec in load_lists():
        rules.append({"list": spec.name, "proof": name_proof(spec)})
    write_made_rows(context, "feedback_rule", rules)
