"""Grams, tiyn, shares and moments as people read them."""

from datetime import datetime

from django import template

from ainalym.model.entry import new_id
from ainalym.web.loads.way import local
from ainalym.web.loads.weights import say_kg, say_money, say_share

register = template.Library()


@register.filter
def kg(grams_g: int) -> str:
    """Say grams in kilograms."""
    return say_kg(grams_g)


@register.filter
def money(amount_minor: int) -> str:
    """Say minor units in tenge."""
    return say_money(amount_minor)


@register.filter
def percent(share: float) -> str:
    """Say a share as a percentage."""
    return say_share(share)


@register.filter
def here(at_ms: int) -> datetime:
    """Give the time on the wall here."""
    return local(at_ms)


@register.simple_tag
def fresh_name() -> str:
    """Name a deed that a form is about to tell, so that sending it twice tells it once."""
    return new_id()
