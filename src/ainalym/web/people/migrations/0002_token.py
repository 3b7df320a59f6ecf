"""Tokens that programs sign in with."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Makes their table."""

    dependencies = [
        ("people", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Token",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(help_text="What it is for.", max_length=60)),
                (
                    "digest",
                    models.CharField(
                        help_text="SHA-256 of the secret, hex.", max_length=64, unique=True
                    ),
                ),
                ("made_ms", models.BigIntegerField()),
                ("ends_ms", models.BigIntegerField(help_text="From when on it lets nobody in.")),
                (
                    "used_ms",
                    models.BigIntegerField(
                        help_text="When it was last used, to the hour.", null=True
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
    ]
