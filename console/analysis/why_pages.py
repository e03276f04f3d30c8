"""An analyst asks why a customer is on a list, or why not; what is asked is not in any address."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from console.access.context import find_language
from console.access.gate import open_to
from console.access.record import record_access
from console.access.roles import Role
from console.analysis.why import explain_customer
from console.figures.months import find_shown_version, list_months
from pipelines.core.settings import load_settings

_LONGEST_ID = 200


@open_to(Role.ANALYST)
@require_http_methods(["GET", "POST"])
def ask_why(request: Any) -> Any:
    """Ask for a customer and a month, and show what the month says of them."""
    home = settings.CONSOLE_HOME
    asked = request.POST if request.method == "POST" else {}
    customer_id = str(asked.get("customer", "")).strip()[:_LONGEST_ID]
    version = find_shown_version(home, asked.get("month"))
    context: dict[str, Any] = {
        "version": version,
        "months": list_months(home),
        "customer_id": customer_id,
    }
    if version is not None and customer_id:
        record_access(request, "why", f"{version.month} {customer_id}")
        office = load_settings().office_database(home)
        language = find_language()
        context["lists"] = explain_customer(version, customer_id, office, language)
        context["is_asked"] = True
    return render(request, "console/why.html", context)
