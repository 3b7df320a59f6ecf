"""Deeds: what somebody says happened to materials and money.

A keeper tells a ticket, a driver a dispatch, a shift leader an arrival and a change. The book turns
each deed into one entry of postings that sum to zero. Mass is whole grams, money whole minor units,
moments are whole milliseconds since 1970 UTC.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from operator import attrgetter
from typing import ClassVar

from ainalym.errors import Issue, refuse
from ainalym.model.entry import Source
from ainalym.model.faults import MOST, faults_of_grams, faults_of_names, faults_of_takes
from ainalym.model.told import take
from ainalym.units import PPM

G_PER_KG = 1000
HALF_KG_G = G_PER_KG // 2
ROUNDING_MINOR = 100
"""Cash is paid in whole major units, so that much may differ from weight times price."""

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MONEY_ROLES = ("cash", "people", "buyer", "income", "fund")
RULES = ("scale", "process", "custody", "tolerance")
SOURCES = frozenset(source.value for source in Source) - {Source.FOUND.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What somebody says happened; the base of all kinds.

    Attributes
    ----------
    id
        A UUID version 7 that the teller's device made: the same id is recorded once.
    site
        Where it happened.
    event_ms
        When it happened.
    actor
        Who tells it.
    device_ms
        When the device thought it was told; None where no device was.
    reason
        Why, where a rule asks for it.
    corrects
        Id of the entry that this one stands for, after that was reversed.
    alias
        The name another program gave it, where that is no id of ours: at most 300 characters.
    offset
        The offset from UTC in which it was told, such as `+06:00`; empty where none was.

    Raises
    ------
    InputError
        A field has faults. Every one is listed.
    """

    kind: ClassVar[str] = ""

    id: str
    site: str
    event_ms: int
    actor: str = ""
    device_ms: int | None = None
    reason: str = ""
    corrects: str = ""
    alias: str = ""
    offset: str = ""

    def __post_init__(self) -> None:
        if found := [*self._faults_of_deed(), *self._faults()]:
            refuse(found)

    @property
    def told(self) -> dict[str, object]:
        """What was said: its kind, and the fields that say more than their default, in order."""
        return name_values(self.values)

    @property
    def values(self) -> list[object]:
        """Its kind and its fields in declared order, without defaults at the end."""
        fields_of, _, defaults = _shape(type(self))
        said = fields_of(self)
        last = len(said) - 1
        while said[last] == defaults[last]:
            last -= 1
        return [self.kind, *said[: last + 1]]

    def _faults_of_deed(self) -> Iterator[Issue]:
        if not UUID7.fullmatch(self.id):
            mend = "give a UUID version 7 in lower case, as `new_id` makes it"
            yield Issue(self._where("id"), f"{self.id!r} is no id of a deed", mend)
        if self.corrects and not UUID7.fullmatch(self.corrects):
            yield Issue(self._where("corrects"), f"{self.corrects!r} is no id", "name an entry")
        if not self.site:
            yield Issue(self._where("site"), "is empty", "say where it happened")
        if type(self.event_ms) is not int or not 0 < self.event_ms < 1 << 46:
            mend = "give milliseconds since 1970 UTC"
            yield Issue(self._where("event_ms"), f"{self.event_ms!r} is no moment", mend)
        if self.alias or self.offset:
            yield from faults_of_names(self._where, self.alias, self.offset)

    def _faults(self) -> Iterator[Issue]:
        yield from ()

    def _where(self, name: str) -> str:
        return f"{self.kind} {self.id}: {name}"

    def _faults_of_prices(self, prices: Mapping[str, int]) -> Iterator[Issue]:
        for material, price in prices.items():
            if type(price) is not int or abs(price) >= MOST:
                where = self._where(f"price_minor_per_kg {material}")
                yield Issue(where, f"is {price!r}", "give whole minor units")


@cache
def _shape(kind: type[Deed]) -> tuple[Callable, tuple[str, ...], tuple[object, ...]]:
    """What gets a deed's fields, their names, and their defaults."""
    names = tuple(f.name for f in fields(kind))
    defaults = tuple(
        f.default if f.default_factory is MISSING else f.default_factory() for f in fields(kind)
    )
    return attrgetter(*names), names, defaults


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket(Deed):
    """A keeper weighs and pays: mass in and money out, in one entry.

    Attributes
    ----------
    material
        What was brought, as graded at the counter.
    gross_g, tare_g, deduction_g
        What the scale showed, the empty vessel, and what was taken off for dirt and water.
    price_minor_per_kg, paid_minor
        What was promised and what was paid. They may differ by rounding to whole coins, or with a
        `reason`.
    currency
        Of the money.
    source
        Where it comes from, a `Source`.
    scale
        The scale it was weighed on.
    seller, consent
        Who brought it, as far as they wish to say, and whether they agreed to be written down.
    series, number
        The slip: numbers run in one series without a gap.
    price_list
        Which list the price stands on.
    """

    kind: ClassVar[str] = "ticket"

    material: str
    gross_g: int
    tare_g: int = 0
    deduction_g: int = 0
    price_minor_per_kg: int = 0
    paid_minor: int = 0
    currency: str = "KZT"
    source: str = Source.PEOPLE.value
    scale: str = ""
    seller: str = ""
    consent: bool = False
    series: str = ""
    number: int = 0
    price_list: str = ""

    @property
    def net_g(self) -> int:
        """What was bought."""
        return self.gross_g - self.tare_g - self.deduction_g

    @property
    def due_minor(self) -> int:
        """Weight times price, rounded to the nearest minor unit."""
        return (self.net_g * self.price_minor_per_kg + HALF_KG_G) // G_PER_KG

    def _faults(self) -> Iterator[Issue]:
        numbers = (self.gross_g, self.tare_g, self.deduction_g)
        numbers += (self.price_minor_per_kg, self.paid_minor)
        if {*map(type, numbers)} != {int} or min(numbers) < 0 or max(numbers) >= MOST:
            mend = "give whole grams and whole minor units, 0 or more"
            yield Issue(self._where("weights and money"), f"are {numbers}", mend)
            return
        if self.net_g <= 0:
            fault = f"gross {self.gross_g} g less {self.tare_g} g and {self.deduction_g} g"
            mend = "weigh again: the net weight has to be above 0"
            yield Issue(self._where("gross_g"), f"{fault} leaves nothing", mend)
        elif abs(self.paid_minor - self.due_minor) >= ROUNDING_MINOR and not self.reason:
            fault = f"is {self.paid_minor}, but weight times price is {self.due_minor}"
            yield Issue(self._where("paid_minor"), fault, "give a reason for another amount")
        if self.source not in SOURCES:
            fault, mend = f"{self.source!r} is unknown", f"use one of {', '.join(sorted(SOURCES))}"
            yield Issue(self._where("source"), fault, mend)
        if not self.material:
            yield Issue(self._where("material"), "is empty", "say what was weighed")
        if bool(self.series) != (0 < self.number < MOST):
            fault = f"series {self.series!r} with number {self.number}"
            yield Issue(self._where("number"), fault, "give both, numbers from 1, or neither")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch(Deed):
    """A load leaves a site for another and is under way until it arrives.

    Attributes
    ----------
    to
        The site it goes to.
    loads
        Grams by material, taken from the oldest lots first.
    lots
        Grams by lot, for lots chosen by hand (scanned); may stand beside `loads`.
    vehicle
        Its plate.
    """

    kind: ClassVar[str] = "dispatch"

    to: str
    loads: Mapping[str, int] = field(default_factory=dict)
    lots: Mapping[int, int] = field(default_factory=dict)
    vehicle: str = ""

    def _faults(self) -> Iterator[Issue]:
        if not self.to or self.to == self.site:
            yield Issue(self._where("to"), f"is {self.to!r}", "name another site")
        yield from faults_of_takes(self._where, self.loads, self.lots)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival(Deed):
    """A load under way is weighed in.

    Attributes
    ----------
    lots
        What the scale shows, in grams, by the lot under way.
    price_minor_per_kg
        What the receiving site pays the sending one, by material; a plant that accepts.
    currency
        Of the money.
    scale
        The scale it was weighed on.
    """

    kind: ClassVar[str] = "arrival"

    lots: Mapping[int, int]
    price_minor_per_kg: Mapping[str, int] = field(default_factory=dict)
    currency: str = "KZT"
    scale: str = ""

    def _faults(self) -> Iterator[Issue]:
        yield from faults_of_takes(self._where, {}, self.lots)
        yield from self._faults_of_prices(self.price_minor_per_kg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Deed):
    """Materials go through a process and come out as others, weighed.

    Attributes
    ----------
    process
        Its id; the book has to know its recipe.
    inputs, lots
        Grams by material (oldest lots first), and by lot chosen by hand.
    outputs
        Pairs of material and grams, one for each lot made: three bales are three pairs. What is
        missing to the inputs is loss.
    scale
        The scale the outputs were weighed on.
    """

    kind: ClassVar[str] = "change"

    process: str
    inputs: Mapping[str, int] = field(default_factory=dict)
    lots: Mapping[int, int] = field(default_factory=dict)
    outputs: tuple[tuple[str, int], ...] = ()
    scale: str = ""

    def _faults(self) -> Iterator[Issue]:
        if not self.process:
            yield Issue(self._where("process"), "is empty", "name the process")
        yield from faults_of_takes(self._where, self.inputs, self.lots)
        for k, (material, grams) in enumerate(self.outputs):
            yield from faults_of_grams(self._where(f"outputs[{k}] {material}"), grams)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale(Deed):
    """Mass leaves the book's world for money: a product to a buyer, residue to a landfill.

    Attributes
    ----------
    loads, lots
        As for `Dispatch`.
    buyer
        Who takes it.
    price_minor_per_kg
        By material; negative where a fee is paid, as at a landfill.
    currency
        Of the money.
    claimed_ppm
        The recycled share the buyer is told, in parts per million; at most what the book computes.
        None when nothing is claimed.
    """

    kind: ClassVar[str] = "sale"

    buyer: str
    loads: Mapping[str, int] = field(default_factory=dict)
    lots: Mapping[int, int] = field(default_factory=dict)
    price_minor_per_kg: Mapping[str, int] = field(default_factory=dict)
    currency: str = "KZT"
    claimed_ppm: int | None = None

    def _faults(self) -> Iterator[Issue]:
        if not self.buyer:
            yield Issue(self._where("buyer"), "is empty", "say who takes it")
        claimed = self.claimed_ppm
        if claimed is not None and (type(claimed) is not int or not 0 <= claimed <= PPM):
            mend = f"give whole parts per million from 0 to {PPM}"
            yield Issue(self._where("claimed_ppm"), f"is {claimed!r}", mend)
        yield from faults_of_takes(self._where, self.loads, self.lots)
        yield from self._faults_of_prices(self.price_minor_per_kg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(Deed):
    """A stock-take: what lies at a site, by material, in grams; the book is set to it."""

    kind: ClassVar[str] = "count"

    counted: Mapping[str, int]

    def _faults(self) -> Iterator[Issue]:
        if not self.counted:
            yield Issue(self._where("counted"), "is empty", "count at least one material")
        for material, grams in self.counted.items():
            if type(grams) is not int or not 0 <= grams < MOST:
                where = self._where(f"counted {material}")
                yield Issue(where, f"is {grams!r}", "give whole grams, 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(Deed):
    """Money between two accounts of a site: a float for the counter, a buyer who pays.

    Attributes
    ----------
    payer, payee
        Roles of accounts: `fund` to `cash` fills the counter's float, `buyer` to `cash` settles.
    paid_minor, currency
        How much.
    party
        The buyer, where one of the roles is `buyer`.
    """

    kind: ClassVar[str] = "payment"

    payer: str
    payee: str
    paid_minor: int
    party: str = ""
    currency: str = "KZT"

    def _faults(self) -> Iterator[Issue]:
        for name in ("payer", "payee"):
            if getattr(self, name) not in MONEY_ROLES:
                fault = f"{getattr(self, name)!r} is no account of money"
                yield Issue(self._where(name), fault, f"use one of {', '.join(MONEY_ROLES)}")
        if type(self.paid_minor) is not int or not 0 < self.paid_minor < MOST:
            fault = f"is {self.paid_minor!r}"
            yield Issue(self._where("paid_minor"), fault, "give whole minor units above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal(Deed):
    """An earlier entry is taken back whole; what is right is told anew, with `corrects`."""

    kind: ClassVar[str] = "reversal"

    reverses: str

    def _faults(self) -> Iterator[Issue]:
        if not UUID7.fullmatch(self.reverses):
            yield Issue(self._where("reverses"), f"{self.reverses!r} is no id", "name an entry")
        if not self.reason:
            yield Issue(self._where("reason"), "is empty", "say why it is taken back")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Deed):
    """A rule the book goes by from a moment on: itself an entry, so that it cannot be changed.

    Attributes
    ----------
    about
        `scale` (until when it is verified), `process` (recipe and band), `custody` (model of a
        site and material), `tolerance` (of weights on the way).
    name
        Of what: the scale's or process's id, `site/material` for custody.
    terms
        The rule, as JSON holds it.
    """

    kind: ClassVar[str] = "rule"

    about: str
    name: str
    terms: Mapping[str, object]

    def _faults(self) -> Iterator[Issue]:
        if self.about not in RULES:
            fault = f"{self.about!r} is no kind of rule"
            yield Issue(self._where("about"), fault, f"use one of {', '.join(RULES)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Deed):
    """A period of a site is closed: nothing in it changes any more.

    Attributes
    ----------
    from_ms, to_ms
        Its first moment and the first one after it.
    """

    kind: ClassVar[str] = "close"

    from_ms: int
    to_ms: int

    def _faults(self) -> Iterator[Issue]:
        if not 0 <= self.from_ms < self.to_ms <= self.event_ms:
            fault = f"from {self.from_ms} to {self.to_ms}, closed at {self.event_ms}"
            mend = "close a period after its end"
            yield Issue(self._where("to_ms"), fault, mend)


KINDS: dict[str, type[Deed]] = {
    kind.kind: kind
    for kind in (
        Ticket,
        Dispatch,
        Arrival,
        Change,
        Sale,
        Count,
        Payment,
        Reversal,
        Rule,
        Close,
    )
}


def name_values(values: Sequence[object]) -> dict[str, object]:
    """Name what `Deed.values` lists; fields that say their default are left out."""
    _, names, defaults = _shape(KINDS[str(values[0])])
    said = zip(names, values[1:], defaults, strict=False)
    return {"kind": values[0]} | {name: value for name, value, usual in said if value != usual}


def read_deed(told: Mapping[str, object]) -> Deed:
    """Make a deed of its fields, as `Deed.told` gives them.

    Raises
    ------
    InputError
        The kind or a field is unknown, one is missing, or the deed has faults.
    """
    said = dict(told)
    name = said.pop("kind", "")
    if not isinstance(name, str) or name not in KINDS:
        refuse([Issue("kind", f"{name!r} is no deed", f"use one of {', '.join(KINDS)}")])
    fields_of, issues = take(KINDS[name], said, name)
    refuse(issues)
    return KINDS[name](**fields_of)
