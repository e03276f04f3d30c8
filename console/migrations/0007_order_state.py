"""How orders stand is kept beside them, and made by the database itself."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

from console.standing import keep_states


def make_states(apps: Any, editor: Any) -> None:
    """Make those of the orders that are here, and keep them."""
    keep_states(editor, later_days=())


class Migration(migrations.Migration):
    dependencies = [
        ("console", "0006_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="OrderState",
            fields=[
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="state",
                        serialize=False,
                        to="console.order",
                    ),
                ),
                ("month", models.CharField(max_length=7)),
                ("list", models.CharField(max_length=64)),
                ("customer_id", models.CharField(max_length=200)),
                ("branch_id", models.CharField(max_length=200, null=True)),
                (
                    "amount",
                    models.DecimalField(decimal_places=2, max_digits=18, null=True),
                ),
                ("due_on", models.DateField()),
                ("rank", models.IntegerField()),
                ("holder_id", models.CharField(max_length=200, null=True)),
                ("last_kind", models.CharField(max_length=16, null=True)),
                ("outcome", models.CharField(max_length=32, null=True)),
                ("promised_on", models.DateField(null=True)),
                ("day", models.DateField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["holder_id", "month"], name="state_by_holder"),
                    models.Index(fields=["branch_id", "month"], name="state_by_branch"),
                ],
            },
        ),
        migrations.RunPython(make_states),
    ]
