"""Moments and acts of the trail as people read them."""

from django import template
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from ainalym.web.days import local

register = template.Library()

ACTS = {
    "came in": _("came in"),
    "went out": _("went out"),
    "refused": _("was refused"),
    "password": _("changed a password"),
    "added": _("let in anew"),
    "give": _("gave a duty"),
    "take": _("took a duty"),
    "in": _("let in again"),
    "out": _("kept out"),
    "prices": _("changed prices"),
    "scale": _("told a verification"),
}


@register.filter
def when(at_ms: int) -> str:
    """Write a moment by the clock on the wall."""
    return date_format(local(at_ms), "SHORT_DATETIME_FORMAT")


@register.filter
def act(name: str) -> str:
    """Say an act of the trail."""
    return str(ACTS.get(name, name))
