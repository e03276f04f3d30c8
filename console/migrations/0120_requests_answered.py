"""Requests for places are answered once, for ever; an errand may have a reason."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

from console.append_only import protect_table


def protect_answers(apps: Any, editor: Any) -> None:
    """Answers stay for ever."""
    protect_table(editor, "console_placesanswer")


class Migration(migrations.Migration):
    dependencies = [("console", "0010_heads_append_only")]

    operations = [
        migrations.AddField(
            model_name="errand",
            name="why",
            field=models.TextField(blank=True, default=""),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name="PlacesAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("granted", "granted"), ("refused", "refused")],
                        max_length=16,
                    ),
                ),
                ("why", models.TextField(blank=True)),
                ("actor", models.CharField(max_length=150)),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answer",
                        to="console.placesrequest",
                    ),
                ),
            ],
        ),
        migrations.RunPython(protect_answers),
    ]
