"""Moments and acts of the trail as people read them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

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
    here = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(settings.TIME_ZONE))
    return date_format(here, "SHORT_DATETIME_FORMAT")


@register.filter
def act(name: str) -> str:
    """Say an act of the trail."""
    return str(ACTS.get(name, name))
