"""A book that is opened anew at any time records what one that stays open records, and is whole."""

import random

import pytest

from ainalym.errors import AinalymError
from ainalym.ledger import balances, follow, lots, open_book, overtaken, post, trace, verify
from ainalym.model.deed import Clock, Close, Erasure, Payment
from tests.ledger import tell
from tests.ledger.tell import DAY_MS, NOW_MS, deed_id

SITES, MATERIALS = ("P1", "P2"), ("pet", "bottle")
GRAMS = (1, 50, 100, 999, 1_000)
STEPS = 60


class Teller:
    """Tells deeds of every kind by chance, much of it impossible."""

    def __init__(self, seed):
        self._chance, self._told, self.lots = random.Random(seed), [], 1

    def some(self):
        """A request of a few deeds."""
        deeds = [self._deed() for _ in range(self._chance.choice((1, 1, 2, 3, 6)))]
        return [one for one in deeds if one is not None]

    def hear(self, deeds, receipts):
        """Learn what was recorded."""
        self._told += deeds
        self.lots = max([self.lots, *(lot for one in receipts for lot in one.lots)])

    def _deed(self):
        choose = self._chance.choice
        site, back = choose(SITES), choose((0, 0, 60_000, 3 * DAY_MS))
        said = {"site": site, "event_ms": NOW_MS - self._chance.randrange(back + 1)}
        taken = {choose(MATERIALS): choose(GRAMS)} | {self._lot(): choose(GRAMS)}
        taken = dict(self._chance.sample([*taken.items()], self._chance.randrange(1, 3)))
        kind = choose(
            ("ticket",) * 4
            + ("dispatch", "arrival", "change", "sale", "count") * 2
            + ("reversal", "reversal", "payment", "close", "erasure", "clock", "again")
        )
        if kind == "ticket":
            slip = (
                {"series": "A", "number": self._chance.randrange(1, 30)} if choose((0, 1)) else {}
            )
            return tell.ticket(choose(GRAMS), material=choose(MATERIALS), **said, **slip)
        if kind == "dispatch":
            return tell.dispatch(taken, to=next(one for one in SITES if one != site), **said)
        if kind == "arrival":
            return tell.arrival({self._lot(): choose(GRAMS)}, reason="dry", **said)
        if kind == "change":
            named = {name: grams for name, grams in taken.items() if isinstance(name, str)}
            numbered = {lot: grams for lot, grams in taken.items() if isinstance(lot, int)}
            made = {"pieces": {"bottle": 3}} if choose((0, 1)) else {}
            return tell.change(
                named,
                [("bottle", choose(GRAMS))],
                process="mould",
                lots=numbered,
                reason="so",
                **made,
                **said,
            )
        if kind == "sale":
            return tell.sale(taken, **said)
        if kind == "count":
            return tell.stocktake({choose(MATERIALS): choose(GRAMS)}, **said)
        return self._of_others(kind, said)

    def _of_others(self, kind, said):
        choose = self._chance.choice
        if kind == "payment":
            return Payment(id=deed_id(), payer="fund", payee="cash", paid_minor=9, **said)
        if kind == "clock":
            return Clock(id=deed_id(), **said | {"site": "*", "event_ms": NOW_MS})
        if kind == "close":
            first_ms = NOW_MS - 9 * DAY_MS
            ends_ms = first_ms + self._chance.randrange(1, DAY_MS)
            return Close(id=deed_id(), from_ms=first_ms, to_ms=ends_ms, **said)
        if not self._told:
            return None
        one = choose(self._told)
        if kind == "again":
            return one
        if kind == "erasure":
            return Erasure(
                id=deed_id(), erases=one.id, reason="asked", site=one.site, event_ms=NOW_MS
            )
        return tell.reversal(one.id, one.site, event_ms=one.event_ms)

    def _lot(self):
        return self._chance.randrange(1, self.lots + 2)


def told(book, deeds):
    """What comes of a request: receipts, or the refusal."""
    try:
        receipts = post(book, deeds)
    except AinalymError as error:
        return type(error), str(error), []
    return None, [one._replace(hash="") for one in receipts], receipts


@pytest.mark.parametrize("seed", range(12))
def test_a_book_that_is_opened_anew_records_the_same(tmp_path, seed):
    teller, chance = Teller(seed), random.Random(seed)
    shares = {"pet": {"bottle": 900_000, "loss": 100_000}, "bottle": {"bottle": 1_000_000}}
    mould = tell.rule("process", "mould", {"recipe_ppm": shares, "band_ppm": 1_000_000})
    names = tmp_path / "stays", tmp_path / "anew"
    stays, anew = (open_book(name, clock=lambda: NOW_MS) for name in names)
    try:
        for deeds in ([mould], *(teller.some() for _ in range(STEPS))):
            first, second = told(stays, deeds), told(anew, deeds)
            assert first[:2] == second[:2]
            teller.hear(deeds if first[0] is None else [], first[2])
            if chance.random() < 0.4:
                anew.close()
                anew = open_book(names[1], clock=lambda: NOW_MS)
        assert balances(stays) == balances(anew)
        assert lots(stays, most=1_000) == lots(anew, most=1_000)
        assert overtaken(stays) == overtaken(anew)
        for book in (stays, anew):
            assert verify(book).faults == ()
            for number in range(1, teller.lots + 1):
                assert sum(trace(book, number).ends_g.values()) == trace(book, number).lot.made_g
                follow(book, number)
    finally:
        stays.close()
        anew.close()
