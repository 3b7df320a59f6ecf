"""A plan read back from its file is the plan that was written."""

import json
from dataclasses import fields, replace
from math import isinf, isnan

import numpy as np
import pytest

from ainalym.errors import OutsideError
from ainalym.model.programme import Objective
from ainalym.report import Made, read_outcome, summary, write_report
from ainalym.report.keep import plan_json
from ainalym.report.summary import MEANING
from tests.plan.cities import tiny_city
from tests.report.cases import empty_outcome, no_outcome, tiny_outcome


def assert_same(one: object, other: object) -> None:
    """Compare nouns column by column, missing numbers too."""
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b, err_msg=field.name)
        elif hasattr(a, "__dataclass_fields__"):
            assert_same(a, b)
        elif field.name == "money_minor":
            for name in a:
                np.testing.assert_array_equal(a[name], b[name], err_msg=name)
        elif field.name == "trail":
            np.testing.assert_array_equal(np.array(a), np.array(b))
        else:
            assert a == b or (isnan(a) and isnan(b)), field.name


@pytest.mark.parametrize("build", [tiny_outcome, no_outcome, empty_outcome])
def test_reading_back_gives_the_same_outcome(build, tmp_path):
    city, travel, outcome = build()
    made = Made(command="ainalym plan x", scenario="s", versions={"ainalym": "0.0.9"})
    write_report(city, travel, outcome, tmp_path, made=made)
    again, by = read_outcome(tmp_path, city)
    assert by == made
    if outcome.plan is None:
        assert again.status is outcome.status
        assert again.clash == outcome.clash
        assert isnan(again.objective)
        assert isinf(again.bound)
    else:
        assert_same(outcome, again)
    assert plan_json(city, again, by) == (tmp_path / "plan.json").read_text(encoding="utf-8")


def test_a_report_made_again_is_the_same_to_the_byte(tmp_path):
    city, travel, outcome = tiny_outcome()
    made = Made(command="x", scenario="s")
    first = write_report(city, travel, outcome, tmp_path / "a", made=made)
    again, made = read_outcome(tmp_path / "a", city)
    second = write_report(city, travel, again, tmp_path / "b", made=made)
    assert [p.name for p in first] == [p.name for p in second]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_the_summary_says_status_objective_bound_and_gap():
    city, _, outcome = tiny_outcome()
    told = summary(city, outcome)
    assert told["status"] == "feasible"
    assert told["objective"] == outcome.tally.objective / 100
    assert told["bound"] == outcome.bound / 100
    assert told["gap"] == 0.05
    assert told["unit"] == "KZT"
    assert told["versions"].keys() >= {"python", "ainalym", "numpy", "highspy"}
    assert told["jobs"] == pytest.approx(outcome.tally.jobs.sum() / 2)
    assert told["residue_t"] == pytest.approx(outcome.tally.residue_kg.sum() / 1000)
    assert told["stages_t"]["sold"] == pytest.approx(outcome.tally.sold_kg.sum() / 1000)
    assert told["value"] == pytest.approx(outcome.tally.value_minor / 100)
    assert told["stations"] == ["st.1"]
    assert {site["id"]: site["year"] for site in told["opened"]} == {
        "pt.1": 2004,
        "pt.2": 2005,
        "st.1": 2004,
    }
    json.dumps(told, allow_nan=False)


@pytest.mark.parametrize(
    ("objective", "unit"),
    [("value", "KZT"), ("cost", "KZT"), ("tonnes", "t"), ("emissions", "t CO2e")],
)
def test_every_objective_is_told_in_a_unit_people_read(objective, unit):
    city, _, outcome = tiny_outcome()
    programme = replace(city.programme, objective=Objective(objective))
    told = summary(replace(city, programme=programme), outcome)
    assert told["unit"] == unit
    scale = 100 if unit == "KZT" else 1000
    assert told["objective"] == outcome.objective / scale


@pytest.mark.parametrize("build", [tiny_outcome, no_outcome])
def test_every_entry_of_a_summary_is_explained(build):
    city, _, outcome = build()
    told = summary(city, outcome)
    assert set(told) <= set(MEANING)
    if outcome.plan is not None:
        assert list(told) == list(MEANING)


def test_the_file_begins_with_the_summary_and_holds_the_plan_once(tmp_path):
    city, travel, outcome = tiny_outcome()
    made = Made(command="ainalym plan x")
    write_report(city, travel, outcome, tmp_path, made=made)
    told = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    rows = told.pop("rows")
    assert told == summary(city, outcome, made)
    assert set(rows) == {"objective", "bound", "trail", "plan", "tally"}
    assert rows["objective"] == outcome.objective
    assert rows["bound"] == outcome.bound


def test_a_note_is_told_once():
    city, _, outcome = tiny_outcome()
    outcome = replace(outcome, notes=("ended early", "ended early"))
    assert summary(city, outcome)["notes"] == ["ended early"]


def test_the_summary_of_no_plan_names_the_rules():
    city, _, outcome = no_outcome()
    told = summary(city, outcome)
    assert told["clash"] == ["exactly 3 stations", "a budget of 1.0 million KZT"]
    assert told["objective"] is told["bound"] is told["gap"] is None
    json.dumps(told, allow_nan=False)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"rows": {}}'])
def test_what_is_no_plan_is_refused_in_a_sentence(text, tmp_path):
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(OutsideError, match="cannot be read as a plan"):
        read_outcome(tmp_path, tiny_city())


def test_a_missing_plan_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(OutsideError, match=r"plan\.json cannot be read"):
        read_outcome(tmp_path, tiny_city())


def test_a_plan_of_another_city_is_refused(tmp_path):
    city, travel, outcome = tiny_outcome()
    write_report(city, travel, outcome, tmp_path)
    text = (tmp_path / "plan.json").read_text(encoding="utf-8")
    told = json.loads(text)
    told["rows"]["plan"]["opened"].append(0)
    (tmp_path / "plan.json").write_text(json.dumps(told))
    with pytest.raises(OutsideError, match="speaks of 7 sites; tiny has 6"):
        read_outcome(tmp_path, city)


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    city, travel, outcome = tiny_outcome()
    with pytest.raises(OutsideError, match="cannot be written"):
        write_report(city, travel, outcome, tmp_path / "file")
