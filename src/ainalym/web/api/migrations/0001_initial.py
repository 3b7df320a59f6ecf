"""Jobs of capturing events."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Makes their table."""

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Capture",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("began_ms", models.BigIntegerField()),
                ("ended_ms", models.BigIntegerField()),
                (
                    "proceeds",
                    models.BooleanField(
                        help_text="Whether good events are kept where others fail."
                    ),
                ),
                ("errors", models.JSONField(help_text="Problem documents.")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="captures",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-began_ms", "-id"),
            },
        ),
    ]
