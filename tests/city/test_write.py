"""Writing: all or nothing, the same bytes every time, and the same city back."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from ainalym.city import read, write
from ainalym.city.cells import say_number, say_speed, speed_m_per_s
from ainalym.city.write import swapped_in
from ainalym.errors import InputError, OutsideError
from ainalym.model.city import City
from ainalym.model.place import Places
from ainalym.model.programme import Cover, Fund
from tests.city.toys import toy

PLAIN = some.floats(min_value=0, max_value=1e12, allow_subnormal=False)
POSITIVE = some.floats(min_value=1e-9, max_value=1e12)
TEXT = some.text(some.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=9)


@some.composite
def cities(draw) -> City:
    """Small sound cities whose numbers and texts are anything a table may hold."""
    base = toy()
    count = draw(some.integers(1, 4))
    column = some.lists(PLAIN, min_size=count, max_size=count)
    near = some.floats(-0.4, 0.4)
    lon_lat = some.lists(near, min_size=count, max_size=count)
    places = Places(
        id=tuple(f"b{k}" for k in range(count)),
        lon=76.9 + np.array(draw(lon_lat)),
        lat=43.2 + np.array(draw(lon_lat)),
        residents=draw(column),
        fractions=("paper", "plastic"),
        waste_kg_per_day=np.column_stack([draw(column), draw(column)]),
        district=tuple(draw(some.lists(TEXT, min_size=count, max_size=count))),
    )
    money = some.integers(0, 10**14)
    programme = replace(
        base.programme,
        name=draw(TEXT.filter(str.strip)),
        funds=(
            Fund(
                source="city",
                covers=draw(some.sampled_from(Cover)),
                amount_minor=tuple(draw(some.tuples(money, money, money))),
            ),
        ),
        keeper_minor_per_year=draw(PLAIN),
        subsidy_minor_per_year=draw(PLAIN | some.just(float("inf"))),
        discount_share=draw(some.floats(0, 0.99)),
        gate_minor_per_kg={"paper": draw(some.floats(-1e9, 1e9))},
    )
    counters = tuple(
        replace(c, buyback_minor_per_kg=draw(PLAIN), reference_minor_per_kg=draw(POSITIVE))
        for c in base.counters
    )
    offers = tuple(
        replace(o, price_minor_per_kg=draw(some.floats(-1e9, 1e9)), limit_kg_per_year=draw(PLAIN))
        for o in base.offers
    )
    materials = tuple(replace(m, name=draw(TEXT)) for m in base.materials)
    return replace(
        base,
        places=places,
        programme=programme,
        counters=counters,
        offers=offers,
        materials=materials,
        speed_m_per_s=draw(some.floats(0.1, 50)),
        detour_share=draw(some.floats(1, 9.9)),
    )


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_what_is_written_reads_back_the_same(tmp_path):
    write(toy(), tmp_path / "city")
    assert read(tmp_path / "city") == toy()


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(city=cities())
def test_any_city_reads_back_the_same_and_writes_the_same_bytes(tmp_path, city):
    write(city, tmp_path / "one")
    back = read(tmp_path / "one")
    assert back == city
    write(back, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_files_are_written_as_a_spreadsheet_expects(tmp_path):
    write(toy(), tmp_path / "city")
    sites = (tmp_path / "city" / "sites.csv").read_bytes().decode()
    assert "\r" not in sites
    assert sites.splitlines()[1] == (
        "p.1,point,candidate,Kiosk,76.901,43.201,1000.5,50,250,0,,paper;plastic,1"
    )
    assert sites.splitlines()[7].endswith(",76.95,43.34,0,0,,360000,dust,,0")
    programme = (tmp_path / "city" / "programme.csv").read_text(encoding="utf-8")
    assert "keeper_per_year,12000.005," in programme
    assert "subsidy_per_year,," in programme
    assert "speed_km_per_h,28.8," in programme


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [
        (500.0, 3, "0.5"),
        (0.1, 3, "0.0001"),
        (1e22, 0, "10000000000000000000000"),
        (100, 2, "1"),
        (1000, 0, "1000"),
        (-0.0, 0, "0"),
        (float("inf"), 3, ""),
        (5e-324, 0, "0." + "0" * 323 + "5"),
        (0.3, -1, "3"),
    ],
)
def test_numbers_are_said_without_exponent_or_needless_digits(value, scale, text):
    assert say_number(value, scale) == text


@given(some.floats(0.01, 60))
def test_a_speed_survives_its_unit(speed):
    assert speed_m_per_s(say_speed(speed)) == speed


def test_a_second_write_keeps_scenarios_and_drops_old_tables(tmp_path):
    folder = tmp_path / "city"
    write(toy(), folder)
    (folder / "scenarios" / "cheap").mkdir(parents=True)
    (folder / "scenarios" / "cheap" / "gate.csv").write_text("material,price_per_kg\npaper,1\n")
    (folder / "notes.txt").write_text("mine")
    write(toy(roads=None), folder)
    assert (folder / "notes.txt").read_text() == "mine"
    assert not (folder / "roads.csv").exists()
    assert read(folder, "cheap").programme.gate_minor_per_kg["paper"] == 100.0


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="something else here that is not a city folder"):
        write(toy(), tmp_path)
    assert contents(tmp_path) == {"thesis.txt": b"mine"}


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    folder = tmp_path / "city"
    write(toy(), folder)
    before = contents(tmp_path)
    with pytest.raises(OutsideError, match="disk full"), swapped_in(folder) as fresh:
        (fresh / "half").write_text("half")
        raise OSError(28, "disk full")
    with pytest.raises(KeyboardInterrupt), swapped_in(folder) as fresh:
        raise KeyboardInterrupt
    assert contents(tmp_path) == before


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutsideError, match="cannot be written"):
        write(toy(), tmp_path / "file" / "city")


def test_names_that_would_not_read_back_are_refused(tmp_path):
    base = toy()
    twin = Fund(source="city", covers=Cover.POINTS, amount_minor=(0, 0, 0))
    programme = replace(base.programme, funds=(*base.programme.funds, twin))
    counters = (replace(base.counters[0], fraction=" paper"), base.counters[1])
    materials = (replace(base.materials[0], name="a\rb"), *base.materials[1:])
    city = toy(programme=programme, counters=counters, materials=materials)
    with pytest.raises(InputError) as caught:
        write(city, tmp_path / "city")
    assert [str(issue) for issue in caught.value.issues] == [
        "materials.csv: name 'a\\rb' has odd characters (remove them)",
        "counter.csv: fraction ' paper' has spaces around it (remove them)",
        "budget.csv: two funds have the source 'city' (give each a source of its own)",
    ]
    assert not (tmp_path / "city").exists()
