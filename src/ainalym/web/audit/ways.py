"""Ways: the steps that a lot's grams took, from the tickets that bought them to where they are.

A step is a point with its tickets, a load with its weighing in, a sorting run, a lot that came out
of it, or an end: sold, lost, missed at a stock-take, or still there. Grams are always those of the
lot that was asked for.
"""

from collections import defaultdict
from typing import NamedTuple

from ainalym.ledger import Book, Claim, Path, claim, entry, follow
from ainalym.ledger.draws import apportion
from ainalym.ledger.provenance import UNKNOWN
from ainalym.model.entry import Entry, Lot, Source

Key = tuple[str, str | int]

ENDS = {"change": "loss", "arrival": "lost", "sale": "sold", "count": "missed"}
"""Where grams go that leave the book, by the kind of the entry that takes them out."""


class Step(NamedTuple):
    """One step of a way.

    Attributes
    ----------
    kind
        `point`, `found`, `unknown`, `load`, `run`, `lot`, `sold`, `lost`, `loss`, `missed`, `lies`.
    site, to
        Where, and where to; of what is sold, the buyer.
    what
        The material; of a run the process; empty where there are several.
    grams
        Of the lot that was asked for, that took this step.
    lots
        The lots it consists of: a load's both weights, a point's tickets.
    entries
        Numbers of the entries that tell of it; a point's tickets are told by their lots.
    column
        How many steps there are before it at most.
    asked
        Whether the lot that was asked for is in it.
    """

    key: Key
    kind: str
    site: str
    to: str
    what: str
    grams: int
    lots: tuple[Lot, ...]
    entries: tuple[int, ...]
    column: int
    asked: bool


class Way(NamedTuple):
    """A lot's whole way.

    Attributes
    ----------
    lot, made, claim
        The lot, the entry that made it, and what may be said of it. Of a lot in pieces that was
        weighed as well it is the lot in grams that was made with it.
    steps
        By key, in the order of columns, the largest first.
    links
        Grams that went from one step to another; what enters a step leaves it.
    taken_g
        Grams by the tickets' lots.
    """

    lot: Lot
    made: Entry
    claim: Claim
    steps: dict[Key, Step]
    links: dict[tuple[Key, Key], int]
    taken_g: dict[int, int]


def way_of(book: Book, number: int) -> Way:
    """Follow a lot both ways, and tell the steps.

    Parameters
    ----------
    number
        Of the lot.

    Raises
    ------
    NotFoundError
        There is no such lot.
    """
    said = claim(book, number)
    made = entry(book, said.lot.entry)
    found = _Found(book, said.path)
    found.came(said.path)
    if made.reversed_by is None:
        found.went(follow(book, said.lot.id))
    return Way(said.lot, made, said, found.steps(), dict(found.links), found.taken_g)


class _Found:
    """Gathers the steps of a way out of its draws."""

    def __init__(self, book: Book, up: Path) -> None:
        self.asked = up.lot
        self._book = book
        self.links: dict[tuple[Key, Key], int] = defaultdict(int)
        self.taken_g: dict[int, int] = {}
        self._lots: dict[int, Lot] = {}
        self._parent: dict[int, int] = {}
        self._told: dict[Key, dict[int, Lot]] = defaultdict(dict)
        self._said: dict[Key, tuple[str, str, str]] = {}
        self._entries: dict[Key, set[int]] = defaultdict(set)
        self._meet(up)

    def came(self, up: Path) -> None:
        """Take over where the grams came from, to the gram: what enters a step leaves it."""
        drawn: dict[int, list[tuple[int, int]]] = defaultdict(list)
        wanted = defaultdict(int, {up.lot.id: up.lot.made_g})
        for child, parent, grams in up.links:
            drawn[child].append((parent, grams))
            wanted[parent] += grams
        whole = defaultdict(int, {up.lot.id: up.lot.made_g})
        for number in sorted(up.lots, reverse=True):
            one, draws = up.lots[number], drawn[number]
            if one.source:
                continue
            weights = [grams for _, grams in draws]
            unknown = wanted[number] - sum(weights)
            # Each draw was rounded to whole grams.
            unknown = unknown if unknown > len(draws) / 2 + 1 else 0
            *parts, rest = _shared(whole[number], [*weights, unknown])
            for (parent, _), part in zip(draws, parts, strict=True):
                whole[parent] += part
                self._drawn(number, parent, part)
            if rest:
                key = ("unknown", one.account.site)
                self._said[key] = (one.account.site, "", one.account.what)
                self.links[key, self._key(one)] += rest
        self.taken_g = {k: grams for k, grams in whole.items() if up.lots[k].source}

    def went(self, down: Path) -> None:
        """Take over where the grams went, to the gram."""
        self._meet(down)
        drawn: dict[int, list[tuple[int | None, int]]] = defaultdict(list)
        for child, parent, grams in down.links:
            drawn[parent].append((child, grams))
        whole = defaultdict(int, {down.lot.id: down.lot.made_g})
        left: dict[int, int] = defaultdict(int)
        for number in sorted(down.lots):
            one, draws = down.lots[number], drawn[number]
            weights = [grams for _, grams in draws]
            *parts, rest = _shared(whole[number], [*weights, down.ends_g.get(number, 0)])
            for (child, _), part in zip(draws, parts, strict=True):
                if child is None:
                    left[number] += part
                else:
                    whole[child] += part
                    self._drawn(child, number, part)
            if rest:
                account = one.account
                key = ("lies", account.name)
                self._said[key] = (account.site, account.to, account.what)
                self._told[key][number] = one
                self.links[self._key(one), key] += rest
        self._leave(down, left)

    def steps(self) -> dict[Key, Step]:
        """Give all steps, with what flows through each and the column it stands in."""
        into: dict[Key, int] = defaultdict(int)
        out: dict[Key, int] = defaultdict(int)
        for (origin, target), grams in self.links.items():
            out[origin] += grams
            into[target] += grams
        asked = self._key(self.asked)
        columns = _columns([*self.links]) or {asked: 0}
        steps = []
        for key, column in columns.items():
            lots = tuple(one for _, one in sorted(self._told[key].items()))
            entries = tuple(sorted(self._entries[key]))
            site, to, what = self._said.get(key) or self._words(lots)
            kind = "point" if key[0] == "ticket" else str(key[0])
            grams = max(into[key], out[key])
            step = Step(key, kind, site, to, what, grams, lots, entries, column, key == asked)
            steps.append(step)
        steps.sort(key=lambda one: (one.column, -one.grams, str(one.key)))
        return {one.key: one for one in steps}

    def _meet(self, path: Path) -> None:
        """Learn the lots of a path, and which step each belongs to."""
        self._lots |= path.lots
        for child, parent, _ in path.links:
            if child is not None:
                self._parent.setdefault(child, parent)
        for one in path.lots.values():
            key = self._key(one)
            self._told[key][one.id] = one
            if key[0] != "point":
                self._entries[key].add(one.entry)

    def _key(self, one: Lot) -> Key:
        if one.source == Source.FOUND:
            return ("found", one.id)
        if one.source:
            return ("ticket", one.id) if one.id == self.asked.id else ("point", one.account.site)
        if one.account.role == "transit":
            return ("load", one.id)
        parent = self._lots.get(self._parent.get(one.id, UNKNOWN))
        if parent is not None and parent.account.role == "transit":
            return ("load", parent.id)
        return ("lot", one.id)

    def _drawn(self, child: int, parent: int, grams: int) -> None:
        made, used = self._lots[child], self._lots[parent]
        here, before = self._key(made), self._key(used)
        if here == before or not grams:
            return
        if here[0] == "lot":
            self.links[before, self._run(made.entry)] += grams
            self.links[("run", made.entry), here] += grams
        else:
            self.links[before, here] += grams

    def _run(self, seq: int) -> Key:
        key = ("run", seq)
        if key not in self._said:
            told = entry(self._book, seq)
            self._said[key] = (told.site, "", told.body["process"])
            self._entries[key].add(seq)
        return key

    def _leave(self, down: Path, left: dict[int, int]) -> None:
        """Say how the grams of each lot left: by which entries, in proportion to what they took."""
        took: dict[int, list[tuple[Entry, str, int]]] = defaultdict(list)
        for kind, seq in sorted(down.left_g, key=lambda one: one[1]):
            told = entry(self._book, seq)
            for child, parent, grams in told.draws:
                if child is None and parent in left:
                    took[parent].append((told, kind, grams))
        for parent, uses in took.items():
            one, parts = self._lots[parent], _shared(left[parent], [grams for *_, grams in uses])
            for (told, kind, _), part in zip(uses, parts, strict=True):
                key = (ENDS[kind], told.seq if kind == "sale" else told.site)
                self._end(key, told, one.account.what)
                if kind == "change":
                    run = self._run(told.seq)
                    self.links[self._key(one), run] += part
                    self.links[run, key] += part
                else:
                    self.links[self._key(one), key] += part

    def _end(self, key: Key, told: Entry, what: str) -> None:
        """Say what left the book there; nothing of the material where it is not one alone."""
        known = self._said.get(key)
        if known is not None and known[2] != what:
            what = ""
        self._said[key] = (told.site, told.body.get("buyer", ""), what)
        self._entries[key].add(told.seq)

    def _words(self, lots: tuple[Lot, ...]) -> tuple[str, str, str]:
        """Say where a step of lots is, where it goes, and of what."""
        first = lots[0].account
        whats = {one.account.what for one in lots}
        return first.site, first.to, first.what if len(whats) == 1 else ""


def _shared(total_g: int, weights: list[int]) -> list[int]:
    """Split grams in proportion, to the last gram; evenly where nothing tells them apart."""
    return apportion(total_g, weights if any(weights) else [1] * len(weights))


def _columns(links: list[tuple[Key, Key]]) -> dict[Key, int]:
    """Say how many steps there are before each one at most; a way never turns back on itself."""
    after: dict[Key, list[Key]] = defaultdict(list)
    waits: dict[Key, int] = defaultdict(int)
    for origin, target in links:
        after[origin].append(target)
        waits[origin] += 0
        waits[target] += 1
    ready = [key for key, count in waits.items() if not count]
    columns = dict.fromkeys(ready, 0)
    for key in ready:
        for target in after[key]:
            columns[target] = max(columns.get(target, 0), columns[key] + 1)
            waits[target] -= 1
            if not waits[target]:
                ready.append(target)
    return columns
