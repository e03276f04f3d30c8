"""A promise may have two more dates, each with its amount; the queue goes by them."""

from typing import Any

from django.db import migrations, models

from console.standing import keep_later_days


def make_later_days(apps: Any, editor: Any) -> None:
    """Go by all days from now on; no answer of before has more than one."""
    keep_later_days(editor)


class Migration(migrations.Migration):
    dependencies = [("console", "0011_requests_answered")]

    operations = [
        migrations.AddField(
            model_name="answer",
            name="promised_amount_2",
            field=models.DecimalField(decimal_places=2, max_digits=18, null=True),
        ),
        migrations.AddField(
            model_name="answer",
            name="promised_on_2",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="answer",
            name="promised_amount_3",
            field=models.DecimalField(decimal_places=2, max_digits=18, null=True),
        ),
        migrations.AddField(
            model_name="answer",
            name="promised_on_3",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="heldanswer",
            name="promised_amount_2",
            field=models.DecimalField(decimal_places=2, max_digits=18, null=True),
        ),
        migrations.AddField(
            model_name="heldanswer",
            name="promised_on_2",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="heldanswer",
            name="promised_amount_3",
            field=models.DecimalField(decimal_places=2, max_digits=18, null=True),
        ),
        migrations.AddField(
            model_name="heldanswer",
            name="promised_on_3",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="orderstate",
            name="promised_on_2",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="orderstate",
            name="promised_on_3",
            field=models.DateField(null=True),
        ),
        migrations.RunPython(make_later_days),
    ]
