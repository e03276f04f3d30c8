"""What somebody answered today is found by an index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("console", "0031_order_state")]

    operations = [
        migrations.AddIndex(
            model_name="intake",
            index=models.Index(fields=["actor", "received_at"], name="intake_by_actor"),
        ),
    ]
