"""Grams, tiyn, shares and moments as people read them."""

from datetime import datetime

from django import template
from django.template import Context

from ainalym.model.entry import new_id
from ainalym.web.days import local
from ainalym.web.loads.reasons import GRADE, WEIGHT, reason_in_words
from ainalym.web.loads.weights import say_kg, say_money, say_pieces, say_share

register = template.Library()


@register.filter
def kg(grams_g: int) -> str:
    """Say grams in kilograms."""
    return say_kg(grams_g)


@register.filter
def pieces(number: int) -> str:
    """Say a number of pieces."""
    return say_pieces(number)


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


@register.filter
def why(said: str) -> str:
    """Say why a load weighs differently, or was refused."""
    return reason_in_words(said, {**WEIGHT, **GRADE})


@register.inclusion_tag("loads/reason.html", takes_context=True)
def reason_field(context: Context, field: str, asks: str) -> dict[str, object]:
    """Ask for a reason: one we know, or the user's own words; keeps what was chosen and typed."""
    return _reason(context, field, asks, context["reasons"])


@register.inclusion_tag("loads/reason.html", takes_context=True)
def grade_field(context: Context, lot: int, asks: str) -> dict[str, object]:
    """Ask why a lot is not taken as what it was sent as."""
    return _reason(context, f"grade-{lot}", asks, GRADE.items())


def _reason(context: Context, field: str, asks: str, reasons: object) -> dict[str, object]:
    entered, wrong, words = context["entered"], context["wrong"], f"{field}-words"
    return {
        "field": field,
        "asks": asks,
        "reasons": reasons,
        "chosen": entered.get(field, ""),
        "words": entered.get(words, ""),
        "wrong": wrong,
        "words_wrong": words in wrong,
    }


@register.simple_tag
def fresh_name() -> str:
    """Name a deed that a form is about to tell, so that sending it twice tells it once."""
    return new_id()
