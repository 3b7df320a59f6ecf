"""The first tables."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Makes them."""

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Material",
            fields=[
                ("id", models.CharField(max_length=60, primary_key=True, serialize=False)),
                (
                    "fraction",
                    models.CharField(
                        help_text="The fraction it is a grade of; or its id.", max_length=60
                    ),
                ),
                ("names", models.JSONField(help_text="By language: en, kk, ru.")),
                ("place", models.IntegerField(default=0, help_text="Its place in lists.")),
            ],
            options={
                "ordering": ("place", "id"),
            },
        ),
        migrations.CreateModel(
            name="PriceList",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("from_ms", models.BigIntegerField()),
            ],
            options={
                "ordering": ("-from_ms", "-id"),
            },
        ),
        migrations.CreateModel(
            name="Price",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("price_minor_per_kg", models.BigIntegerField()),
                (
                    "material",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="programme.material"
                    ),
                ),
                (
                    "price_list",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="prices",
                        to="programme.pricelist",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Site",
            fields=[
                ("id", models.CharField(max_length=60, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("point", "Collection point"),
                            ("station", "Sorting station"),
                            ("plant", "Plant"),
                            ("landfill", "Landfill"),
                        ],
                        max_length=20,
                    ),
                ),
                ("names", models.JSONField(help_text="By language: en, kk, ru.")),
                ("lon", models.FloatField()),
                ("lat", models.FloatField()),
                (
                    "ships_to",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="shippers",
                        to="programme.site",
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="Scale",
            fields=[
                ("id", models.CharField(max_length=60, primary_key=True, serialize=False)),
                ("most_g", models.BigIntegerField(help_text="The heaviest load it can weigh.")),
                ("step_g", models.BigIntegerField(help_text="The finest step it shows.")),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scales",
                        to="programme.site",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="pricelist",
            name="site",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, to="programme.site"
            ),
        ),
        migrations.CreateModel(
            name="Pickup",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        help_text="Made by the phone, so that it is asked once.",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("asked_ms", models.BigIntegerField()),
                ("asked_by", models.CharField(max_length=60)),
                ("loads", models.JSONField(help_text="Grams by material, as the book knew them.")),
                ("note", models.CharField(blank=True, max_length=300)),
                ("answered_ms", models.BigIntegerField(null=True)),
                ("answered_by", models.CharField(blank=True, max_length=60)),
                ("answer", models.CharField(blank=True, max_length=300)),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pickups",
                        to="programme.site",
                    ),
                ),
            ],
            options={
                "ordering": ("-asked_ms",),
            },
        ),
    ]
