"""What the API keeps outside the book: jobs of capturing events."""

from django.db import models

from ainalym.web.people.models import Person


class Capture(models.Model):
    """A job of capturing events, and what came of it."""

    id = models.UUIDField(primary_key=True)
    person = models.ForeignKey(Person, models.CASCADE, related_name="captures")
    began_ms = models.BigIntegerField()
    ended_ms = models.BigIntegerField()
    proceeds = models.BooleanField(help_text="Whether good events are kept where others fail.")
    errors = models.JSONField(help_text="Problem documents.")
    overtaken = models.JSONField(
        default=list, help_text="Stock-takes that the book contradicted when it ended."
    )

    class Meta:
        """The newest comes first."""

        ordering = ("-began_ms", "-id")
