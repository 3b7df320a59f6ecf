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
            name="Offer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("from_ms", models.BigIntegerField()),
                ("price_minor_per_kg", models.BigIntegerField()),
                ("limit_g_per_year", models.BigIntegerField(null=True)),
                (
                    "taken",
                    models.BooleanField(
                        default=True, help_text="False from when it is no longer taken."
                    ),
                ),
                ("told_by", models.CharField(blank=True, max_length=60)),
                (
                    "material",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="programme.material"
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="offers",
                        to="programme.site",
                    ),
                ),
            ],
            options={
                "ordering": ("-from_ms", "-id"),
            },
        ),
    ]
