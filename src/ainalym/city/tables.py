"""The tables of a city folder, as data: what each column means, in which unit, within which range.

The reader, the writer and the reference page are all made from here, so they cannot disagree.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import inf

from ainalym.model.material import MaterialKind
from ainalym.model.place import SiteKind, SiteStatus
from ainalym.model.programme import Cover, Objective
from ainalym.units import CURRENCIES

WASTE_SUFFIX = "_kg_per_day"
"""Columns of blocks.csv with this ending say how much of a fraction people throw away."""


class Kind(StrEnum):
    """How the cells of a column are read."""

    TEXT = "text"
    ID = "id"
    NUMBER = "number"
    WHOLE = "whole number"
    CHOICE = "one of"
    LIST = "list"
    NUMBERS = "list of numbers"
    SWITCH = "yes or no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name
        As in the file's header (in programme.csv: as in its column `key`).
    help
        What it means.
    kind
        How its cells are read.
    unit
        Of the number in the file; empty for text and bare numbers.
    scale
        The number is multiplied by ten to this power when it is read, so that tonnes become
        kilograms and money becomes minor units.
    low, high
        The range allowed, in the file's unit.
    above
        Whether `low` itself is too low.
    empty
        What an empty cell stands for, in the file's unit; `inf` for no limit; None where a cell
        must be filled.
    choices
        The words allowed.
    """

    name: str
    help: str
    kind: Kind = Kind.NUMBER
    unit: str = ""
    scale: int = 0
    low: float = -inf
    high: float = inf
    above: bool = False
    empty: str | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One file of a city folder.

    Attributes
    ----------
    name
        The file's name without `.csv`.
    help
        What one row is.
    columns
        In the order they are written.
    key
        The columns that name a row; no two rows share them.
    needed
        Whether the file has to be there.
    filled
        Whether it has to hold at least one row.
    wide
        Whether it has further columns that end in `_kg_per_day`, one a fraction.
    """

    name: str
    help: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    needed: bool = True
    filled: bool = True
    wide: bool = False

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.name}.csv"


def _id(name: str, help: str, **more) -> Column:
    return Column(name=name, help=help, kind=Kind.ID, **more)


def _text(name: str, help: str, **more) -> Column:
    return Column(name=name, help=help, kind=Kind.TEXT, **({"empty": ""} | more))


def _choice(name: str, help: str, choices: type[StrEnum], **more) -> Column:
    words = tuple(str(word) for word in choices)
    return Column(name=name, help=help, kind=Kind.CHOICE, choices=words, **more)


def _zero_up(name: str, help: str, **more) -> Column:
    return Column(name=name, help=help, **({"low": 0} | more))


def _above_zero(name: str, help: str, **more) -> Column:
    return Column(name=name, help=help, low=0, above=True, **more)


def _share(name: str, help: str, **more) -> Column:
    return Column(name=name, help=help, **({"low": 0, "high": 1, "unit": "share"} | more))


def _money(name: str, help: str, **more) -> Column:
    given = {"unit": "money", "scale": 2, "low": 0, "high": 9e13, "kind": Kind.WHOLE}
    return Column(name=name, help=help, **(given | more))


def _position() -> tuple[Column, Column]:
    return (
        Column(name="lon", help="longitude, WGS 84", unit="degrees", low=-180, high=180),
        Column(name="lat", help="latitude, WGS 84", unit="degrees", low=-90, high=90),
    )


PROGRAMME = Table(
    name="programme",
    help="what the city wants and within which means; one setting a row, in columns "
    "`key`, `value` and `note`",
    key=("key",),
    columns=(
        _text("city", "which city this is", empty=None),
        _text("date", "of when the tables speak", empty=None),
        _text("name", "of the programme", empty=None),
        Column(
            name="currency",
            help="of every amount in this folder",
            kind=Kind.CHOICE,
            choices=CURRENCIES,
        ),
        Column(
            name="first_year",
            help="first year of the plan",
            kind=Kind.WHOLE,
            low=1900,
            high=2200,
        ),
        Column(name="years", help="how many years", kind=Kind.WHOLE, low=1, high=50),
        _share("discount_share", "yearly discount rate", high=0.99),
        _share("growth_share", "yearly growth of waste", low=-0.5, high=0.5, empty="0"),
        Column(
            name="stations",
            help="how many sorting stations to open",
            kind=Kind.WHOLE,
            low=0,
            high=1000,
        ),
        Column(
            name="stations_rule",
            help="whether it is that many or fewer",
            kind=Kind.CHOICE,
            choices=("exactly", "at most"),
            empty="at most",
        ),
        _choice("objective", "what to make as good as possible", Objective),
        _share("target_share", "share of waste to be sold when the objective is cost", empty="0"),
        _zero_up(
            "keeper_per_year",
            "the least a keeper has to earn at a point",
            unit="money a year",
            scale=2,
            empty="0",
        ),
        _zero_up(
            "subsidy_per_year",
            "the most paid to all keepers together; empty for whatever is needed",
            unit="money a year",
            scale=2,
            empty="inf",
        ),
        _above_zero("walk_rate", "how fast people stop coming with the way", empty="0.25509"),
        _above_zero("walk_power", "the bend of that curve", empty="0.86745"),
        _above_zero("walk_stretch", "how many km one km with bags counts for", empty="1"),
        _above_zero("walk_limit_m", "nobody walks further", unit="m", empty="1000"),
        Column(
            name="participation",
            help="share of households that come to a point taking 1, 2, 3, ... fractions",
            kind=Kind.NUMBERS,
            unit="shares a;b;c",
            low=0,
            high=1,
            empty="1",
        ),
        _text("factor_set", "the emission factors the objective uses"),
        Column(
            name="detour_share",
            help="road length over straight line, where no roads are given",
            unit="ratio",
            low=1,
            high=9.99,
            empty="1.3",
        ),
        _above_zero("speed_km_per_h", "lorry speed there", unit="km/h", high=200, empty="28.8"),
        Column(
            name="build_years",
            help="in how many years, from the first, anything may be built; 0 for all",
            kind=Kind.WHOLE,
            low=0,
            high=50,
            empty="0",
        ),
    ),
)

TABLES = (
    PROGRAMME,
    Table(
        name="budget",
        help="money for investment: one source in one year; years without a row bring nothing",
        key=("source", "year"),
        filled=False,
        columns=(
            _id("source", "who gives it"),
            _choice("covers", "what it may pay for", Cover),
            Column(name="year", help="calendar year", kind=Kind.WHOLE, low=1900, high=2300),
            _money("amount", "what arrives in that year"),
        ),
    ),
    Table(
        name="materials",
        help="a fraction people throw away, a grade it is sorted into, a product, residue, "
        "a stock from the past or a fuel made of it",
        key=("id",),
        columns=(
            _id("id", "its name in all tables"),
            _choice("kind", "what it is", MaterialKind),
            _text("fraction", "the fraction it is counted under; empty for residue, stock, fuel"),
            _text("name", "what people call it"),
            _above_zero("density_kg_per_m3", "loose", unit="kg/m³", empty="100"),
            _text("waste_code", "its code in the waste list"),
        ),
    ),
    Table(
        name="counter",
        help="terms for one fraction at every point's counter, and how people respond",
        key=("fraction",),
        columns=(
            _id("fraction", "a material of kind fraction"),
            _zero_up("buyback_per_kg", "paid to people", unit="money/kg", scale=2),
            _zero_up("handling_per_kg", "keeper's work", unit="money/kg", scale=2, empty="0"),
            _zero_up("support_per_kg", "paid to the keeper", unit="money/kg", scale=2, empty="0"),
            _share("capture_low", "share brought for nothing"),
            _share("capture_high", "share brought at any price"),
            _above_zero("reference_per_kg", "price half way", unit="money/kg", scale=2),
        ),
    ),
    Table(
        name="gate",
        help="what a station pays a keeper for one material",
        key=("material",),
        filled=False,
        columns=(
            _id("material", "what is delivered"),
            Column(name="price_per_kg", help="what is paid", unit="money/kg", scale=2),
        ),
    ),
    Table(
        name="processes",
        help="a way of turning materials into others",
        key=("id",),
        filled=False,
        columns=(
            _id("id", "its name in all tables"),
            _choice("at", "the kind of site it stands at", SiteKind),
            _text("name", "what people call it"),
            _zero_up("cost_per_t", "of working", unit="money/t", scale=-1, empty="0"),
            Column(
                name="emissions_kg_per_t",
                help="CO2e of working",
                unit="kg/t",
                scale=-3,
                empty="0",
            ),
        ),
    ),
    Table(
        name="recipes",
        help="what one kilogram of an input becomes in a process; the shares of an input add up "
        "to 1, what becomes nothing comes out as `loss`",
        key=("process", "input", "output"),
        filled=False,
        columns=(
            _id("process", "an id of processes.csv"),
            _id("input", "a material"),
            _id("output", "a material, or loss"),
            _share("share", "to a millionth", scale=6, kind=Kind.WHOLE),
        ),
    ),
    Table(
        name="steps",
        help="one size in which a process can be bought",
        key=("process", "capacity_t_per_year"),
        filled=False,
        columns=(
            _id("process", "an id of processes.csv"),
            _above_zero("capacity_t_per_year", "what it can take in", unit="t/year", scale=3),
            _money("capex", "its price"),
            _money("fixed_per_year", "its cost, used or not", unit="money/year", empty="0"),
            _zero_up("area_m2", "floor it needs", unit="m²", empty="0"),
            _zero_up("jobs", "people it employs", empty="0"),
        ),
    ),
    Table(
        name="blocks",
        help="a place where people live; one column more for each fraction they throw away, "
        "named `<fraction>_kg_per_day`",
        key=("id",),
        wide=True,
        columns=(
            _id("id", "its name"),
            *_position(),
            _text("district", "the district it lies in"),
            _zero_up("residents", "people who live there", unit="people"),
        ),
    ),
    Table(
        name="sites",
        help="a point, station, plant, landfill or stockpile that exists or may be opened",
        key=("id",),
        columns=(
            _id("id", "its name in all tables"),
            _choice("kind", "what it is for", SiteKind),
            _choice("status", "what the plan may do with it", SiteStatus),
            _text("name", "what people call it"),
            *_position(),
            _money("capex", "what opening costs", empty="0"),
            _money("fixed_per_year", "what being open costs", unit="money/year", empty="0"),
            _above_zero(
                "capacity_t_per_year",
                "the most a point takes in; empty for no limit",
                unit="t/year",
                scale=3,
                empty="inf",
            ),
            _zero_up("stock_t", "what a stockpile holds at first", unit="t", scale=3, empty="0"),
            _text("holds", "the stock material of a stockpile"),
            Column(
                name="takes",
                help="the fractions a point takes",
                kind=Kind.LIST,
                unit="ids a;b;c",
                empty="",
            ),
            _zero_up("jobs", "people employed, lines not counted", empty="0"),
        ),
    ),
    Table(
        name="offers",
        help="what one plant or landfill pays for one material; what has no row is refused",
        key=("site", "material"),
        columns=(
            _id("site", "a plant or landfill"),
            _id("material", "what it accepts"),
            Column(
                name="price_per_t",
                help="what it pays; below 0 for a fee",
                unit="money/t",
                scale=-1,
            ),
            _zero_up(
                "limit_t_per_year",
                "the most it takes; empty for no limit",
                unit="t/year",
                scale=3,
                empty="inf",
            ),
        ),
    ),
    Table(
        name="vehicles",
        help="a lorry class, and the kind of site it loads at",
        key=("id",),
        columns=(
            _id("id", "its name"),
            _choice("origin", "where it loads", SiteKind),
            _zero_up("cost_per_t_km", "of the loaded way", unit="money/t/km", scale=-1),
            _zero_up("cost_per_t", "loading and unloading", unit="money/t", scale=-1, empty="0"),
            _zero_up("emissions_kg_per_t_km", "CO2e", unit="kg/t/km", scale=-3, empty="0"),
            _above_zero("payload_t", "what one trip carries", unit="t", scale=3, empty="5"),
        ),
    ),
    Table(
        name="factors",
        help="greenhouse gas avoided by recycling one material, in one published set",
        key=("set", "material"),
        filled=False,
        columns=(
            _id("set", "the set's name"),
            _id("material", "a fraction, grade or fuel"),
            Column(name="avoided_t_per_t", help="below 0 where it emits", unit="t/t"),
        ),
    ),
    Table(
        name="assumptions",
        help="one number that was assumed, and where it came from",
        key=("name",),
        filled=False,
        columns=(
            _id("name", "what was assumed"),
            _text("value", "as used"),
            _text("low", "its range"),
            _text("high", "its range"),
            _text("unit", "its unit"),
            _text("year", "when it was published"),
            _text("source", "by whom"),
            _text("confidence", "`needs local value` marks a guess"),
        ),
    ),
    Table(
        name="road_nodes",
        help="a crossing of the road graph; its number is its row, counted from 0",
        key=(),
        needed=False,
        columns=_position(),
    ),
    Table(
        name="roads",
        help="a one-way stretch of road between two crossings",
        key=(),
        needed=False,
        columns=(
            Column(name="from", help="number of a crossing", kind=Kind.WHOLE, low=0, high=2e9),
            Column(name="to", help="number of a crossing", kind=Kind.WHOLE, low=0, high=2e9),
            _above_zero("length_m", "along the road", unit="m"),
            _above_zero("time_s", "by lorry", unit="s"),
            Column(name="walk", help="whether people walk there", kind=Kind.SWITCH),
        ),
    ),
    Table(
        name="scenarios",
        help="a named set of differences; they lie in `scenarios/<name>/<table>.csv`, which holds "
        "the key columns and the columns that differ, and only the rows that differ",
        key=("name",),
        needed=False,
        filled=False,
        columns=(_id("name", "of the scenario and its folder"), _text("about", "what differs")),
    ),
)


def table_named(name: str) -> Table:
    """Find a table by the name of its file without `.csv`."""
    return next(table for table in TABLES if table.name == name)


def waste_column(fraction: str) -> Column:
    """Describe the column of blocks.csv for one fraction."""
    return Column(
        name=f"{fraction}{WASTE_SUFFIX}",
        help=f"{fraction} thrown away",
        unit="kg/day",
        low=0,
    )
