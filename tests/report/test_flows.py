"""The Sankey diagram keeps every kilogram."""

import itertools
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from ainalym.report.flows import draw, sankey
from tests.report.cases import empty_outcome, tiny_outcome


@pytest.fixture(scope="module")
def drawing():
    city, _, outcome = tiny_outcome()
    return city, outcome, sankey(city, outcome.plan)


def test_mass_is_kept_at_every_bar(drawing):
    _, _, found = drawing
    inner = [n for key, n in found.nodes.items() if key[0] in (1, 2) and n.gone_kg > 0]
    assert len(inner) >= 3
    for node in inner:
        assert node.gone_kg == pytest.approx(node.come_kg, rel=1e-9), node.label


def test_bars_are_the_stages_of_the_tally(drawing):
    city, outcome, found = drawing
    tally, years = outcome.tally, city.programme.years

    def column(c, *kinds):
        return sum(
            n.mass_kg for k, n in found.nodes.items() if k[0] == c and isinstance(k[1], kinds)
        )

    assert column(0, str) == pytest.approx(tally.captured_kg.sum() / years)
    assert column(2, int) == pytest.approx(tally.sold_kg.sum() / years)
    made = sum(n.mass_kg for k, n in found.nodes.items() if k == (3, "pulp"))
    assert made == pytest.approx(tally.made_kg.sum() / years)
    landfill = found.nodes[2, "landfill"].mass_kg
    assert landfill == pytest.approx(tally.residue_kg.sum() / years)


def test_what_comes_in_goes_to_sale_landfill_or_loss(drawing):
    city, outcome, found = drawing
    ends = sum(n.come_kg for k, n in found.nodes.items() if k[0] == 2)
    captured = outcome.tally.captured_kg.sum() / city.programme.years
    assert ends == pytest.approx(captured)


def test_the_stockpile_is_not_in_it(drawing):
    city, _, found = drawing
    assert not {k for k in found.nodes if k[1] in ("dust", "brick", "stock")}
    stock = {k for k, m in enumerate(city.materials) if m.kind in ("stock", "fuel")}
    assert not {k for k in found.nodes if k[1] in stock}


def test_the_drawing_is_well_formed_and_inside_its_frame(drawing):
    city, _, found = drawing
    root = ET.fromstring(draw(city, found))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for rect in root.iter("rect"):
        x, y = float(rect.attrib["x"]), float(rect.attrib["y"])
        assert 0 <= x <= x + float(rect.attrib["width"]) <= width
        assert 0 <= y <= y + float(rect.attrib["height"]) <= height
    bars = [n for n in found.nodes.values() if n.column == 2]
    bars.sort(key=lambda n: n.y)
    for above, below in itertools.pairwise(bars):
        assert above.y + above.height <= below.y


def test_bands_fill_their_bars(drawing):
    city, _, found = drawing
    draw(city, found)
    for node in found.nodes.values():
        used = np.array(node.used)
        assert np.all(used <= node.height + 1e-6)


def test_nothing_flows_in_a_plan_of_nothing():
    city, _, outcome = empty_outcome()
    found = sankey(city, outcome.plan)
    assert found.links == []
    ET.fromstring(draw(city, found))
