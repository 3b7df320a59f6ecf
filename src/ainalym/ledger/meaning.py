"""What an event says, however it is spelled: the id of one that has no name of its own.

Two spellings of one event mean the same: fields in another order, a moment in another offset, a
number with zeros at its end, a word of the standard by its full address, a list in another order.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from ainalym.errors import Issue, refuse
from ainalym.model.deed import Deed
from ainalym.model.entry import ms, new_id

WORD = re.compile(
    r"(?:https?://(?:ref|ns)\.gs1\.org/cbv/|cbv:)[A-Za-z]+-(?P<word>\w+)"
    r"|urn:epcglobal:cbv:\w+:(?P<urn>\w+)"
)
"""A word of the core business vocabulary, as the three versions of the standard write it."""

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.,]+(Z|[+-][\d:]+)", re.ASCII)
MOST_DEEP = 40
"""Levels of lists and objects in one event."""

READ = frozenset(
    (
        *("@context", "type", "eventID", "eventTime", "eventTimeZoneOffset", "recordTime"),
        *("errorDeclaration", "bizStep", "bizLocation"),
    )
)
"""Fields of every event that its deed already says, or that say nothing of what happened."""


def word_of(text: str) -> str:
    """Give a word of the standard without its address; other texts as they are."""
    match = WORD.fullmatch(text)
    return (match["word"] or match["urn"]) if match else text


def id_by_meaning(deed: Deed, event: Mapping, *, read: frozenset[str], usual: Mapping) -> str:
    """Make the id of an event's deed out of what the event says.

    Parameters
    ----------
    deed
        What was read of it; under which id makes no difference.
    event
        The event itself: what no deed holds tells it from others all the same.
    read
        Its fields that the deed already says.
    usual
        What fields say that may as well be left out.

    Raises
    ------
    InputError
        It is nested too deep.
    """
    said = {k: v for k, v in deed.told.items() if k not in ("id", "alias", "offset")}
    if "outputs" in said:
        said["outputs"] = sorted(said["outputs"])
    rest = {
        name: plain
        for name, value in event.items()
        if name not in READ | read and (plain := _plain(value, 0)) not in (None, usual.get(name))
    }
    text = json.dumps([said, rest], sort_keys=True, separators=(",", ":"))
    return new_id(deed.event_ms, sha256(text.encode()).digest()[:10])


def _plain(value: Any, depth: int) -> Any:
    """Say a value in the one way of its meaning; None where it says nothing."""
    if depth > MOST_DEEP:
        refuse([Issue("", "it is nested too deep", f"send at most {MOST_DEEP} levels")])
    if isinstance(value, Mapping):
        held = {name: _plain(one, depth + 1) for name, one in value.items()}
        return {name: one for name, one in held.items() if one is not None} or None
    if isinstance(value, list):
        held = [_plain(one, depth + 1) for one in value]
        return sorted((one for one in held if one is not None), key=_as_text) or None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str):
        return value
    if MOMENT.fullmatch(value):
        try:
            return ms(datetime.fromisoformat(value.replace("Z", "+00:00")))
        except (ValueError, OverflowError):
            return value
    return word_of(value) or None


def _as_text(value: object) -> str:
    return json.dumps(value, sort_keys=True)
