"""RELOG's own instances: its boat example to the cent, and the coefficients its tests state."""

import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from ainalym.answer import Status  # noqa: E402
from bench.peers import relog  # noqa: E402

FOLDER = ROOT.parent / "shared" / "data" / "relog"
TABLES = FOLDER / "boat_example"
ROUNDED = 1e-5
"""RELOG rounds its tables to five decimals."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="RELOG's instances are not at hand"),
]


@pytest.fixture(scope="module")
def boats() -> tuple:
    """Solve the boat example once."""
    network = relog.state(relog.read(FOLDER / "boat_example.json"))
    return network, *relog.solve(network)


def at(network: relog.Network, source: str, target: str, product: str) -> relog.Edge:
    """Find one edge."""
    (edge,) = (
        edge
        for edge in network.edges
        if (edge.source, edge.target, edge.product) == (source, target, product)
    )
    return edge


def test_the_cost_is_the_published_one(boats):
    _, answer, cost = boats
    assert answer.status is Status.OPTIMAL
    assert cost == pytest.approx(4_454_165.94, rel=1e-8)
    assert cost == pytest.approx(relog.expected_cost(TABLES), rel=1e-8)


def test_the_same_plants_open_and_process_the_same(boats):
    network, answer, _ = boats
    value = answer.value.value
    rows = relog.rows_of(TABLES / "plants.csv")
    assert len(rows) == 5 * len(network.opened)
    for row in rows:
        year = int(row["year"]) - 1
        opened = value[network.opened[row["plant"]][year]]
        processed = value[network.processed[row["plant"]][year]]
        assert opened == pytest.approx(float(row["operational?"] == "true"), abs=1e-6)
        assert processed == pytest.approx(float(row["processed amount (tonne)"]), abs=ROUNDED)


def test_the_same_tonnes_travel_the_same_way(boats):
    network, answer, _ = boats
    ours = {
        (edge.source, edge.target, edge.product, year + 1): (float(tonnes), edge.km)
        for edge in network.edges
        for year, tonnes in enumerate(answer.value.value[edge.sent])
        if tonnes > 1e-3
    }
    theirs = {
        (row["source"], row["destination"], row["product"], int(row["year"])): (
            float(row["amount sent (tonne)"]),
            float(row["distance (km)"]),
        )
        for row in relog.rows_of(TABLES / "transportation.csv")
    }
    assert ours.keys() == theirs.keys()
    for key, pair in theirs.items():
        assert ours[key] == pytest.approx(pair, abs=ROUNDED)


def test_what_centres_dispose_of_is_the_same(boats):
    network, answer, _ = boats
    for row in relog.rows_of(TABLES / "center_outputs.csv"):
        ids = network.disposed[row["center"], row["output product"]]
        ours = answer.value.value[ids[int(row["year"]) - 1]]
        assert ours == pytest.approx(float(row["amount disposed (tonne)"]), abs=ROUNDED)


def test_coefficients_are_those_of_relog_s_own_test():
    """RELOG prices emissions through columns of their own; here they are in the edge's price."""
    network = relog.state(relog.read(FOLDER / "simple.json"))
    gain = network.program.gain
    sale, feed = at(network, "L1", "C3", "P4"), at(network, "C1", "L1", "P2")
    emitted = [50 * 0.052 + 1200 * 0.003, 65 * 0.052 + 1200 * 0.003]
    assert gain[sale.sent[0]] == pytest.approx(111.118 * (0.015 + emitted[0]) - 12.0)
    assert gain[feed.sent[3]] == pytest.approx(333.262 * (0.015 + emitted[1]) + 0.25 + 5.0)
    assert gain[network.disposed["C1", "P2"][0]] == pytest.approx(0.23)
    assert gain[network.disposed["L1", "P4"][1]] == pytest.approx(0.86)
    opening = np.array([-100.0, -50.0, -25.0, 475.0])
    assert gain[network.opened["L1"]] == pytest.approx(opening + 300.0)
    assert gain[network.expanded["L1"][0]] == pytest.approx(1.75 - 1.5 + 0.25)
    assert gain[network.stored["L1", "P1"][0]] == pytest.approx(0.1)
    assert gain[network.processed["L1"]] == pytest.approx(0.1 * np.array([50, 55, 60, 65]))
    assert network.fixed_cost == pytest.approx(150 * 4 * 3 - 300 - 150 * 1.75)


@pytest.mark.parametrize("other", ["emission limit", "disposal limit", "input mix"])
def test_an_instance_that_cannot_be_kept_names_its_laws(other):
    """RELOG's small instance cannot be kept, for three reasons that follow from its numbers.

    C1 collects 150 t of P2 and may dispose of none. Sent 333 km, the first 100 t emit 1,733 t of
    CO2 where 1,000 are allowed. Without that, its 20 t of P3 fit nowhere: 5 may be disposed of.
    Without that, P2 must be mixed 4.7 to 95.3 with P1, of which there are 260 t.
    """
    case = relog.read(FOLDER / "simple.json")
    if other != "emission limit":
        case["emissions"] = {}
    if other == "input mix":
        for product in case["products"].values():
            product["disposal limit (tonne)"] = None
    network = relog.state(case)
    assert network.program.solve().status is Status.INFEASIBLE
    collected = "what a centre collects is sent or disposed of"
    assert set(network.program.clash()) == {collected, other}


def test_a_plant_that_stands_already_stays_open():
    case = relog.read(FOLDER / "simple.json")
    case["centers"]["C1"]["disposal limit (tonne)"]["P2"] = None
    for product in case["products"].values():
        product["disposal limit (tonne)"] = None
    network = relog.state(case)
    answer, _ = relog.solve(network)
    assert answer.status is Status.OPTIMAL
    assert answer.value.value[network.opened["L1"]] == pytest.approx(1.0)
