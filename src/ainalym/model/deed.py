"""Deeds: what somebody says happened to materials and money.

A keeper tells a ticket, a driver a dispatch, a shift leader an arrival and a change. The book turns
each deed into one entry of postings that sum to zero. Mass is whole grams, money whole minor units,
products may be counted in whole pieces as well; moments are whole milliseconds since 1970 UTC.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from ainalym.errors import Issue, refuse
from ainalym.model.any_deed import LATEST_MS, MOST, UUID7, Deed, faults_of_takes
from ainalym.model.entry import Source
from ainalym.model.faults import faults_of_json, is_name, named, shown
from ainalym.model.told import take
from ainalym.units import PPM

G_PER_KG = 1000
HALF_KG_G = G_PER_KG // 2
ROUNDING_MINOR = 100
"""Cash is paid in whole major units, so that much may differ from weight times price."""

CURRENCY_MEND = "give its three letters, such as KZT"

MONEY_ROLES = ("cash", "people", "buyer", "income", "fund")
RULES = ("scale", "process", "custody", "tolerance")
SOURCES = frozenset(source.value for source in Source) - {Source.FOUND.value}


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
        return _due_minor(self.net_g, self.price_minor_per_kg)

    def _faults(self) -> Iterator[Issue]:
        gross_g, tare_g, deduction_g = self.gross_g, self.tare_g, self.deduction_g
        price, paid = self.price_minor_per_kg, self.paid_minor
        net_g = gross_g - tare_g - deduction_g
        # None is below 0 and none has a 54th bit; min and max take three times as long.
        if not 0 <= gross_g | tare_g | deduction_g | price | paid < MOST:
            numbers = map(shown, (gross_g, tare_g, deduction_g, price, paid))
            mend = "give whole grams and whole minor units, 0 or more"
            yield Issue(self._where("weights and money"), f"are ({', '.join(numbers)})", mend)
        elif net_g <= 0:
            fault = f"gross {gross_g} g less {tare_g} g and {deduction_g} g leaves nothing"
            mend = "weigh again: the net weight has to be above 0"
            yield Issue(self._where("gross_g"), fault, mend)
        elif not self.reason and abs(paid - (due := _due_minor(net_g, price))) >= ROUNDING_MINOR:
            fault = f"is {paid}, but weight times price is {due}"
            yield Issue(self._where("paid_minor"), fault, "give a reason for another amount")
        if self.source not in SOURCES:
            fault = f"{shown(self.source)} is unknown"
            yield Issue(self._where("source"), fault, f"use one of {', '.join(sorted(SOURCES))}")
        if not is_name(self.material):
            yield from self._faults_of_name("material", self.material, "say what was weighed")
        if paid and not is_name(self.currency):
            yield from self._faults_of_name("currency", self.currency, CURRENCY_MEND)
        if not 0 < self.number < MOST if self.series else self.number:
            fault = f"series {shown(self.series)} with number {shown(self.number)}"
            yield Issue(self._where("number"), fault, "give both, numbers from 1, or neither")


def _due_minor(net_g: int, price_minor_per_kg: int) -> int:
    return (net_g * price_minor_per_kg + HALF_KG_G) // G_PER_KG


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
        Grams by lot, for lots chosen by hand (scanned); pieces where the lot is counted in pieces.
        May stand beside `loads`.
    pieces
        Pieces by product, taken from the oldest lots first.
    vehicle
        Its plate.
    """

    kind: ClassVar[str] = "dispatch"

    to: str
    loads: Mapping[str, int] = field(default_factory=dict)
    lots: Mapping[int, int] = field(default_factory=dict)
    pieces: Mapping[str, int] = field(default_factory=dict)
    vehicle: str = ""

    def _faults(self) -> Iterator[Issue]:
        if not self.to or self.to == self.site:
            yield Issue(self._where("to"), f"is {shown(self.to)}", "name another site")
        else:
            yield from self._faults_of_name("to", self.to, "name another site")
        yield from faults_of_takes(self, self.loads, self.lots, self.pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival(Deed):
    """A load under way is weighed in.

    Attributes
    ----------
    lots
        What the scale shows, in grams, by the lot under way; what was counted, for pieces.
    price_minor_per_kg, price_minor_per_piece
        What the receiving site pays the sending one, by material or product.
    currency
        Of the money.
    scale
        The scale it was weighed on.
    """

    kind: ClassVar[str] = "arrival"

    lots: Mapping[int, int]
    price_minor_per_kg: Mapping[str, int] = field(default_factory=dict)
    price_minor_per_piece: Mapping[str, int] = field(default_factory=dict)
    currency: str = "KZT"
    scale: str = ""

    def _faults(self) -> Iterator[Issue]:
        yield from faults_of_takes(self, {}, self.lots)
        yield from self._faults_of_prices("price_minor_per_kg", self.price_minor_per_kg)
        yield from self._faults_of_prices("price_minor_per_piece", self.price_minor_per_piece)


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
    pieces, used
        Pieces of products made, and of products used up (oldest lots first). A product that is
        counted is weighed as well: its grams stand among the outputs.
    scale
        The scale the outputs were weighed on.
    """

    kind: ClassVar[str] = "change"

    process: str
    inputs: Mapping[str, int] = field(default_factory=dict)
    lots: Mapping[int, int] = field(default_factory=dict)
    outputs: tuple[tuple[str, int], ...] = ()
    pieces: Mapping[str, int] = field(default_factory=dict)
    used: Mapping[str, int] = field(default_factory=dict)
    scale: str = ""

    def _faults(self) -> Iterator[Issue]:
        if not self.process:
            yield Issue(self._where("process"), "is empty", "name the process")
        yield from faults_of_takes(self, self.inputs, self.lots)
        for k, (material, grams) in enumerate(self.outputs):
            yield from self._faults_of_numbers("grams", {material: grams}, f"outputs[{k}]")
        for name, said in (("pieces", self.pieces), ("used", self.used)):
            yield from self._faults_of_numbers("pieces", said, name)
        made = {material for material, _ in self.outputs}
        for product in sorted(self.pieces.keys() - made):
            mend = "give its grams among the outputs"
            where = self._where(f"pieces {named(product)}")
            yield Issue(where, "was counted and not weighed", mend)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale(Deed):
    """Mass leaves the book's world for money: a product to a buyer, residue to a landfill.

    Attributes
    ----------
    loads, lots, pieces
        As for `Dispatch`.
    buyer
        Who takes it.
    price_minor_per_kg, price_minor_per_piece
        By material or product; negative where a fee is paid, as at a landfill.
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
    pieces: Mapping[str, int] = field(default_factory=dict)
    price_minor_per_kg: Mapping[str, int] = field(default_factory=dict)
    price_minor_per_piece: Mapping[str, int] = field(default_factory=dict)
    currency: str = "KZT"
    claimed_ppm: int | None = None

    def _faults(self) -> Iterator[Issue]:
        yield from self._faults_of_name("buyer", self.buyer, "say who takes it")
        claimed = self.claimed_ppm
        if claimed is not None and not 0 <= claimed <= PPM:
            mend = f"give whole parts per million from 0 to {PPM}"
            yield Issue(self._where("claimed_ppm"), f"is {shown(claimed)}", mend)
        yield from faults_of_takes(self, self.loads, self.lots, self.pieces)
        yield from self._faults_of_prices("price_minor_per_kg", self.price_minor_per_kg)
        yield from self._faults_of_prices("price_minor_per_piece", self.price_minor_per_piece)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(Deed):
    """A stock-take: what lies at a site; the book is set to it.

    Attributes
    ----------
    counted, pieces
        Grams by material, and pieces by product.
    """

    kind: ClassVar[str] = "count"

    counted: Mapping[str, int] = field(default_factory=dict)
    pieces: Mapping[str, int] = field(default_factory=dict)

    def _faults(self) -> Iterator[Issue]:
        if not self.counted and not self.pieces:
            yield Issue(self._where("counted"), "is empty", "count at least one material")
        yield from self._faults_of_numbers("grams", self.counted, "counted", least=0)
        yield from self._faults_of_numbers("pieces", self.pieces, "pieces", least=0)


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
            if (role := getattr(self, name)) not in MONEY_ROLES:
                fault = f"{shown(role)} is no account of money"
                yield Issue(self._where(name), fault, f"use one of {', '.join(MONEY_ROLES)}")
        if not 0 < self.paid_minor < MOST:
            fault = f"is {shown(self.paid_minor)}"
            yield Issue(self._where("paid_minor"), fault, "give whole minor units above 0")
        yield from self._faults_of_name("currency", self.currency, CURRENCY_MEND)
        if self.party and "buyer" in (self.payer, self.payee):
            yield from self._faults_of_name("party", self.party, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal(Deed):
    """An earlier entry is taken back whole; what is right is told anew, with `corrects`."""

    kind: ClassVar[str] = "reversal"

    reverses: str

    def _faults(self) -> Iterator[Issue]:
        if not UUID7.fullmatch(self.reverses):
            yield Issue(
                self._where("reverses"), f"{shown(self.reverses)} is no id", "name an entry"
            )
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
            fault = f"{shown(self.about)} is no kind of rule"
            yield Issue(self._where("about"), fault, f"use one of {', '.join(RULES)}")
        yield from faults_of_json(self._where("terms"), self.terms)


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
        if not 0 <= self.from_ms < self.to_ms <= self.event_ms < LATEST_MS:
            from_ms, to_ms = shown(self.from_ms), shown(self.to_ms)
            fault = f"from {from_ms} to {to_ms}, closed at {shown(self.event_ms)}"
            mend = "close a period after its end"
            yield Issue(self._where("to_ms"), fault, mend)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure(Deed):
    """The private part of an earlier entry is erased: who told it, names, prices, slips.

    What it moved stays, also to whom (a buyer's name is an account's), and so does its place in the
    chain.

    Attributes
    ----------
    erases
        Id of that entry.
    """

    kind: ClassVar[str] = "erasure"

    erases: str

    def _faults(self) -> Iterator[Issue]:
        if not UUID7.fullmatch(self.erases):
            yield Issue(self._where("erases"), f"{shown(self.erases)} is no id", "name an entry")
        if not self.reason:
            yield Issue(self._where("reason"), "is empty", "say who asked for it, and why")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock(Deed):
    """Somebody looked at the clock and accepts it, though it is far from the last entry's."""

    kind: ClassVar[str] = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade(Deed):
    """A book of an earlier version is taken over: from here on entries are of a later one.

    Attributes
    ----------
    from_version, to_version
        Of the entries before, and of those from this one on.
    entries, head
        How many were taken over, and the hash of the last of them, in hexadecimal digits.
    """

    kind: ClassVar[str] = "upgrade"

    from_version: int
    to_version: int
    entries: int
    head: str

    def _faults(self) -> Iterator[Issue]:
        for name in ("from_version", "to_version", "entries"):
            if not 0 <= (number := getattr(self, name)) < MOST:
                yield Issue(self._where(name), f"is {shown(number)}", "give a whole number")


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
        Erasure,
        Clock,
        Upgrade,
    )
}


def read_deed(told: Mapping[str, object], *, kept: bool = False) -> Deed:
    """Make a deed of its fields, as `Deed.told` gives them.

    Parameters
    ----------
    kept
        Whether a book holds it already: then it is held to the types of its fields alone, not to
        what is asked of deeds since it was told.

    Raises
    ------
    InputError
        The kind or a field is unknown, one is missing, or the deed has faults.
    """
    if not isinstance(told, Mapping):
        refuse([Issue("deed", f"is {shown(told)}", "give names with values")])
    said = dict(told)
    name = said.pop("kind", "")
    if not isinstance(name, str) or name not in KINDS:
        refuse([Issue("kind", f"{shown(name)} is no deed", f"use one of {', '.join(KINDS)}")])
    fields_of, issues = take(KINDS[name], said, name)
    refuse(issues)
    return KINDS[name]._kept(fields_of) if kept else KINDS[name](**fields_of)
