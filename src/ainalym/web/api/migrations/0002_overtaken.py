"""Stock-takes that a job of capturing events overtook."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds them to jobs; those before have none."""

    dependencies = [("api", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="capture",
            name="overtaken",
            field=models.JSONField(
                default=list, help_text="Stock-takes that the book contradicted when it ended."
            ),
        ),
    ]
