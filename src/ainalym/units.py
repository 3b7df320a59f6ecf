"""Kilograms, metres, seconds and minor money: how they are named, said and rounded.

Mass is kilograms in plans, money is minor units (tiyn, cents) with its currency, lengths are
metres, times are seconds. This file holds the only rounding.
"""

from collections.abc import Sequence
from fractions import Fraction

KG_PER_T = 1000.0
M_PER_KM = 1000.0
DAYS_PER_YEAR = 365.0
MINOR_PER_MAJOR = 100
PPM = 1_000_000
"""One kilogram per kilogram, in parts per million."""

CURRENCIES = ("KZT", "USD", "EUR", "RUB")
"""Currencies whose minor unit is a hundredth; no other is accepted."""


def whole(amount: float) -> int:
    """Round to whole units, halves to the even neighbour, so that sums do not drift."""
    return round(amount)


def split(total: int, weights: Sequence[float]) -> list[int]:
    """Split a whole number in proportion to `weights`, to the last unit (largest remainder).

    Parameters
    ----------
    total
        What is split, whole units.
    weights
        At least one, none negative, not all zero.
    """
    exact = [Fraction(weight) for weight in weights]
    scale = total / sum(exact)
    parts = [int(weight * scale) for weight in exact]
    order = sorted(range(len(parts)), key=lambda k: parts[k] - exact[k] * scale)
    for k in order[: total - sum(parts)]:
        parts[k] += 1
    return parts


def say_money(amount_minor: float, currency: str) -> str:
    """Say an amount the way a budget is read: `210.0 million KZT`, `1,250 KZT`."""
    major = amount_minor / MINOR_PER_MAJOR
    if abs(major) >= 1e6:
        return f"{major / 1e6:,.1f} million {currency}"
    return f"{major:,.0f} {currency}"


def say_mass(amount_kg: float) -> str:
    """Say a mass in tonnes, or in kilograms below one tonne."""
    if abs(amount_kg) >= KG_PER_T:
        return f"{amount_kg / KG_PER_T:,.0f} t"
    return f"{amount_kg:,.0f} kg"


def say_share(share: float) -> str:
    """Say a share as a percentage with the digits it deserves."""
    return f"{share:.1%}" if abs(share) >= 0.01 else f"{share:.3%}"
