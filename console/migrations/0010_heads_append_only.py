"""What heads said of lists, and asked for, is added to and never changed."""

from typing import Any

from django.db import migrations

from console.append_only import protect_table


def protect_words(apps: Any, editor: Any) -> None:
    """Decisions and requests stay for ever."""
    protect_table(editor, "console_listdecision")
    protect_table(editor, "console_placesrequest")


class Migration(migrations.Migration):
    dependencies = [("console", "0009_consents_kept")]

    operations = [migrations.RunPython(protect_words)]
