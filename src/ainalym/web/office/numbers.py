"""Numbers of the office's forms: with a comma or a point, as many decimals as the unit has."""

import re

from django.utils.translation import gettext as _

from ainalym.web.refusals import Refusal

PLAIN = re.compile(r"([0-9]{1,9})(?:[.,]([0-9]{1,9}))?")


def read_number(text: str, places: int, what: str) -> int:
    """Read a number of 0 or more into whole units of its last decimal place.

    Raises
    ------
    Refusal
        It is no such number.
    """
    match = PLAIN.fullmatch(re.sub(r"\s", "", text))
    part = ((match and match[2]) or "").rstrip("0")
    if match is None or len(part) > places:
        said = _("%(what)s: give a number of 0 or more with at most %(places)s decimals.")
        raise Refusal(422, said % {"what": what, "places": places})
    return int(match[1] + part.ljust(places, "0"))


def plain(value: int | None, places: int) -> str:
    """Write whole units as a form shows them; nothing for None."""
    if value is None:
        return ""
    whole, part = divmod(value, 10**places)
    return f"{whole},{part:0{places}d}".rstrip("0").rstrip(",") if places else str(whole)
