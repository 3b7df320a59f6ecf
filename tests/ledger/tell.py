"""Deeds in few words, and a clock that the tests turn."""

from itertools import count

from ainalym.model.deed import Arrival, Change, Count, Dispatch, Reversal, Rule, Sale, Ticket
from ainalym.model.entry import new_id

NOW_MS = 1_780_000_000_000
DAY_MS = 86_400_000
_numbers = count(1)


def deed_id(at_ms=NOW_MS):
    """An id nobody else has, the same in every run."""
    return new_id(at_ms, next(_numbers).to_bytes(10, "big"))


def _told(kind, usual, said):
    told = {"id": deed_id(), "event_ms": NOW_MS} | usual | said
    return kind(**told)


def ticket(grams=12_000, site="P1", material="pet", **said):
    """A ticket of so many grams net."""
    return _told(Ticket, {"site": site, "material": material, "gross_g": grams}, said)


def dispatch(loads, site="P1", to="S1", **said):
    """A load by material, or by lot where the names are numbers."""
    lots = {name: grams for name, grams in loads.items() if isinstance(name, int)}
    loads = {name: grams for name, grams in loads.items() if name not in lots}
    return _told(Dispatch, {"site": site, "to": to, "loads": loads, "lots": lots}, said)


def arrival(lots, site="S1", **said):
    """Lots weighed in."""
    return _told(Arrival, {"site": site, "lots": lots}, said)


def change(inputs, outputs, site="S1", process="sort", **said):
    """A run of a process."""
    usual = {"site": site, "process": process, "inputs": inputs, "outputs": tuple(outputs)}
    return _told(Change, usual, said)


def sale(loads, site="S1", buyer="plant", **said):
    """A sale by material, or by lot where the names are numbers."""
    lots = {name: grams for name, grams in loads.items() if isinstance(name, int)}
    loads = {name: grams for name, grams in loads.items() if name not in lots}
    return _told(Sale, {"site": site, "buyer": buyer, "loads": loads, "lots": lots}, said)


def stocktake(counted, site="P1", **said):
    """A stock-take."""
    return _told(Count, {"site": site, "counted": counted}, said)


def reversal(of, site="P1", **said):
    """An entry taken back."""
    return _told(Reversal, {"site": site, "reverses": of, "reason": "a slip"}, said)


def rule(about, name, terms, at_ms=1, **said):
    """A rule from the first moment on."""
    usual = {"site": "*", "about": about, "name": name, "terms": terms, "event_ms": at_ms}
    return _told(Rule, usual, said)


def sorting(band_ppm=1_000_000):
    """The rule that lets `sort` turn pet into clear and mixed."""
    shares = {"pet.clear": 700_000, "pet.mixed": 250_000, "loss": 50_000}
    return rule("process", "sort", {"recipe_ppm": {"pet": shares}, "band_ppm": band_ppm})


def shipped(book, grams, *, site="P1", to="S1", got=None, **said):
    """Buy, send and weigh in; the lot that lies at the station."""
    then = {name: ms for name, ms in said.items() if name == "event_ms"}
    lot = book.post([ticket(grams, site, **said)])[0].lots[0]
    load = book.post([dispatch({lot: grams}, site, to, **then)])[0].lots[0]
    return book.post([arrival({load: got or grams}, to, **then)])[0].lots[0]
