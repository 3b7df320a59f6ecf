"""What the counter keeps outside the book: series of slips, and names of sellers who agreed."""

from django.db import models

from ainalym.web.programme.models import Site


class Series(models.Model):
    """A run of slip numbers without a gap, on one phone; so that phones can number offline."""

    name = models.CharField(primary_key=True, max_length=60)
    site = models.ForeignKey(Site, models.CASCADE, related_name="series")
    keeper = models.CharField(max_length=60)
    device = models.UUIDField(help_text="Made by the phone, once.")
    last = models.IntegerField(default=0, help_text="The last number, where the server numbers.")

    class Meta:
        """A phone has one series for each keeper and site."""

        constraints = (
            models.UniqueConstraint("site", "keeper", "device", name="series_once_a_device"),
        )


class Seller(models.Model):
    """Who brought what a ticket tells of: kept only with consent, outside the book, so that it can
    be removed again without touching the book."""

    ticket = models.UUIDField(primary_key=True)
    site = models.ForeignKey(Site, models.CASCADE)
    name = models.CharField(max_length=120)
    agreed_ms = models.BigIntegerField()
