"""A book in which every kind of deed happened, in both versions of the chain."""

import gzip
import random
from itertools import count
from pathlib import Path

from ainalym.ledger import open_book, post
from ainalym.ledger.upgrade import upgrade
from ainalym.model.deed import Clock, Close, Erasure, Payment
from ainalym.model.entry import new_id
from tests.ledger import tell

KEPT = Path(__file__).parent / "kept" / "version-1.sqlite.gz"
BEGIN_MS = tell.NOW_MS + 3_600_000
HOUR_MS = 3_600_000


def deed_id(number: int) -> str:
    """An id for a deed of this book."""
    return new_id(BEGIN_MS, number.to_bytes(10, "big"))


class Clocked:
    """A clock that goes on a second each time it is looked at."""

    def __init__(self) -> None:
        self.now_ms = BEGIN_MS

    def __call__(self) -> int:
        self.now_ms += 1_000
        return self.now_ms


def old(path: Path) -> Path:
    """Put the kept book of version 1 there."""
    path.write_bytes(gzip.decompress(KEPT.read_bytes()))
    return path


def make(path: Path) -> Path:
    """Make a book of version 1 that was taken over, and then saw every kind of deed."""
    clock, chance = Clocked(), random.Random(1).randbytes
    upgrade(old(path), actor="office", clock=clock, chance=chance)
    with open_book(path, clock=clock, chance=chance) as book:
        _Deeds(book, clock).tell()
    return path


class _Deeds:
    """Tells deeds in an order in which each can stand."""

    def __init__(self, book, clock) -> None:
        self._book, self._clock, self._numbers = book, clock, count(1)
        self._bales: tuple[int, ...] = ()

    def tell(self) -> None:
        self._rules()
        self._tickets()
        self._loads()
        self._pieces()
        self._corrections()
        self._erasures()
        self._closes()

    def _post(self, told, **said):
        return post(self._book, [told(**self._named(), **said)])[0]

    def _say(self, told, *words, **said):
        return post(self._book, [told(*words, **self._named(), **said)])[0]

    def _named(self) -> dict:
        return {"id": deed_id(next(self._numbers)), "event_ms": self._clock.now_ms}

    def _rule(self, about, name, terms):
        told = self._named() | {"event_ms": BEGIN_MS}
        post(self._book, [tell.rule(about, name, terms, told.pop("event_ms"), **told)])

    def _rules(self):
        self._rule(
            "scale", "S-9", {"verified_until_ms": BEGIN_MS + 90 * tell.DAY_MS, "да": [1, {}]}
        )
        self._rule("scale", "S-8", {"verified_until_ms": BEGIN_MS - 1})
        self._rule("custody", "S1/pet.clear", {"model": "blending"})
        bags = {"pet.clear": {"bag": 900_000, "loss": 100_000}}
        self._rule("process", "bags", {"recipe_ppm": bags, "band_ppm": 1_000_000})
        packs = {"pet.mixed": {"pack": 950_000, "loss": 50_000}, "bag": {"pack": 1_000_000}}
        self._rule("process", "pack", {"recipe_ppm": packs, "band_ppm": 1_000_000})

    def _tickets(self):
        paid = {"price_minor_per_kg": 5_000, "paid_minor": 20_000}
        for k in range(1, 5):
            slip = {"series": "P1-C", "number": k, "seller": f"Дана {k}", "consent": True}
            self._say(tell.ticket, 4_000, scale="S-9", actor="aigul", **slip, **paid)
        self._say(tell.ticket, 4_000, "P2", scale="S-8", series="P2-C", number=1, **paid)
        self._say(tell.ticket, 3_000, "P2", "glass", source="container", scale="S-9")
        self._say(tell.ticket, 2_000, "P2", "glass", source="business", actor='Айгүл "Б" \\ 1')
        self._say(tell.ticket, 1_500, "P3", "glass", alias="ni:///sha-256;abc", offset="+06:00")
        self._say(tell.ticket, 1_500, "P3", "glass", alias="urn:other:7")
        self._say(tell.ticket, 2_500, "P3", "pet", actor="bolat", device_ms=BEGIN_MS)

    def _loads(self):
        load = self._say(tell.dispatch, {"pet": 6_000}, actor="driver", vehicle="A 1").lots[0]
        paid = {"price_minor_per_kg": {"pet": 7_000}, "scale": "S-9"}
        self._say(tell.arrival, {load: 5_990}, **paid)
        lot = self._say(tell.ticket, 3_000, "P4").lots[0]
        load = self._say(tell.dispatch, {lot: 2_000}, "P4").lots[0]
        self._say(tell.arrival, {load: 2_004})
        made = [("pet.clear", 3_000), ("pet.clear", 2_500), ("pet.mixed", 1_500)]
        self._bales = self._say(tell.change, {"pet": 7_400}, made, actor="shift").lots

    def _pieces(self):
        bags = [("bag", 2_700)]
        self._say(tell.change, {"pet.clear": 3_000}, bags, process="bags", pieces={"bag": 90})
        packs = [("pack", 1_800)]
        self._say(
            tell.change, {"pet.mixed": 1_000, "bag": 900}, packs,
            process="pack", used={"bag": 30}, pieces={"pack": 10},
        )  # fmt: skip
        prices = {"price_minor_per_piece": {"bag": 300}}
        sent = self._say(tell.dispatch, {"bag": 100}, "S1", "S2", pieces={"bag": 40}).lots
        got = dict(zip(sent, (99, 39), strict=True))
        self._say(tell.arrival, got, "S2", reason="one tore", **prices)
        self._say(tell.sale, {"bag": 60}, "S2", pieces={"bag": 20}, **prices)
        self._say(tell.stocktake, {}, "S2", pieces={"bag": 17})
        self._say(tell.stocktake, {"bag": 1_650}, "S1", pieces={"bag": 25})

    def _corrections(self):
        wrong = self._say(tell.ticket, 9_000, "P2", paid_minor=100, reason="gift", actor="aigul")
        self._say(tell.reversal, wrong.id, "P2")
        self._say(tell.ticket, 900, "P2", corrects=wrong.id)
        sent = self._say(tell.dispatch, {"glass": 2_000}, "P2")
        self._say(tell.reversal, sent.id, "P2", actor="driver")
        self._say(tell.stocktake, {"glass": 7_700}, "P2")
        self._say(tell.stocktake, {"glass": 7_100}, "P2")
        counted = self._say(tell.stocktake, {"pet": 2_600}, "P3")
        self._say(tell.reversal, counted.id, "P3")
        claimed = {"claimed_ppm": 1_000, "price_minor_per_kg": {"pet.clear": 900}}
        self._say(tell.sale, {self._bales[1]: 800}, **claimed)
        self._post(Payment, site="P1", payer="fund", payee="cash", paid_minor=70_000)
        self._post(Payment, site="S1", payer="buyer", payee="cash", paid_minor=5, party="plant")

    def _erasures(self):
        slip = {"series": "P1-D", "number": 1, "seller": "Somebody", "actor": "aigul"}
        told = self._say(tell.ticket, 1_000, paid_minor=50, price_minor_per_kg=50, **slip)
        self._post(Erasure, site="P1", erases=told.id, reason="asked for", actor="office")
        sold = self._say(tell.sale, {"pet.mixed": 100}, price_minor_per_kg={"pet.mixed": -300})
        self._post(Erasure, site="S1", erases=sold.id, reason="asked for")
        self._post(Clock, site="*", actor="office", reason="looked at it")

    def _closes(self):
        span = {"from_ms": BEGIN_MS - HOUR_MS, "to_ms": BEGIN_MS + 1}
        to_ms = self._clock.now_ms - 5_000
        self._post(Close, site="P3", from_ms=BEGIN_MS - HOUR_MS, to_ms=to_ms)
        self._post(Close, site="*", actor="office", **span)
        self._post(Close, site="*", from_ms=BEGIN_MS + 1, to_ms=BEGIN_MS + 20_000)
        self._say(tell.ticket, 1_200, "P3", "glass", actor="bolat")
