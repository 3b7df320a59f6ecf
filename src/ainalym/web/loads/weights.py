"""Numbers as people type them, and grams and tiyn as people read them."""

import re

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from ainalym.web.refusals import Refusal

PLAIN = re.compile(r"([0-9]{1,9})(?:[.,]([0-9]{1,9}))?")
WHOLE = re.compile(r"[0-9]{0,9}")
SPACES = re.compile(r"[\s\u00a0\u202f]+")
KILOGRAMS, TENGE = 3, 2
"""How many decimals there may be: grams of a kilogram, tiyn of a tenge."""


def read_decimal(text: str, places: int, what: str) -> int:
    """Read a number into whole units of its last decimal place; a comma or a point, no guessing.

    Parameters
    ----------
    text
        As typed: `12,4` or `12.4`, with spaces between thousands if wished. Empty is 0.
    places
        `KILOGRAMS` or `TENGE`.
    what
        The field, in the user's language.

    Raises
    ------
    Refusal
        It is no plain number, or finer than `places`.
    """
    bare = SPACES.sub("", text)
    if not bare:
        return 0
    match = PLAIN.fullmatch(bare)
    if match is None:
        said = _("%(what)s: “%(text)s” is not a number. Write it like 12,4.")
        raise Refusal(422, said % {"what": what, "text": text.strip()[:40]})
    whole, part = match[1], (match[2] or "").rstrip("0")
    if len(part) > places:
        said = _("%(what)s: “%(text)s” has too many decimals. At most %(places)s are possible.")
        raise Refusal(422, said % {"what": what, "text": text.strip()[:40], "places": places})
    return int(whole + part.ljust(places, "0"))


def read_whole(text: str, what: str) -> int:
    """Read a whole number, as of pieces, with spaces between thousands if wished. Empty is 0.

    Parameters
    ----------
    text, what
        As for `read_decimal`.

    Raises
    ------
    Refusal
        It is no whole number.
    """
    bare = SPACES.sub("", text)
    if not WHOLE.fullmatch(bare):
        said = _("%(what)s: “%(text)s” is not a whole number. Write it like 12.")
        raise Refusal(422, said % {"what": what, "text": text.strip()[:40]})
    return int(bare or 0)


def plain_kg(grams_g: int) -> str:
    """Write grams as kilograms that a field takes back, whatever the language."""
    return f"{grams_g // 1000},{grams_g % 1000:03d}".rstrip("0").rstrip(",")


def plain_money(amount_minor: int) -> str:
    """Write minor units as tenge that a field takes back, whatever the language."""
    tenge, tiyn = divmod(amount_minor, 100)
    return f"{tenge},{tiyn:02d}" if tiyn else str(tenge)


def say_kg(grams_g: int) -> str:
    """Say grams as kilograms, with a comma or a point by the language."""
    sign, grams = "−" if grams_g < 0 else "", abs(grams_g)
    kilograms = f"{grams // 1000}.{grams % 1000:03d}".rstrip("0").rstrip(".")
    return sign + number_format(kilograms, use_l10n=True, force_grouping=True)


def say_pieces(pieces: int) -> str:
    """Say a number of pieces, with thousands apart by the language."""
    return number_format(pieces, use_l10n=True, force_grouping=True)


def say_money(amount_minor: int) -> str:
    """Say minor units as tenge, with tiyn only where there are any."""
    sign, amount = "−" if amount_minor < 0 else "", abs(amount_minor)
    tenge = f"{amount // 100}.{amount % 100:02d}" if amount % 100 else str(amount // 100)
    return f"{sign}{number_format(tenge, use_l10n=True, force_grouping=True)}\u00a0₸"


def say_share(share: float) -> str:
    """Say a share as a percentage with one decimal, by the language."""
    return f"{number_format(f'{100 * share:.1f}', use_l10n=True)}\u00a0%"
