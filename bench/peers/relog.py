"""Reverse logistics networks as RELOG states them: centres, plants, products, years.

Source: Argonne National Laboratory, RELOG 0.8 (ANL-CEEESA/RELOG), documentation "Mathematical
problem definition" and "Input and output data formats"; the sums named below are its equations.
"""

import csv
import json
import math
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ainalym.answer import Answer, Sense
from ainalym.solve.mip import Program, Solution

EQUATOR_M = 6_378_137.0
FLATTENING = 1 / 298.257223563
"""The WGS 84 ellipsoid."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One product on its way from one place to another, in every year."""

    source: str
    target: str
    product: str
    km: float
    sent: NDArray[np.int64]


@dataclass(slots=True)
class Network:
    """An instance stated as a program; every dictionary leads to the ids of one year each."""

    case: dict[str, Any]
    years: int
    program: Program = field(default_factory=lambda: Program(Sense.MIN))
    edges: list[Edge] = field(default_factory=list)
    into: dict[str, list[Edge]] = field(default_factory=lambda: defaultdict(list))
    out_of: dict[str, list[Edge]] = field(default_factory=lambda: defaultdict(list))
    opened: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    expanded: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    processed: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    stored: dict[tuple[str, str], NDArray[np.int64]] = field(default_factory=dict)
    disposed: dict[tuple[str, str], NDArray[np.int64]] = field(default_factory=dict)
    fixed_cost: float = 0.0

    def series(self, given: Any, *, missing: float = 0.0) -> NDArray[np.float64]:
        """Spread a number over the years; an unknown one is `missing`."""
        listed = given if isinstance(given, list) else [given] * self.years
        return np.array([missing if v is None else float(v) for v in listed])


def read(path: Path) -> dict[str, Any]:
    """Read an instance in RELOG's JSON."""
    return json.loads(path.read_text(encoding="utf-8"))


def chord_km(lat: float, lon: float, to_lat: float, to_lon: float) -> float:
    """Measure through the earth: RELOG's "Euclidean" distance, to the metre."""
    ends = []
    for north, east in (
        (math.radians(lat), math.radians(lon)),
        (math.radians(to_lat), math.radians(to_lon)),
    ):
        squash = FLATTENING * (2 - FLATTENING)
        radius = EQUATOR_M / math.sqrt(1 - squash * math.sin(north) ** 2)
        ends.append(
            (
                radius * math.cos(north) * math.cos(east),
                radius * math.cos(north) * math.sin(east),
                radius * (1 - squash) * math.sin(north),
            )
        )
    return round(math.dist(*ends) / 1000.0, 3)


def state(case: dict[str, Any]) -> Network:
    """State an instance as a program that minimises RELOG's cost.

    What a plant produces, what a centre collects and what is emitted are sums, so they are
    written where they are used instead of as columns of their own.
    """
    if case["parameters"]["distance metric"].lower() != "euclidean":
        raise ValueError("only straight distances are stated here")
    network = Network(case, case["parameters"]["time horizon (years)"])
    _edges(network)
    for name, centre in case["centers"].items():
        _centre(network, name, centre)
    for name, plant in case["plants"].items():
        _plant(network, name, plant)
    _limits(network)
    return network


def solve(network: Network, *, gap_allowed: float = 1e-9) -> tuple[Answer[Solution], float]:
    """Solve, and return the answer with the whole cost, fixed costs included."""
    answer = network.program.solve(gap_allowed=gap_allowed)
    return answer, answer.objective + network.fixed_cost


def expected_cost(folder: Path) -> float:
    """Add up the cost columns of RELOG's own tables of results."""
    columns = {
        "transportation.csv": {
            "transportation cost ($)": 1,
            "center collection cost ($)": 1,
            "center revenue ($)": -1,
        },
        "centers.csv": {"operating cost ($)": 1},
        "center_outputs.csv": {"disposal cost ($)": 1},
        "plant_outputs.csv": {"disposal cost ($)": 1},
        "plants.csv": {
            "opening cost ($)": 1,
            "fixed operating cost ($)": 1,
            "variable operating cost ($)": 1,
            "expansion cost ($)": 1,
            "storage cost ($)": 1,
        },
    }
    return math.fsum(
        sign * float(row[column])
        for table, signs in columns.items()
        for row in rows_of(folder / table)
        for column, sign in signs.items()
    )


def rows_of(path: Path) -> list[dict[str, str]]:
    """Read a table of results."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _edges(network: Network) -> None:
    """Let every product travel from all who put it out to all who take it in."""
    case, program = network.case, network.program
    centres, plants = case["centers"], case["plants"]
    puts = {name: centre["outputs"] for name, centre in centres.items()}
    puts |= {name: list(plant["output (tonne)"]) for name, plant in plants.items()}
    takes = {name: [centre["input"]] for name, centre in centres.items()}
    takes |= {name: list(plant["input mix (%)"]) for name, plant in plants.items()}
    places = centres | plants
    for product, told in case["products"].items():
        per_km = network.series(told["transportation cost ($/km/tonne)"])
        for source in (name for name in puts if product in puts[name]):
            for target in (name for name in takes if product in takes[name]):
                if source == target and source in plants:
                    continue
                ends = (places[source], places[target])
                km = chord_km(*(v for end in ends for v in _position(end)))
                cost = km * per_km + _at_ends(network, source, target, product)
                sent = program.columns(f"{product} {source} {target}", network.years, gain=cost)
                edge = Edge(source, target, product, km, sent)
                network.edges.append(edge)
                network.into[target].append(edge)
                network.out_of[source].append(edge)


def _position(place: dict[str, Any]) -> tuple[float, float]:
    """Read where a place is."""
    return place["latitude (deg)"], place["longitude (deg)"]


def _at_ends(network: Network, source: str, target: str, product: str) -> NDArray[np.float64]:
    """Price a tonne where it is collected, sold or taken into a plant."""
    centres, plants = network.case["centers"], network.case["plants"]
    cost = np.zeros(network.years)
    if source in centres:
        cost += network.series(centres[source]["collection cost ($/tonne)"][product])
    if target in centres:
        cost -= network.series(centres[target]["revenue ($/tonne)"])
    else:
        size = plants[target]["capacities"][0]
        cost += network.series(size["variable operating cost ($/tonne)"])
    return cost


def _centre(network: Network, name: str, centre: dict[str, Any]) -> None:
    """Send or dispose of what a centre collects: a fixed amount, and a share of earlier sales."""
    program, years = network.program, network.years
    network.fixed_cost += float(network.series(centre["operating cost ($)"]).sum())
    for product in centre["outputs"]:
        disposed = program.columns(
            f"dispose {product} {name}",
            years,
            gain=network.series(centre["disposal cost ($/tonne)"][product]),
            upper=network.series(centre["disposal limit (tonne)"][product], missing=math.inf),
        )
        network.disposed[name, product] = disposed
        fixed = network.series(centre["fixed output (tonne)"][product])
        rows = program.rows(
            "what a centre collects is sent or disposed of", years, lower=fixed, upper=fixed
        )
        program.put(rows, disposed)
        for edge in network.out_of[name]:
            if edge.product == product:
                program.put(rows, edge.sent)
        returned = centre["variable output (tonne/tonne)"][product]
        returned = returned if isinstance(returned, list) else [returned] * years
        for lag, share in enumerate(returned[:years]):
            for edge in network.into[name]:
                program.put(rows[lag:], edge.sent[: years - lag], -float(share))


def _plant(network: Network, name: str, plant: dict[str, Any]) -> None:
    """Open, size and feed a plant, and send or dispose of what it makes."""
    program, years = network.program, network.years
    before = float(plant["initial capacity (tonne)"])
    small, large = (plant["capacities"] * 2)[:2]
    room = large["size (tonne)"] - small["size (tonne)"]
    was_open, was_expanded = float(before > 0), max(0.0, before - small["size (tonne)"])

    def priced(column: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        least, most = network.series(small[column]), network.series(large[column])
        return least, (most - least) / room if room else np.zeros(years)

    fixed, fixed_more = priced("fixed operating cost ($)")
    opening, opening_more = priced("opening cost ($)")
    later = np.append(opening[1:], 0.0), np.append(opening_more[1:], 0.0)
    opened = program.columns(
        f"open {name}", years, gain=fixed + opening - later[0], upper=1.0, integer=True
    )
    expanded = program.columns(f"expand {name}", years, gain=fixed_more + opening_more - later[1])
    network.fixed_cost -= opening[0] * was_open + opening_more[0] * was_expanded
    network.opened[name], network.expanded[name] = opened, expanded
    processed = network.processed[name] = program.columns(f"process {name}", years)

    rows = program.rows("a plant stays open", years, lower=np.eye(years)[0] * was_open)
    program.put(rows, opened)
    program.put(rows[1:], opened[:-1], -1.0)
    period = network.case["parameters"]["building period (years)"]
    shut = np.array([year + 1 not in period for year in range(years)])
    rows = program.rows(
        "building period", years, upper=np.where(shut, np.eye(years)[0] * was_open, math.inf)
    )
    program.put(rows, opened)
    program.put(rows[1:], opened[:-1], -1.0)
    rows = program.rows("only an open plant grows", years, upper=0.0)
    program.put(rows, expanded)
    program.put(rows, opened, -room)
    rows = program.rows("plant capacity", years, upper=0.0)
    program.put(rows, processed)
    program.put(rows, opened, -small["size (tonne)"])
    program.put(rows, expanded, -1.0)
    _plant_inputs(network, name, plant)
    _plant_outputs(network, name, plant)


def _plant_inputs(network: Network, name: str, plant: dict[str, Any]) -> None:
    """Take in each product in its share of what is processed, from arrivals and from store."""
    program, years = network.program, network.years
    for product, percent in plant["input mix (%)"].items():
        limit = network.series(plant["storage limit (tonne)"][product], missing=math.inf)
        limit[-1] = 0.0
        stored = network.stored[name, product] = program.columns(
            f"store {product} {name}",
            years,
            gain=network.series(plant["storage cost ($/tonne)"][product]),
            upper=limit,
        )
        rows = program.rows("input mix", years, lower=0.0, upper=0.0)
        for edge in network.into[name]:
            if edge.product == product:
                program.put(rows, edge.sent)
        program.put(rows[1:], stored[:-1])
        program.put(rows, stored, -1.0)
        program.put(rows, network.processed[name], -network.series(percent) / 100.0)


def _plant_outputs(network: Network, name: str, plant: dict[str, Any]) -> None:
    """Send or dispose of what a plant makes."""
    program, years = network.program, network.years
    for product, made in plant["output (tonne)"].items():
        disposed = network.disposed[name, product] = program.columns(
            f"dispose {product} {name}",
            years,
            gain=network.series(plant["disposal cost ($/tonne)"][product]),
            upper=network.series(plant["disposal limit (tonne)"][product], missing=math.inf),
        )
        rows = program.rows(
            "what a plant makes is sent or disposed of", years, lower=0.0, upper=0.0
        )
        program.put(rows, disposed)
        for edge in network.out_of[name]:
            if edge.product == product:
                program.put(rows, edge.sent)
        program.put(rows, network.processed[name], -network.series(made))


def _limits(network: Network) -> None:
    """Keep what is disposed of and emitted anywhere within the instance's own limits."""
    program, years, case = network.program, network.years, network.case
    for product, told in case["products"].items():
        limit = network.series(told["disposal limit (tonne)"], missing=math.inf)
        rows = program.rows("disposal limit", years, upper=limit)
        for (_, disposed_product), disposed in network.disposed.items():
            if disposed_product == product:
                program.put(rows, disposed)
    for gas, told in case.get("emissions", {}).items():
        limit = network.series(told["limit (tonne)"], missing=math.inf)
        penalty = network.series(told["penalty ($/tonne)"])
        rows = program.rows("emission limit", years, upper=limit)
        for edge in network.edges:
            by_gas = case["products"][edge.product]["transportation emissions (tonne/km/tonne)"]
            if gas in by_gas:
                each = edge.km * network.series(by_gas[gas])
                program.put(rows, edge.sent, each)
                program.add_gain(edge.sent, penalty * each)
        for name, plant in case["plants"].items():
            if gas in plant["processing emissions (tonne)"]:
                each = network.series(plant["processing emissions (tonne)"][gas])
                program.put(rows, network.processed[name], each)
                program.add_gain(network.processed[name], penalty * each)
