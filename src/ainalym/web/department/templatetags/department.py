"""Bars, links and large masses of the department's pages."""

from urllib.parse import urlencode

from django import template
from django.utils.formats import number_format

from ainalym.web.department.compared import Pair, tone_of
from ainalym.web.programme.models import Material

register = template.Library()

G_PER_KG, G_PER_T = 1_000, 1_000_000


@register.filter
def whole_kg(grams_g: int) -> str:
    """Say grams in whole kilograms."""
    return number_format(round(grams_g / G_PER_KG), use_l10n=True, force_grouping=True)


@register.filter
def tonnes(grams_g: int) -> str:
    """Say grams in tonnes, to the kilogram."""
    if not grams_g:
        return "0"
    return number_format(f"{grams_g / G_PER_T:.3f}", use_l10n=True, force_grouping=True)


@register.filter
def bar(pair: Pair) -> int:
    """Length of a bar of 100 units; what is beyond the plan fills it."""
    return round(100 * min(1.0, max(0.0, pair.share or 0.0)))


@register.filter
def tone(pair: Pair) -> str:
    """Name the colour of a bar."""
    return tone_of(pair)


@register.filter
def fraction_name(fraction: str) -> str:
    """Call a fraction by the material that is sold unsorted."""
    return str(Material.objects.filter(id=fraction).first() or fraction)


@register.simple_tag
def kept_of(site: str, fraction: str) -> str:
    """Carry on which point and material are looked at, behind another word of an address."""
    kept = urlencode({key: value for key, value in _chosen(site, fraction).items() if value})
    return f"&{kept}" if kept else ""


@register.simple_tag
def link_with(month: object, site: str, fraction: str) -> str:
    """Carry on the month, and what else is looked at."""
    return f"&{urlencode({'month': str(month)} | _chosen(site, fraction))}"


def _chosen(site: str, fraction: str) -> dict[str, str]:
    return {key: value for key, value in (("site", site), ("fraction", fraction)) if value}
