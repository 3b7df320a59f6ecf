"""The first tables."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Makes them."""

    initial = True

    dependencies = [
        ("programme", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Person",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                ("name", models.CharField(max_length=60, unique=True)),
                ("language", models.CharField(blank=True, max_length=2)),
                ("is_active", models.BooleanField(default=True)),
                (
                    "must_change",
                    models.BooleanField(
                        default=False, help_text="The password was made by others."
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Trail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at_ms", models.BigIntegerField()),
                ("name", models.CharField(max_length=60)),
                ("act", models.CharField(max_length=30)),
                ("about", models.CharField(blank=True, max_length=200)),
                ("address", models.CharField(blank=True, max_length=60)),
            ],
            options={
                "ordering": ("-id",),
                "indexes": [models.Index(fields=["name", "at_ms"], name="trail_of_name")],
            },
        ),
        migrations.CreateModel(
            name="Duty",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("keeper", "Keeper"),
                            ("leader", "Shift leader"),
                            ("buyer", "Plant buyer"),
                            ("auditor", "Auditor"),
                            ("department", "Department"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="duties",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, to="programme.site"
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
                "constraints": [
                    models.UniqueConstraint(
                        models.F("person"), models.F("role"), models.F("site"), name="duty_once"
                    ),
                    models.UniqueConstraint(
                        models.F("person"),
                        models.F("role"),
                        condition=models.Q(("site", None)),
                        name="duty_once_everywhere",
                    ),
                ],
            },
        ),
    ]
