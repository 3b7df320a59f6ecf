"""Map layers are valid GeoJSON: longitude first, inside the world, closed rings."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest

from ainalym.report.maps import districts, layers, page_data
from ainalym.report.picture import picture
from tests.report.cases import OUTLINE, empty_outcome, no_outcome, tiny_outcome


def spots(coordinates: list) -> Iterator[list]:
    """Every position inside a geometry."""
    if isinstance(coordinates[0], int | float):
        yield coordinates
    else:
        for part in coordinates:
            yield from spots(part)


@pytest.mark.parametrize("build", [tiny_outcome, no_outcome, empty_outcome])
def test_layers_are_valid_geojson(build):
    city, _, outcome = build()
    for name, layer in layers(city, outcome).items():
        json.dumps(layer, allow_nan=False)
        assert layer["type"] == "FeatureCollection"
        for feature in layer["features"]:
            assert feature["type"] == "Feature", name
            assert isinstance(feature["properties"], dict)
            for lon, lat in spots(feature["geometry"]["coordinates"]):
                # The city lies around 76.9 E, 43.2 N; swapped they would be in the Arctic Sea.
                assert 76 < lon < 78, name
                assert 43 < lat < 44, name


def test_flows_carry_all_tonnes_of_all_years():
    city, _, outcome = tiny_outcome()
    told = layers(city, outcome)["flows"]["features"]
    total = sum(v for f in told for key, v in f["properties"].items() if key.startswith("t_"))
    assert total == pytest.approx(outcome.plan.flows.mass_kg.sum() / 1000, abs=1e-2)


def test_the_page_s_columns_say_what_the_layers_say():
    city, _, outcome = tiny_outcome()
    told = page_data(city, outcome)
    total_t = outcome.plan.flows.mass_kg.sum() / 1000
    assert sum(told["flows"]["t"]) == pytest.approx(total_t, abs=0.01 * len(told["flows"]["t"]))
    assert told["blocks"]["to"] == outcome.plan.brings_to.tolist()
    by_point = {k: sum(map(sum, point["t"])) for k, point in told["points"].items()}
    captured = outcome.plan.captured_kg.sum((0, 2)) / 1000
    assert {int(k): v for k, v in by_point.items()} == pytest.approx(
        {k: captured[k] for k in (0, 1)}, abs=0.2
    )
    west, south, east, north = told["box"]
    assert west < east
    assert south <= north


@pytest.mark.parametrize(
    "outline", ["", "{", "[]", '{"features":[{"geometry":null}]}', '{"features":[]}']
)
def test_an_outline_that_cannot_be_drawn_is_left_out(outline):
    city, _, _ = tiny_outcome(outline=outline)
    assert districts(city)["features"] == []


def test_outlines_keep_shape_and_name_only():
    city, _, _ = tiny_outcome()
    (feature,) = districts(city)["features"]
    assert feature["properties"] == {"name": "Middle"}
    want = json.loads(OUTLINE)["features"][0]["geometry"]
    assert feature["geometry"] == want


@pytest.mark.parametrize("build", [tiny_outcome, no_outcome, empty_outcome])
def test_the_picture_is_well_formed(build):
    city, _, outcome = build()
    root = ET.fromstring(picture(city, outcome))
    assert root.attrib["viewBox"].startswith("0 0 960 ")
    assert float(root.attrib["viewBox"].split()[3]) > 50


def test_the_picture_shows_every_open_point():
    city, _, outcome = tiny_outcome()
    svg = "{http://www.w3.org/2000/svg}"
    root = ET.fromstring(picture(city, outcome))
    assert len(list(root.iter(f"{svg}circle"))) == 2
