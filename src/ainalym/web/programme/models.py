"""Sites, materials, price lists and scales; pick-ups that are asked for; what is planned.

What happens to grams and money is not kept here but in the book.
"""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

POINT, STATION, PLANT, LANDFILL = "point", "station", "plant", "landfill"


def named(names: dict[str, str]) -> str:
    """Choose a name in the user's language, or the first there is."""
    language = (get_language() or "en")[:2]
    return names.get(language) or next(iter(names.values()), "")


class Site(models.Model):
    """A spot of the network, under the id that the plan and the book know it by."""

    id = models.CharField(primary_key=True, max_length=60)
    kind = models.CharField(
        max_length=20,
        choices=(
            (POINT, _("Collection point")),
            (STATION, _("Sorting station")),
            (PLANT, _("Plant")),
            (LANDFILL, _("Landfill")),
        ),
    )
    names = models.JSONField(help_text="By language: en, kk, ru.")
    lon = models.FloatField()
    lat = models.FloatField()
    ships_to = models.ForeignKey("self", models.SET_NULL, null=True, related_name="shippers")

    class Meta:
        """Sites are listed by their id."""

        ordering = ("id",)

    def __str__(self) -> str:
        return named(self.names)


class Material(models.Model):
    """A material under its name in the book, and what people call it."""

    id = models.CharField(primary_key=True, max_length=60)
    fraction = models.CharField(
        max_length=60, help_text="The fraction it is a grade of; or its id."
    )
    names = models.JSONField(help_text="By language: en, kk, ru.")
    place = models.IntegerField(default=0, help_text="Its place in lists.")

    class Meta:
        """Materials are listed by their place."""

        ordering = ("place", "id")

    def __str__(self) -> str:
        return named(self.names)


class PriceList(models.Model):
    """What points pay from a moment on: for all of them, or for one."""

    from_ms = models.BigIntegerField()
    site = models.ForeignKey(Site, models.CASCADE, null=True)

    class Meta:
        """The newest comes first."""

        ordering = ("-from_ms", "-id")

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def paid(self) -> dict[str, int]:
        """Minor units for a kilogram, by material."""
        return dict(self.prices.values_list("material_id", "price_minor_per_kg"))


class Price(models.Model):
    """One line of a price list."""

    price_list = models.ForeignKey(PriceList, models.CASCADE, related_name="prices")
    material = models.ForeignKey(Material, models.CASCADE)
    price_minor_per_kg = models.BigIntegerField()


class Scale(models.Model):
    """A scale of a site. Until when it is verified is a rule of the book."""

    id = models.CharField(primary_key=True, max_length=60)
    site = models.ForeignKey(Site, models.CASCADE, related_name="scales")
    most_g = models.BigIntegerField(help_text="The heaviest load it can weigh.")
    step_g = models.BigIntegerField(help_text="The finest step it shows.")

    def __str__(self) -> str:
        return self.id


class Pickup(models.Model):
    """A point asks that its load be fetched; the station sends a truck or says no."""

    id = models.UUIDField(
        primary_key=True, help_text="Made by the phone, so that it is asked once."
    )
    site = models.ForeignKey(Site, models.CASCADE, related_name="pickups")
    asked_ms = models.BigIntegerField()
    asked_by = models.CharField(max_length=60)
    loads = models.JSONField(help_text="Grams by material, as the book knew them.")
    note = models.CharField(max_length=300, blank=True)
    answered_ms = models.BigIntegerField(null=True)
    answered_by = models.CharField(max_length=60, blank=True)
    answer = models.CharField(max_length=300, blank=True)

    class Meta:
        """The newest comes first."""

        ordering = ("-asked_ms",)


class Planned(models.Model):
    """What the plan has a point buy of a fraction in a year."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="planned")
    fraction = models.CharField(max_length=60)
    year = models.IntegerField()
    mass_g = models.BigIntegerField()

    class Meta:
        """Each is told once."""

        ordering = ("site", "fraction", "year")
        constraints = (models.UniqueConstraint("site", "fraction", "year", name="planned_once"),)

    def __str__(self) -> str:
        return f"{self.site_id} {self.fraction} {self.year}"


class Rate(models.Model):
    """What the producers' responsibility scheme pays for a tonne of a fraction."""

    fraction = models.CharField(primary_key=True, max_length=60)
    minor_per_t = models.BigIntegerField()

    def __str__(self) -> str:
        return self.fraction


def price_list_of(site: Site, at_ms: int) -> PriceList | None:
    """Find the price list of a point at a moment: its own, or the programme's."""
    in_force = PriceList.objects.filter(from_ms__lte=at_ms)
    own = in_force.filter(site=site).first()
    general = in_force.filter(site=None).first()
    if own and general:
        return max(own, general, key=lambda one: (one.from_ms, one.pk))
    return own or general
