"""The story as Python tells it: plans kept, read back, recounted, and asked about."""

import json

import pytest

from ainalym import study
from ainalym.answer import Status
from ainalym.errors import InputError


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The shipped toy planned into a folder, and what was told of it."""
    out = tmp_path_factory.mktemp("kept") / "toy"
    return out, study.plan_city("toy", out, seconds=20, gap_allowed=0.0)


def brief(out) -> dict:
    """What a plan's file says, without its rows."""
    told = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    told.pop("rows")
    return told


def test_what_is_kept_is_what_was_told(kept):
    out, made = kept
    assert brief(out) == made.summary
    again = study.read_study(out)
    assert again.summary == made.summary
    assert again.city == made.city


def test_figures_changed_by_hand_are_recomputed(kept):
    out, made = kept
    text = (out / "plan.json").read_text(encoding="utf-8")
    told = json.loads(text)
    told["objective"] = told["rows"]["objective"] = 9e12
    told["rows"]["tally"]["value_minor"] = 9e12
    told["stages_t"]["sold"] = 9e12
    (out / "plan.json").write_text(json.dumps(told), encoding="utf-8")
    try:
        assert study.read_study(out).summary == made.summary
        study.report_again(out)
        assert brief(out) == made.summary
    finally:
        (out / "plan.json").write_text(text, encoding="utf-8")


def test_a_plan_that_breaks_a_rule_is_refused(kept):
    out, _ = kept
    text = (out / "plan.json").read_text(encoding="utf-8")
    told = json.loads(text)
    flows = told["rows"]["plan"]["flows"]["mass_kg"]
    flows[0] *= 2
    (out / "plan.json").write_text(json.dumps(told), encoding="utf-8")
    try:
        with pytest.raises(InputError, match="work or ship exactly what is there"):
            study.read_study(out)
    finally:
        (out / "plan.json").write_text(text, encoding="utf-8")


def test_every_search_is_told_to_whoever_watches(kept):
    class Listener(study.Silent):
        def __init__(self):
            self.said, self.units = [], set()

        def step(self, said):
            self.said.append(said)

        def meet(self, scale, unit):
            self.units.add((scale, unit))

    listener = Listener()
    found = study.explain(
        str(kept[0]), sites=("C", "S2"), more_minor=100, many=1, seconds=20, watch=listener
    )
    searches = [said for said in listener.said if said.startswith("planning ")]
    assert searches == [
        "planning with C",
        "planning without S2",
        "planning with more money",
        "planning without S2",
    ]
    assert listener.units == {(100.0, "KZT")}
    assert found.sites["S2"].outcome.status in (Status.OPTIMAL, Status.FEASIBLE)
    assert found.sites["S2"].opens == ("S1",)


def test_without_a_watcher_questions_are_answered_in_silence(kept, capsys):
    found = study.explain(str(kept[0]), sites=("A",), seconds=20)
    assert found.sites["A"].closes == ("A",)
    assert capsys.readouterr() == ("", "")
