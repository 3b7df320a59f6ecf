"""Amounts and reasons as the auditor reads them."""

from django import template

from ainalym.model.entry import Account, Entry
from ainalym.web.audit.words import amount_in_words, why_in_words

register = template.Library()


@register.filter
def amount_on(quantity: int, account: Account) -> str:
    """Say an amount on an account: kilograms of what is weighed, pieces of what is counted."""
    return amount_in_words(quantity, account.ledger)


@register.filter
def amount_in(quantity: int, ledger: str) -> str:
    """Say an amount of a ledger, with its unit."""
    return amount_in_words(quantity, ledger)


@register.filter
def reason(told: Entry) -> str:
    """Say why an entry was told."""
    return why_in_words(told)
