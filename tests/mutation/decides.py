"""What decides, and the tests that must notice when it decides otherwise: few and quick ones."""

from __future__ import annotations

from collections.abc import Mapping

_ACCESS = ("tests/console/access", "tests/console/test_scopes.py")

DECIDES: Mapping[str, tuple[str, ...]] = {
    # money, signatures, what may be seen of a person
    "pipelines/text/units.py": ("tests/text/test_units.py",),
    "pipelines/text/masking.py": ("tests/text/test_masking.py",),
    "pipelines/documents/workbooks/signature.py": (
        "tests/documents/workbooks/test_signature.py",
        "tests/returns/test_layouts.py",
    ),
    # who may see which order
    "console/access/scope.py": _ACCESS,
    "console/access/gate.py": ("tests/console/access/test_gate.py",),
    "console/access/roles.py": _ACCESS,
    # what may be believed
    "pipelines/rooms/validate/release.py": ("tests/rooms/validate/test_release.py",),
    "pipelines/rooms/validate/verdicts.py": ("tests/rooms/validate/test_verdicts.py",),
    "pipelines/rooms/validate/findings.py": ("tests/rooms/validate/test_findings.py",),
    # who gets an order, and who is held out
    "pipelines/rooms/dispatch/orders.py": ("tests/rooms/dispatch/test_orders.py",),
    "pipelines/rooms/dispatch/holdout.py": (
        "tests/rooms/dispatch/test_holdout.py",
        "tests/rooms/dispatch/test_dispatch.py",
    ),
    "pipelines/rooms/dispatch/assign.py": ("tests/rooms/dispatch/test_assign.py",),
    "pipelines/rooms/dispatch/allocate.py": ("tests/rooms/dispatch/test_allocate.py",),
    "pipelines/rooms/dispatch/decide.py": (
        "tests/rooms/dispatch/test_decide.py",
        "tests/rooms/dispatch/test_dispatch.py",
        "tests/rooms/dispatch/test_places.py",
        "tests/rooms/dispatch/test_offers.py",
    ),
    # what came of it
    "pipelines/rooms/feedback/received.py": ("tests/rooms/feedback/test_received.py",),
    "pipelines/rooms/feedback/money.py": ("tests/rooms/feedback/test_settled.py",),
    "pipelines/rooms/feedback/effect.py": ("tests/rooms/feedback/test_effect.py",),
    "models/holdout/effects.py": ("tests/models/holdout/test_effects.py",),
    # figures
    "pipelines/rooms/kpi/sums.py": ("tests/rooms/kpi/test_kpi.py",),
    "pipelines/rooms/kpi/decompose.py": ("tests/rooms/kpi/test_change_parts.py",),
    "pipelines/rooms/kpi/change.py": ("tests/rooms/kpi/test_change.py",),
}
