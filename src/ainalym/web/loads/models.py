"""What a site takes in, at which price and how much of it in a year."""

from django.db import models

from ainalym.web.programme.models import Material, Site


class Offer(models.Model):
    """What a plant takes of one material from a moment on; never changed, a newer one holds.

    A station's offer is its gate price. A price below zero is a fee, as at a landfill.
    """

    site = models.ForeignKey(Site, models.CASCADE, related_name="offers")
    material = models.ForeignKey(Material, models.CASCADE)
    from_ms = models.BigIntegerField()
    price_minor_per_kg = models.BigIntegerField()
    limit_g_per_year = models.BigIntegerField(null=True)
    taken = models.BooleanField(default=True, help_text="False from when it is no longer taken.")
    told_by = models.CharField(max_length=60, blank=True)

    class Meta:
        """The newest comes first."""

        ordering = ("-from_ms", "-id")


def offers_at(at_ms: int, *sites: Site) -> dict[str, dict[str, Offer]]:
    """Find the offers in force at a moment: by site, then by material in the order of lists.

    Parameters
    ----------
    at_ms
        The moment.
    sites
        Only of these; of all if none is named.
    """
    told = Offer.objects.filter(from_ms__lte=at_ms).select_related("material", "site")
    if sites:
        told = told.filter(site__in=sites)
    newest: dict[tuple[str, str], Offer] = {}
    for offer in told:
        newest.setdefault((offer.site_id, offer.material_id), offer)
    found: dict[str, dict[str, Offer]] = {}
    for offer in sorted(newest.values(), key=lambda one: (one.material.place, one.material_id)):
        if offer.taken:
            found.setdefault(offer.site_id, {})[offer.material_id] = offer
    return found
