"""What customers wanted is added to, never changed: the last entry stands, and all stay on record."""

from typing import Any

from django.db import migrations

from console.append_only import protect_table


def protect_register(apps: Any, editor: Any) -> None:
    """What was said stays for ever."""
    protect_table(editor, "console_consententry")


class Migration(migrations.Migration):
    dependencies = [("console", "0008_intake_by_actor")]

    operations = [migrations.RunPython(protect_register)]
