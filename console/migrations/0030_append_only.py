"""The office's record is added to, never changed: the database sees to it."""

from typing import Any

from django.db import migrations

from console.append_only import protect_table


def protect_record(apps: Any, editor: Any) -> None:
    """What was done to months, orders and files stays for ever."""
    protect_table(editor, "console_auditentry")


class Migration(migrations.Migration):
    dependencies = [("console", "0020_errand_consent")]

    operations = [migrations.RunPython(protect_record)]
