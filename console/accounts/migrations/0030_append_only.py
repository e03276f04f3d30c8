"""The access log and the history of accounts are added to: the database sees to it."""

from typing import Any

from django.db import migrations

from console.append_only import protect_table


def protect_logs(apps: Any, editor: Any) -> None:
    """Old entries of the access log may go, after what the law asks for."""
    protect_table(editor, "accounts_accessentry", "at")
    protect_table(editor, "accounts_historicalaccount")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0020_address")]

    operations = [migrations.RunPython(protect_logs)]
