"""Grams and tiyn as a keeper reads them."""

from django import template

from ainalym.model.entry import new_id
from ainalym.web.counter.weights import say_kg, say_money

register = template.Library()


@register.filter
def kg(grams_g: int) -> str:
    """Say grams in kilograms."""
    return say_kg(grams_g)


@register.filter
def money(amount_minor: int) -> str:
    """Say minor units in tenge."""
    return say_money(amount_minor)


@register.simple_tag
def fresh_name() -> str:
    """Name a deed that a form is about to tell, so that sending it twice tells it once."""
    return new_id()
