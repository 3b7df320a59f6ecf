"""The first table."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Makes it."""

    initial = True

    dependencies = [
        ("programme", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Truck",
            fields=[
                (
                    "pickup",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="truck",
                        serialize=False,
                        to="programme.pickup",
                    ),
                ),
                ("plate", models.CharField(max_length=20)),
                ("sent_ms", models.BigIntegerField()),
            ],
        ),
    ]
