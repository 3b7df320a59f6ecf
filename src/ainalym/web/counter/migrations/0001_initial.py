"""The first tables."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Makes them."""

    initial = True

    dependencies = [
        ("programme", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Seller",
            fields=[
                ("ticket", models.UUIDField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=120)),
                ("agreed_ms", models.BigIntegerField()),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="programme.site"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Series",
            fields=[
                ("name", models.CharField(max_length=60, primary_key=True, serialize=False)),
                ("keeper", models.CharField(max_length=60)),
                ("device", models.UUIDField(help_text="Made by the phone, once.")),
                (
                    "last",
                    models.IntegerField(
                        default=0, help_text="The last number, where the server numbers."
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="series",
                        to="programme.site",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("site"),
                        models.F("keeper"),
                        models.F("device"),
                        name="series_once_a_device",
                    )
                ],
            },
        ),
    ]
