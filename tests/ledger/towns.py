"""A seeded town whose counters buy, whose trucks run and whose stations sort and sell."""

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import count

from ainalym.model.deed import Arrival, Change, Deed, Dispatch, Rule, Sale, Ticket
from ainalym.model.entry import Receipt, new_id

DAY_MS = 86_400_000
BEGIN_MS = 1_735_689_600_000
"""The first moment of 2025, UTC: a year of it has passed."""

MATERIALS = ("cardboard", "paper", "plastic", "glass", "metal")
SHARES_PPM = {"clear": 780_000, "mixed": 170_000, "loss": 50_000}
Post = Callable[[Sequence[Deed]], list[Receipt]]


class Town:
    """Makes the deeds of one day after another.

    Parameters
    ----------
    post
        Records deeds and gives their receipts, whose lots later deeds name.
    points, stations, tickets
        How many there are; tickets are each day's.
    seed
        Of all chances.
    """

    def __init__(
        self, post: Post, *, points: int, stations: int, tickets: int, seed: int = 1
    ) -> None:
        self._post = post
        self._points = [f"CP{k:03d}" for k in range(points)]
        self._stations = [f"S{k}" for k in range(stations)]
        self._tickets = tickets
        self._chance = random.Random(seed)
        self._numbers = count(1)
        self._held: dict[tuple[str, str], int] = {}
        self._under_way: list[tuple[str, dict[int, int]]] = []
        self._made: dict[str, dict[str, int]] = {site: {} for site in self._stations}
        self._post([*self._rules()])

    def live(self, days: int, first: int = 0) -> int:
        """Let days pass, and tell how many deeds that made."""
        done = 0
        for day in range(first, first + days):
            for deeds in (self._morning(day), self._day(day), self._evening(day)):
                told = [*deeds]
                self._hear(told, self._post(told))
                done += len(told)
        return done

    def _hear(self, deeds: Sequence[Deed], receipts: Sequence[Receipt]) -> None:
        """Remember what lies where."""
        for deed, receipt in zip(deeds, receipts, strict=True):
            if isinstance(deed, Dispatch):
                sent = dict(zip(receipt.lots, deed.loads.values(), strict=True))
                self._under_way.append((deed.to, sent))

    def _id(self, at_ms: int) -> str:
        return new_id(at_ms, next(self._numbers).to_bytes(10, "big"))

    def _rules(self) -> Iterator[Rule]:
        at_ms = BEGIN_MS - DAY_MS
        for k in range(len(self._points)):
            until = {"verified_until_ms": BEGIN_MS + (400 if k % 20 else 100) * DAY_MS}
            yield Rule(
                id=self._id(at_ms), site="*", event_ms=at_ms, about="scale", name=f"S-{k}",
                terms=until,
            )  # fmt: skip
        for material in MATERIALS:
            shares = {
                name if name == "loss" else f"{material}.{name}": share
                for name, share in SHARES_PPM.items()
            }
            terms = {"recipe_ppm": {material: shares}, "band_ppm": 50_000}
            yield Rule(
                id=self._id(at_ms), site="*", event_ms=at_ms, about="process",
                name=f"sort {material}", terms=terms,
            )  # fmt: skip

    def _morning(self, day: int) -> Iterator[Deed]:
        """What left in the evening arrives."""
        at_ms = BEGIN_MS + day * DAY_MS + 2 * 3_600_000
        for k, (station, sent) in enumerate(self._under_way):
            got = {lot: grams - grams * self._chance.randrange(3) // 1000
                   for lot, grams in sent.items()}  # fmt: skip
            for (lot, grams), material in zip(got.items(), MATERIALS, strict=True):
                law = self._held.get((station, material), 0)
                self._held[station, material] = law + grams
                del lot
            yield Arrival(id=self._id(at_ms + k), site=station, event_ms=at_ms + k, lots=got)
        self._under_way = []

    def _day(self, day: int) -> Iterator[Deed]:
        """Keepers weigh and pay."""
        chance = self._chance
        moments = sorted(chance.randrange(3 * 3_600_000, 14 * 3_600_000)
                         for _ in range(self._tickets))  # fmt: skip
        for moment in moments:
            k = min(int(chance.random() ** 1.5 * len(self._points)), len(self._points) - 1)
            at_ms = BEGIN_MS + day * DAY_MS + moment
            material = MATERIALS[chance.randrange(5)]
            net_g = 10 * max(10, int(chance.lognormvariate(6.9, 0.9)))
            price = 2_000 + 500 * MATERIALS.index(material)
            site = self._points[k]
            self._held[site, material] = self._held.get((site, material), 0) + net_g
            yield Ticket(
                id=self._id(at_ms), site=site, event_ms=at_ms, actor=f"keeper-{k}",
                material=material, gross_g=net_g + 400, tare_g=400, price_minor_per_kg=price,
                paid_minor=(net_g * price + 500) // 1000, scale=f"S-{k}",
                source="container" if k % 10 == 3 else "people",
            )  # fmt: skip

    def _evening(self, day: int) -> Iterator[Deed]:
        """Loads leave; stations sort what they have, and sell what they made."""
        at_ms = BEGIN_MS + day * DAY_MS + 15 * 3_600_000
        for k, site in enumerate(self._points):
            loads = {m: self._held.get((site, m), 0) for m in MATERIALS}
            if (k + day) % 3 or not all(loads.values()):
                continue
            for material in MATERIALS:
                self._held[site, material] = 0
            station = self._stations[k % len(self._stations)]
            yield Dispatch(
                id=self._id(at_ms + k), site=site, event_ms=at_ms + k, to=station, loads=loads
            )
        at_ms += 60_000
        for station in self._stations:
            if made := self._made[station]:
                yield Sale(
                    id=self._id(at_ms), site=station, event_ms=at_ms, buyer="plant", loads=made,
                    price_minor_per_kg=dict.fromkeys(made, 20_000),
                )  # fmt: skip
            self._made[station] = {}
            for material in MATERIALS:
                if grams := self._held.get((station, material), 0):
                    yield self._sorted(station, material, grams, at_ms)

    def _sorted(self, station: str, material: str, grams: int, at_ms: int) -> Change:
        clear = grams * (770 + self._chance.randrange(20)) // 1000
        mixed = grams * 170 // 1000
        bales = [clear // 3, clear // 3, clear - 2 * (clear // 3)]
        outputs = [*((f"{material}.clear", bale) for bale in bales), (f"{material}.mixed", mixed)]
        self._held[station, material] = 0
        self._made[station] |= {f"{material}.clear": clear, f"{material}.mixed": mixed}
        return Change(
            id=self._id(at_ms), site=station, event_ms=at_ms, process=f"sort {material}",
            inputs={material: grams}, outputs=tuple(pair for pair in outputs if pair[1]),
        )  # fmt: skip


def deeds_of(days: int, **sizes: int) -> list[Deed]:
    """Give all deeds of a town in order, as a new book of its own heard them.

    Lots are numbered in the order they are made, so any new book numbers them alike.

    Parameters
    ----------
    days
        How many.
    sizes
        As for `Town`.
    """
    from tempfile import TemporaryDirectory

    from ainalym.ledger import open_book

    told: list[Deed] = []
    with TemporaryDirectory() as folder, open_book(f"{folder}/book.sqlite") as book:

        def post(deeds: Sequence[Deed]) -> list[Receipt]:
            told.extend(deeds)
            return book.post(deeds)

        Town(post, **sizes).live(days)
    return told
