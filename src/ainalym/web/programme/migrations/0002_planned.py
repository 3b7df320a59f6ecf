"""What is planned, and what is paid for a tonne."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Makes their tables."""

    dependencies = [
        ("programme", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Rate",
            fields=[
                ("fraction", models.CharField(max_length=60, primary_key=True, serialize=False)),
                ("minor_per_t", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Planned",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("fraction", models.CharField(max_length=60)),
                ("year", models.IntegerField()),
                ("mass_g", models.BigIntegerField()),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="planned",
                        to="programme.site",
                    ),
                ),
            ],
            options={
                "ordering": ("site", "fraction", "year"),
                "constraints": [
                    models.UniqueConstraint(
                        models.F("site"),
                        models.F("fraction"),
                        models.F("year"),
                        name="planned_once",
                    )
                ],
            },
        ),
    ]
