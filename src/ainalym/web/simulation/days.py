"""Day after day of a simulated programme, and the reckoning at the end."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

from ainalym.errors import law
from ainalym.ledger import entries, open_book, verify
from ainalym.model.entry import ms, now_ms
from ainalym.units import MINOR_PER_MAJOR
from ainalym.web.simulation import people
from ainalym.web.simulation.host import Host
from ainalym.web.simulation.network import Client, Network
from ainalym.web.simulation.people import A_DAY_MS, AN_HOUR_MS, Place, Terms, Told

CLIENTS = 16
TICKETS = 24
"""A point's on an average day."""

WEEK = 7
WEEKLY_MINOR = 400_000 * MINOR_PER_MAJOR
ZONE = ZoneInfo("Asia/Almaty")
FRACTIONS = ("paper", "cardboard", "plastic", "glass", "metal")


@dataclass(frozen=True)
class Outcome:
    """What came of a simulation.

    Attributes
    ----------
    days, tickets, deeds
        How many were simulated, and acknowledged by the site.
    kills
        How often the site was killed.
    network
        How often what happened on the way.
    median_s, late_s
        How long answers took, their median and the 99th of a hundred.
    stock_g
        What lies where at the end, by site and material.
    faults
        What the book has that it should not, and the other way round; empty if all is well.
    """

    days: int
    tickets: int
    deeds: int
    kills: int
    network: dict[str, int]
    median_s: float
    late_s: float
    stock_g: dict[str, dict[str, int]]
    faults: tuple[str, ...]


class Simulation:
    """A programme that lives through days.

    Parameters
    ----------
    host
        The site, started.
    network
        Between its people and it.
    seed
        Of everything that happens.
    """

    def __init__(self, host: Host, network: Network, seed: int) -> None:
        self._host, self._network, self._seed = host, network, seed
        self._clients: list[Client] = []
        self.told: dict[str, str] = {}
        self.counted: Counter[str] = Counter()
        self._department = self._client("department")
        self.auditor = self._client("auditor")
        self.places = {place.id: place for place in self._places()}
        self._terms = self._ask_terms()

    def _client(self, name: str) -> Client:
        chance = random.Random(f"{self._seed} network {name}")
        client = Client(self._network, self._host.tokens[name], chance)
        self._clients.append(client)
        return client

    def _places(self) -> Iterator[Place]:
        """List sites with whoever works there."""
        known = {one["id"]: one for one in self.auditor.get_list("/sites")}
        for name in sorted(self._host.tokens):
            client = self._client(name)
            mine = client.get_list("/sites")
            if len(mine) == 1 and len(known) > 1:
                site = mine[0]
                yield Place(
                    id=site["id"],
                    kind=site["kind"],
                    ships_to=site["ships_to"] or "",
                    scale=(site["scales"] or [""])[0],
                    client=client,
                    chance=random.Random(f"{self._seed} {site['id']}"),
                )

    def _ask_terms(self) -> Terms:
        prices = self._department.get("/prices?site=pt-003")
        recipes: dict[str, dict] = {}
        for name, terms in self._department.get("/rules?about=process").items():
            recipes.setdefault(terms.get("at", ""), {})[name] = terms["recipe_ppm"]
        buyers: dict[str, tuple[str, int]] = {}
        for offer in self._department.get_list("/offers"):
            at, price = offer["site"], offer["price_minor_per_kg"]
            place = self.places.get(at)
            if place is not None and place.kind != "plant":
                continue
            best = buyers.get(offer["material"])
            if best is None or price > best[1]:
                buyers[offer["material"]] = (at, price)
        paid = prices["paid_minor_per_kg"]
        return Terms(
            paid_minor_per_kg=paid,
            price_list=prices["price_list"],
            recipes=recipes,
            buyers=buyers,
            bought=tuple(one for one in FRACTIONS if one in paid),
        )

    def live(self, day: int, day_ms: int, tickets: int) -> None:
        """Let one day pass.

        Parameters
        ----------
        day
            Its number, from 0.
        day_ms
            Its first moment.
        tickets
            A point's, on average.
        """
        points, stations, plants = (
            [one for one in self.places.values() if one.kind == kind]
            for kind in ("point", "station", "plant")
        )
        terms, hour = self._terms, lambda hours: day_ms + round(hours * AN_HOUR_MS)
        prices = {one: price for one, (_, price) in terms.buyers.items() if price > 0}
        begins_week = day % WEEK == 0

        def early(place: Place) -> Iterator[Told]:
            if begins_week and place.kind == "point":
                yield people.fill_till(place, hour(8), WEEKLY_MINOR)
            if place.kind != "point":
                paid = prices if place.kind == "plant" else {}
                yield from people.weigh_in(place, hour(8), paid)

        self._at(hour(8), early, [*points, *stations, *plants])
        self._at(hour(17), lambda one: people.buy(one, terms, day_ms, tickets), points)
        self._at(hour(17.2), lambda one: people.process(one, terms, hour(17.2)), stations + plants)
        self._at(hour(17.5), lambda one: people.collect(one, hour(17.5)), points)
        self._at(hour(17.6), lambda one: people.sell_on(one, terms, hour(17.6)), stations)
        if begins_week:
            self._at(hour(17.7), lambda one: people.sell_products(one, terms, hour(17.7)), plants)

    def hang_up(self) -> None:
        """Let go of all lines to the site."""
        for client in self._clients:
            client.close()

    def close(self, from_ms: int, to_ms: int) -> None:
        """The department closes a period at all sites."""
        self._host.set_clock(to_ms)
        chance = random.Random(f"{self._seed} close {from_ms}")
        office = Place("*", "", "", "", self._department, chance)
        deed = office.deed("close", to_ms, from_ms=from_ms, to_ms=to_ms)
        self._hear([people.acknowledged(office, deed, {})])

    def _at(
        self, at_ms: int, happens: Callable[[Place], Iterable[Told]], places: list[Place]
    ) -> None:
        """Let something happen at many places at once, each place in an order of its own."""
        self._host.set_clock(at_ms)
        with ThreadPoolExecutor(CLIENTS) as hands:
            for told in hands.map(lambda place: [*happens(place)], places):
                self._hear(told)

    def _hear(self, told: Iterable[Told]) -> None:
        for deed, moved_g in told:
            law(deed["id"] not in self.told, said=f"the seed made {deed['id']} twice")
            self.told[deed["id"]] = deed["kind"]
            self.counted[deed["kind"]] += 1
            if not moved_g:
                continue
            stock_g = self.places[deed["site"]].stock_g
            for material, grams in moved_g.items():
                stock_g[material] = stock_g.get(material, 0) + grams


def simulate(
    data: Path,
    *,
    database: str,
    days: int,
    seed: int,
    tickets: int = TICKETS,
    kills: int = 0,
    bad: bool = True,
    progress: Callable[[str, float], None] | None = None,
) -> Outcome:
    """Simulate a programme up to yesterday, in a folder or a database without one, and reckon.

    Parameters
    ----------
    data
        A new folder for the site.
    database
        `postgresql://...`, or empty for SQLite files in the folder.
    days, seed, tickets
        How many days; of everything that happens; a point's tickets on an average day.
    kills
        How often the site is killed while people speak to it.
    bad
        Whether the network loses anything.
    progress
        Told what is going on, and which share is done.
    """
    today = datetime.fromtimestamp(now_ms() / 1000, ZONE)
    midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
    first_ms = ms(midnight) - days * A_DAY_MS
    host = Host(data, database=database, at_ms=first_ms)
    network = Network(host.port, bad=bad)
    try:
        host.start()
        running = Simulation(host, network, seed)
        when = random.Random(f"{seed} kills")
        struck = Counter(when.randrange(days) for _ in range(kills))
        closed_ms = first_ms
        for day in range(days):
            day_ms = first_ms + day * A_DAY_MS
            if progress is not None:
                progress(f"day {day + 1} of {days}", day / days)
            if day and datetime.fromtimestamp(day_ms / 1000, ZONE).day == 1:
                running.close(closed_ms, day_ms)
                closed_ms = day_ms
            with _striking(host, when, struck[day]):
                running.live(day, day_ms, tickets)
        host.set_clock(first_ms + days * A_DAY_MS)
        stock_g, faults = _held_against(running)
        running.hang_up()
    finally:
        host.stop()
    faults += _faults_of_book(database or str(data / "book.sqlite"), running.told)
    took_s = sorted(network.took_s)
    return Outcome(
        days=days,
        tickets=running.counted["ticket"],
        deeds=len(running.told),
        kills=host.kills,
        network=dict(sorted(network.seen.items())),
        median_s=median(took_s),
        late_s=took_s[int(0.99 * (len(took_s) - 1))],
        stock_g=stock_g,
        faults=tuple(faults),
    )


@contextmanager
def _striking(host: Host, when: random.Random, times: int) -> Iterator[None]:
    """Kill the site so many times while something happens."""

    def strike() -> None:
        for pause_s in pauses:
            if ended.wait(pause_s):
                return
            host.kill()

    pauses, ended = [when.uniform(0.05, 0.5) for _ in range(times)], threading.Event()
    hand = threading.Thread(target=strike)
    hand.start()
    try:
        yield
    finally:
        # Whoever is about to strike still does: what is done after it has to hold as well.
        hand.join()
        ended.set()


def _held_against(running: Simulation) -> tuple[dict[str, dict[str, int]], list[str]]:
    """Hold what people remember against what the site says lies where."""
    faults, found = [], {}
    for place in running.places.values():
        known = {one: grams for one, grams in sorted(place.stock_g.items()) if grams}
        found[place.id] = known
        said = running.auditor.get(f"/stock?site={place.id}")["stock_g"]
        if said != known:
            faults.append(f"{place.id}: the book says {said}, and people remember {known}")
    return found, faults


def _faults_of_book(where: str, told: dict[str, str]) -> list[str]:
    """Look whether all that was acknowledged is there once, nothing else is, and all is whole."""
    seen: Counter[str] = Counter()
    faults, after = [], 0
    with open_book(where, read_only=True) as book:
        while page := entries(book, after=after, most=5_000):
            seen.update(one.id for one in page if one.actor)
            after = page[-1].seq
        faults += verify(book).faults
    lost, strange = told.keys() - seen.keys(), seen.keys() - told.keys()
    faults += [f"{one} was acknowledged and is not in the book" for one in sorted(lost)[:10]]
    faults += [f"{one} is in the book, and nobody was told so" for one in sorted(strange)[:10]]
    return faults
