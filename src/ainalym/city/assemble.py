"""Sheets in, a city out: cells become values, values become nouns, nouns become a city."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import TypeVar

from ainalym.city.cells import parse, speed_m_per_s, stand_in
from ainalym.city.faults import Faults
from ainalym.city.roads import sites_without_road
from ainalym.city.sheet import Sheet
from ainalym.city.tables import WASTE_SUFFIX, Column, Kind
from ainalym.errors import InputError, Issue
from ainalym.model.city import Assumption, City
from ainalym.model.market import Counter, Factor, Haul, Offer
from ainalym.model.material import Material, MaterialKind
from ainalym.model.place import Places, SiteKind, Sites, SiteStatus
from ainalym.model.process import LOSS, Process, Step
from ainalym.model.programme import Cover, Fund, Objective, Programme, Walk
from ainalym.model.travel import Roads
from ainalym.units import PPM

Noun = TypeVar("Noun")
Columns = dict[str, list]

CORE = ("programme", "materials", "blocks", "sites")
"""Without these no fault between tables can be told from the fault of the missing table."""
NAMED_BY_SETTING = {"factors": "programme/factor_set"}
SLIPPERY = (Kind.ID, Kind.CHOICE, Kind.LIST)
SLIPPERY_NAMES = ("lon", "lat", "share", "capture_low", "capture_high")
"""Wrong cells of these columns make their noun fail for other reasons too, which are not told."""


def assemble(sheets: dict[str, Sheet], outline: str, faults: Faults) -> City | None:
    """Make a city of its sheets, and keep every fault on the way.

    Parameters
    ----------
    sheets
        By name of their table; those that could not be made out are skipped.
    outline
        GeoJSON as text.
    faults
        Gets what is found.

    Returns
    -------
    The city, which is sound only if no fault was found; None when a table is missing.
    """
    values = {n: _values(sheet, faults) for n, sheet in sheets.items() if not sheet.broken}
    for name in sheets.keys() - values.keys():
        faults.taint(sheets[name].table.file)
        faults.taint(NAMED_BY_SETTING.get(name, ""))
    work = _Work(values, sheets, faults)
    parts = {
        "materials": work.materials(),
        "processes": work.processes(),
        "places": work.places(),
        "sites": work.sites(),
        "counters": work.counters(),
        "offers": work.offers(),
        "hauls": work.hauls(),
        "factors": work.factors(),
        "assumptions": work.assumptions(),
        "roads": work.roads(),
    }
    if any(sheets[name].broken for name in CORE):
        work.funds()
        return None
    programme = work.programme()
    settings = {name: cells[0] for name, cells in values["programme"].items()}
    city = City(
        name=settings["city"],
        date=settings["date"],
        programme=programme,
        detour_share=settings["detour_share"],
        speed_m_per_s=_speed_m_per_s(sheets["programme"]),
        outline=outline,
        **parts,
    )
    between = list(city.check())
    faults.translate(between, sheets)
    for issue in between:
        faults.taint(issue.where)
    if not any(place.startswith("road") for place in faults.places()):
        faults.translate(sites_without_road(city), sheets)
    return city


def _speed_m_per_s(sheet: Sheet) -> float:
    """Read the speed from its text: not every speed in m/s is a number in km/h."""
    column = next(c for c in sheet.columns if c.name == "speed_km_per_h")
    text = sheet.cells.get(column.name, [""])[0].strip()
    faulty = parse(column, [text])[1]
    return speed_m_per_s(column.empty if faulty or not text else text)


def _values(sheet: Sheet, faults: Faults) -> Columns:
    """Read all cells of a sheet, keep their faults, and leave out rows that repeat another."""
    count = len(sheet)
    values: Columns = {}
    repeated = _repeated(sheet, faults)
    for column in sheet.columns:
        cells = sheet.cells.get(column.name)
        if cells is None and column.empty is None:
            values[column.name] = [stand_in(column, "", k) for k in range(count)]
            for k in range(count if column.name in SLIPPERY_NAMES else 0):
                _taint(sheet, k, column, faults)
            continue
        cells = cells or [""] * count
        values[column.name], wrong = parse(column, cells)
        for fault in wrong:
            if column.kind is Kind.ID:
                cells[fault.k] = values[column.name][fault.k]
            if column.kind in SLIPPERY or column.name in SLIPPERY_NAMES:
                _taint(sheet, fault.k, column, faults)
            if fault.k not in sheet.torn:
                faults.tell(Issue(sheet.where(fault.k, column.name), fault.fault, fault.mend))
    for k in sheet.torn:
        _taint(sheet, k, None, faults)
    if repeated:
        kept = [k for k in range(count) if k not in repeated]
        values = {name: [column[k] for k in kept] for name, column in values.items()}
    values["row"] = [k for k in range(count) if k not in repeated]
    return values


def _taint(sheet: Sheet, k: int, column: Column | None, faults: Faults) -> None:
    """Keep quiet about what a wrong cell makes wrong elsewhere."""
    name = sheet.table.name
    key = () if name == "programme" else sheet.key(k)
    for length in range(1, len(key) + 1):
        if length > 1 or len(key) == 1:
            faults.taint("/".join((name, *key[:length])))
    if column is None or column.kind is Kind.CHOICE:
        faults.taint(sheet.table.file)
        if name == "sites":
            faults.taint("programme/stations")


def _repeated(sheet: Sheet, faults: Faults) -> set[int]:
    """Rows whose key stands in an earlier row."""
    names = sheet.table.key
    if not names or sheet.table.name == "programme":
        return set()
    columns = [sheet.cells[name] for name in names]
    if len(set(zip(*columns, strict=True))) == len(sheet) and "capacity" not in names[-1]:
        return set()
    first: dict[tuple[str, ...], int] = {}
    repeated = set()
    for k in range(len(sheet)):
        key = sheet.plain_key(k)
        if key in first and all(key):
            said = " ".join(f"{n} {v!r}" for n, v in zip(names, key, strict=True))
            fault = f"{said} stands twice, first in {sheet.rows[first[key]].partition(' ')[2]}"
            faults.tell(Issue(sheet.rows[k], fault, "rename or remove one of the two"))
            repeated.add(k)
            faults.taint("/".join((sheet.table.name, *key[:-1])))
        first.setdefault(key, k)
    return repeated


class _Work:
    """Makes nouns of values. A noun that is refused is told and replaced by one that is not."""

    def __init__(self, values: dict[str, Columns], sheets: dict[str, Sheet], faults: Faults):
        self.values = values
        self.sheets = sheets
        self.faults = faults

    def rows(self, table: str) -> list[dict]:
        """The rows of a table as mappings; none when it is missing or broken."""
        columns = self.values.get(table, {})
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def born(self, noun: Callable[..., Noun], stand_in: dict, /, **given: object) -> Noun:
        """Make a noun; when it is refused, keep why and make one with `stand_in` instead."""
        try:
            return noun(**given)
        except InputError as error:
            self.faults.translate(error.issues, self.sheets)
            for issue in error.issues:
                self.faults.taint(issue.where)
            return noun(**(given | stand_in))

    def materials(self) -> tuple[Material, ...]:
        """Make the materials."""
        return tuple(self._material(row) for row in self.rows("materials"))

    def _material(self, row: dict) -> Material:
        kind = MaterialKind(row["kind"])
        return self.born(
            Material,
            {"kind": MaterialKind.FRACTION, "fraction": row["id"]},
            id=row["id"],
            kind=kind,
            fraction=row["fraction"],
            name=row["name"],
            density_kg_per_m3=row["density_kg_per_m3"],
            waste_code=row["waste_code"],
        )

    def processes(self) -> tuple[Process, ...]:
        """Make the processes."""
        known = [row["id"] for row in self.rows("processes")]
        recipes: dict[str, dict[str, dict[str, int]]] = {name: {} for name in known}
        steps: dict[str, list[Step]] = {name: [] for name in known}
        for row in self.rows("recipes"):
            if self._has_process("recipes", row, known):
                outputs = recipes[row["process"]].setdefault(row["input"], {})
                outputs[row["output"]] = row["share"]
        for row in self.rows("steps"):
            if self._has_process("steps", row, known):
                steps[row["process"]].append(_step(row))
        whole = not (self.sheets["recipes"].broken or self.sheets["steps"].broken)
        return tuple(
            self._process(row, recipes[row["id"]], tuple(steps[row["id"]]))
            for row in self.rows("processes")
            if whole
        )

    def _has_process(self, table: str, row: dict, known: list[str]) -> bool:
        sheet = self.sheets[table]
        if row["process"] in known:
            return True
        known_faulty = sheet.where(row["row"], "process") in self.faults.places()
        if not self.sheets["processes"].broken and not known_faulty:
            fault = f"process {row['process']!r} is unknown"
            mend = f"use one of {', '.join(sorted(known))}" if known else "add it to processes.csv"
            for meant in get_close_matches(row["process"], known, n=1):
                self.faults.taint(f"processes/{meant}")
            self.faults.tell(Issue(sheet.where(row["row"], "process"), fault, mend))
        return False

    def _process(self, row: dict, recipe: dict, steps: tuple[Step, ...]) -> Process:
        at = SiteKind(row["at"])
        bought = at in (SiteKind.STATION, SiteKind.STOCKPILE)
        mended = {m: dict.fromkeys(outputs, 0) | {LOSS: PPM} for m, outputs in recipe.items()}
        plain = steps or (Step(capacity_kg_per_year=1.0, capex_minor=0),)
        return self.born(
            Process,
            {
                "recipe_ppm": mended or {LOSS: {LOSS: PPM}},
                "steps": plain if bought else (),
            },
            id=row["id"],
            at=at,
            recipe_ppm=recipe,
            steps=steps,
            cost_minor_per_kg=row["cost_per_t"],
            emissions_kg_per_kg=row["emissions_kg_per_t"],
            name=row["name"],
        )

    def places(self) -> Places | None:
        """Make the places."""
        columns = self.values.get("blocks")
        if columns is None:
            return None
        names = [n for n in columns if n.endswith(WASTE_SUFFIX)]
        waste = list(zip(*(columns[n] for n in names), strict=True))
        return Places(
            id=tuple(columns["id"]),
            lon=columns["lon"],
            lat=columns["lat"],
            residents=columns["residents"],
            fractions=tuple(n.removesuffix(WASTE_SUFFIX) for n in names),
            waste_kg_per_day=waste,
            district=tuple(columns["district"]),
        )

    def sites(self) -> Sites | None:
        """Make the sites."""
        columns = self.values.get("sites")
        if columns is None:
            return None
        kinds = tuple(SiteKind(word) for word in columns["kind"])
        takes, holds = list(columns["takes"]), list(columns["holds"])
        for k, kind in enumerate(kinds):
            if kind is SiteKind.POINT:
                takes[k] = takes[k] or ("?",)
            if kind is SiteKind.STOCKPILE:
                holds[k] = holds[k] or "?"
        return self.born(
            Sites,
            {"takes": tuple(takes), "holds": tuple(holds)},
            id=tuple(columns["id"]),
            name=tuple(columns["name"]),
            kind=kinds,
            status=tuple(SiteStatus(word) for word in columns["status"]),
            lon=columns["lon"],
            lat=columns["lat"],
            capex_minor=columns["capex"],
            fixed_minor_per_year=columns["fixed_per_year"],
            capacity_kg_per_year=columns["capacity_t_per_year"],
            stock_kg=columns["stock_t"],
            holds=tuple(columns["holds"]),
            takes=tuple(columns["takes"]),
            jobs=columns["jobs"],
        )

    def counters(self) -> tuple[Counter, ...]:
        """Make the counters."""
        return tuple(
            self.born(
                Counter,
                {"capture_low": 0.0, "capture_high": 1.0},
                fraction=row["fraction"],
                buyback_minor_per_kg=row["buyback_per_kg"],
                handling_minor_per_kg=row["handling_per_kg"],
                support_minor_per_kg=row["support_per_kg"],
                capture_low=row["capture_low"],
                capture_high=row["capture_high"],
                reference_minor_per_kg=row["reference_per_kg"],
            )
            for row in self.rows("counter")
        )

    def offers(self) -> tuple[Offer, ...]:
        """Make the offers."""
        return tuple(
            Offer(
                site=row["site"],
                material=row["material"],
                price_minor_per_kg=row["price_per_t"],
                limit_kg_per_year=row["limit_t_per_year"],
            )
            for row in self.rows("offers")
        )

    def hauls(self) -> tuple[Haul, ...]:
        """Make the hauls."""
        return tuple(
            Haul(
                id=row["id"],
                origin=SiteKind(row["origin"]),
                cost_minor_per_kg_km=row["cost_per_t_km"],
                cost_minor_per_kg=row["cost_per_t"],
                emissions_kg_per_kg_km=row["emissions_kg_per_t_km"],
                payload_kg=row["payload_t"],
            )
            for row in self.rows("vehicles")
        )

    def factors(self) -> tuple[Factor, ...]:
        """Make the factors."""
        return tuple(
            Factor(
                set=row["set"],
                material=row["material"],
                avoided_kg_per_kg=row["avoided_t_per_t"],
            )
            for row in self.rows("factors")
        )

    def assumptions(self) -> tuple[Assumption, ...]:
        """Make the assumptions."""
        names = Assumption.__slots__
        return tuple(
            Assumption(**{name: row[name] for name in names}) for row in self.rows("assumptions")
        )

    def roads(self) -> Roads | None:
        """Make the roads."""
        nodes, arcs = self.values.get("road_nodes"), self.values.get("roads")
        if nodes is None or arcs is None:
            return None
        sheet, count = self.sheets["roads"], len(nodes["lon"])
        for name in ("from", "to"):
            for k, node in enumerate(arcs[name]):
                if node >= count:
                    fault = f"{name} is {node}; road_nodes.csv has {count} rows"
                    mend = f"give a number between 0 and {count - 1}"
                    self.faults.tell(Issue(sheet.where(k, name), fault, mend))
        return Roads(
            lon=nodes["lon"],
            lat=nodes["lat"],
            tail=arcs["from"],
            head=arcs["to"],
            length_m=arcs["length_m"],
            travel_s=arcs["time_s"],
            walkable=arcs["walk"],
        )

    def programme(self) -> Programme:
        """Make the programme."""
        row, funds = self.rows("programme")[0], self.funds()
        return self.born(
            Programme,
            {},
            name=row["name"],
            currency=row["currency"],
            first_year=row["first_year"],
            years=row["years"],
            discount_share=row["discount_share"],
            growth_share=row["growth_share"],
            stations=row["stations"],
            exactly=row["stations_rule"] == "exactly",
            objective=Objective(row["objective"]),
            target_share=row["target_share"],
            funds=funds if self._horizon()[1] else (),
            keeper_minor_per_year=row["keeper_per_year"],
            subsidy_minor_per_year=row["subsidy_per_year"],
            gate_minor_per_kg={r["material"]: r["price_per_kg"] for r in self.rows("gate")},
            walk=Walk(
                rate=row["walk_rate"],
                power=row["walk_power"],
                stretch=row["walk_stretch"],
                limit_m=row["walk_limit_m"],
                participation=row["participation"],
            ),
            factor_set=row["factor_set"],
            build_years=row["build_years"],
        )

    def funds(self) -> tuple[Fund, ...]:
        """Make the funds."""
        first_year, years = self._horizon()
        amounts: dict[str, list[int]] = {}
        covers: dict[str, str] = {}
        for row in self.rows("budget"):
            source, year = row["source"], row["year"]
            amounts.setdefault(source, [0] * years)
            if covers.setdefault(source, row["covers"]) != row["covers"]:
                fault = f"source {source!r} covers {row['covers']} here and {covers[source]} above"
                self._tell_budget(row, "covers", fault, "give each purpose a source of its own")
            if first_year <= year < first_year + years:
                amounts[source][year - first_year] = row["amount"]
            elif row["amount"] and years:
                fault = f"year {year} is outside the plan"
                mend = f"give a year from {first_year} to {first_year + years - 1}"
                self._tell_budget(row, "year", fault, mend)
        return tuple(
            Fund(source=source, covers=Cover(covers[source]), amount_minor=tuple(amounts[source]))
            for source in amounts
        )

    def _horizon(self) -> tuple[int, int]:
        """First year and years; none when a fault hides them."""
        sheet, told = self.sheets["programme"], self.faults.places()
        if sheet.broken or any(sheet.where(0, n) in told for n in ("first_year", "years")):
            return 0, 0
        row = self.rows("programme")[0]
        return row["first_year"], row["years"]

    def _tell_budget(self, row: dict, column: str, fault: str, mend: str) -> None:
        where = self.sheets["budget"].where(row["row"], column)
        if where not in self.faults.places():
            self.faults.tell(Issue(where, fault, mend))


def _step(row: dict) -> Step:
    return Step(
        capacity_kg_per_year=row["capacity_t_per_year"],
        capex_minor=row["capex"],
        fixed_minor_per_year=row["fixed_per_year"],
        area_m2=row["area_m2"],
        jobs=row["jobs"],
    )
