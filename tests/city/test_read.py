"""Reading: units, what a spreadsheet does to a file, scenarios, and speed."""

import time

import numpy as np
import pytest

from ainalym.city import read, scenarios, write
from ainalym.errors import OutsideError
from ainalym.model.place import Places
from tests.city.toys import broken, faults_of, toy


def scenario(folder, name: str, **tables: str) -> None:
    """Add a scenario to a folder."""
    (folder / "scenarios" / name).mkdir(parents=True)
    for table, text in tables.items():
        (folder / "scenarios" / name / f"{table}.csv").write_text(text)


def test_units_of_the_files_become_units_of_the_nouns(folder):
    broken(folder, "offers.csv", "mill,paper.clean,15000,", "mill,paper.clean,0.1,0.1")
    city = read(folder)
    assert city.sites.capex_minor[0] == 100_050
    assert city.sites.capacity_kg_per_year[0] == 250_000.0
    assert city.sites.stock_kg[6] == 360_000_000.0
    assert city.offers[0].price_minor_per_kg == 0.01
    assert city.offers[0].limit_kg_per_year == 100.0
    assert city.counter["paper"].buyback_minor_per_kg == 500.0
    assert city.hauls[0].cost_minor_per_kg_km == 1.1
    assert city.process["line"].emissions_kg_per_kg == 0.015
    assert city.programme.funds[0].amount_minor == (210_000_000, 0, 10_001)
    assert city.speed_m_per_s == 8.0


def test_decimals_move_without_rounding_twice(folder):
    """1.001 t is 1001 kg, although 1.001 * 1000 is 1000.9999999999999 in binary."""
    assert 1.001 * 1000 != 1001.0
    broken(folder, "vehicles.csv", "lorry.point,point,11,0,0,5", "lorry.point,point,11,0,0,1.001")
    assert read(folder).hauls[0].payload_kg == 1001.0


@pytest.mark.parametrize("number", ["1e3", "+1000", "1000.", "01000", " 1000 ", "1000.000"])
def test_other_spellings_of_a_number_are_read(folder, number):
    broken(folder, "steps.csv", "press,1000,", f"press,{number},")
    assert read(folder) == toy()


def test_what_spreadsheets_do_to_a_file_is_accepted(folder):
    for path in folder.glob("*.csv"):
        text = path.read_text(encoding="utf-8").replace("\n", "\r\n")
        width = text.partition("\r\n")[0].count(",")
        path.write_bytes(("\ufeff" + text + "," * width + "\r\n").encode())
    assert read(folder) == toy()


def test_trailing_empty_cells_are_accepted(folder):
    broken(folder, "gate.csv", "plastic,12", "plastic,12,,")
    assert read(folder) == toy()


def test_columns_may_stand_in_any_order(folder):
    text = "price_per_kg,material\n9,paper\n12,plastic\n"
    (folder / "gate.csv").write_text(text)
    assert read(folder) == toy()


def test_missing_years_of_a_source_bring_nothing(folder):
    broken(folder, "budget.csv", "city,anything,2004,0\n", "")
    broken(folder, "budget.csv", "bank,stations,2005,0\n", "")
    assert read(folder) == toy()


def test_a_scenario_is_named_differences(folder):
    scenario(
        folder,
        "dollars",
        programme="key,value\ncurrency,USD\nkeeper_per_year,100\n",
        sites="id,capex,status\np.1,12.5,forbidden\n",
        blocks="id,plastic_kg_per_day\nb.7,9\n",
        steps="process,capacity_t_per_year,capex\nline,2000.0,7\n",
        budget="source,year,amount\ncity,2003,210000000\n",
    )
    (folder / "scenarios.csv").write_text("name,about\ndollars,as printed\n")
    city = read(folder, "dollars")
    assert city.programme.currency == "USD"
    assert city.programme.keeper_minor_per_year == 10_000.0
    assert city.programme.funds[0].amount_minor == (21_000_000_000, 0, 10_001)
    assert city.sites.capex_minor.tolist()[:2] == [1250, 100_000]
    assert city.sites.status[0] == "forbidden"
    assert city.places.waste_kg_per_day[6].tolist() == [3.0, 9.0]
    assert city.process["line"].steps[1].capex_minor == 700
    assert read(folder) == toy()
    assert scenarios(folder) == {"dollars": "as printed"}


def test_a_setting_the_city_leaves_out_may_differ(folder):
    broken(folder, "programme.csv", "walk_limit_m,1000,nobody walks further (m)\n", "")
    scenario(folder, "lazy", programme="key,value\nwalk_limit_m,300\n")
    assert read(folder).programme.walk.limit_m == 1000.0
    assert read(folder, "lazy").programme.walk.limit_m == 300.0


def test_a_shorter_scenario_sets_later_money_to_nothing(folder):
    scenario(
        folder,
        "short",
        programme="key,value\nyears,2\n",
        budget="source,year,amount\ncity,2005,0\n",
    )
    assert read(folder, "short").programme.funds[0].amount_minor == (210_000_000, 0)


def test_faults_of_a_scenario_name_its_file(folder):
    scenario(
        folder,
        "bad",
        programme="key,value\nstations,9\nstatoins,1\n",
        sites="id,capex\np.1,x\np.9,1\np.2,1\np.2,2\n",
        recipes="process,input,output,share\npress,dust,loss,0.5\n",
        rods="from,to\n",
        gate="material,prize\npaper,1\n",
    )
    assert sorted(faults_of(folder, "bad")) == [
        "scenarios/bad/gate.csv row 1: column 'prize' is unknown "
        "(the columns are material, price_per_kg)",
        "scenarios/bad/programme.csv row 2: asks for 9 stations; there are 2 "
        "(add candidate stations to sites.csv or ask for fewer)",
        "scenarios/bad/programme.csv row 3: setting 'statoins' is unknown (is it stations?)",
        "scenarios/bad/recipes.csv row 2: the shares add up to 1.45, not to 1 (lower them by 0.45)",
        "scenarios/bad/rods.csv: no table of this name can differ (use one of assumptions.csv, "
        "blocks.csv, budget.csv, counter.csv, factors.csv, gate.csv, materials.csv, offers.csv, "
        "processes.csv, programme.csv, recipes.csv, sites.csv, steps.csv, vehicles.csv)",
        "scenarios/bad/sites.csv row 2: capex is 'x', which is not a number "
        "(give a number, 0 or more)",
        "scenarios/bad/sites.csv row 3: id 'p.9' is not in sites.csv (use a key of sites.csv)",
        "scenarios/bad/sites.csv row 5: id 'p.2' stands twice (see scenarios/bad/sites.csv row 4)",
    ]


def test_a_scenario_that_is_not_there_is_said(folder):
    assert faults_of(folder, "rich") == [
        "scenarios.csv: scenario 'rich' is unknown (this folder has none)"
    ]
    scenario(folder, "poor")
    (folder / "scenarios.csv").write_text("name,about\nrich,more money\n")
    assert faults_of(folder, "../x") == [
        "scenarios.csv: scenario '../x' is unknown (use one of rich, poor)"
    ]
    assert faults_of(folder, "rich") == [
        "scenarios.csv: scenario 'rich' has no folder "
        "(make scenarios/rich with the tables that differ)"
    ]


def test_a_file_that_cannot_be_read_is_somebody_elses_turn(folder, monkeypatch):
    def refuse_to_read(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse_to_read)
    with pytest.raises(OutsideError, match=r"programme\.csv cannot be read: Permission denied"):
        read(folder)


def test_ten_thousand_places_are_read_in_time(tmp_path):
    count = 10_000
    chance = np.random.default_rng(1)
    places = Places(
        id=tuple(f"b.{k}" for k in range(count)),
        lon=76.9 + chance.random(count) / 10,
        lat=43.2 + chance.random(count) / 10,
        residents=chance.random(count),
        fractions=("paper", "plastic"),
        waste_kg_per_day=chance.random((count, 2)),
        district=("",) * count,
    )
    write(toy(places=places), tmp_path / "city")
    began = time.perf_counter()
    city = read(tmp_path / "city")
    assert time.perf_counter() - began < 1.5
    assert city.places == places
