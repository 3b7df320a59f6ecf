"""Explaining a plan on the command line: questions in, sentences and JSON out."""

import json
import os
import shutil
import signal

import pytest

from ainalym import cli, door
from ainalym.study import examples

PROVE = ("--gap", 0, "--limit", 20)


@pytest.fixture
def run(capsys):
    """Run one command: its exit code, and what it put on stdout and stderr."""

    def run_one(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main([str(word) for word in words])
        told = capsys.readouterr()
        return left.value.code, told.out, told.err

    return run_one


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """The shipped toy, planned to proof."""
    out = tmp_path_factory.mktemp("plans") / "toy"
    with pytest.raises(SystemExit) as left:
        cli.main(["plan", "toy", "-o", str(out), "--quiet", *map(str, PROVE)])
    assert left.value.code == 0
    return out


def test_questions_about_the_toy_are_answered_as_its_page_does(run, out):
    words = ("--site", "C", "--site", "A", "--site", "S1", "--budget-more", "1e6")
    code, said, err = run("explain", out, *words, "--alternatives", 2, "--within", "50%", *PROVE)
    assert code == 0
    lines = said.splitlines()
    assert lines[0].startswith(
        "optimal: value 11.5 million KZT; the best possible is at most 11.5 million KZT (gap 0%)"
    )
    assert lines[1:] == [
        "C (Point at the south end) is not open in the plan. Opening it costs 3.1 million KZT "
        "(26.7%); the best plan found then opens C and closes A.",
        "A (Point by the school) is open in the plan. Closing it costs 3.1 million KZT "
        "(26.7%); the best plan found then opens C and closes A.",
        "S1 (Station in the middle) is not open in the plan. Opening it costs 2.0 million KZT "
        "(17.4%); the best plan found then opens S1 and closes S2.",
        "1.0 million KZT more to invest changes nothing in the plan's worth.",
        "Other stations within 50 % of the plan:",
        "  1. S1: costs 2.0 million KZT (17.4%); the best plan found then opens S1 and closes S2.",
        "There is no further choice of stations.",
    ]
    for step in ("with C", "without A", "with S1", "with more money", "without S2"):
        assert f"planning {step}\n" in err


def test_answers_in_json_carry_both_bounds(run, out):
    words = ("--site", "C", "--budget-more", "500_000.5", "--alternatives", 1, "--json", *PROVE)
    code, said, err = run("explain", out, *words)
    told = json.loads(said)
    assert (code, err) == (0, "")
    stored = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    stored.pop("rows")
    assert told["plan"] == stored
    (site,) = told["sites"]
    assert (site["site"], site["is_open"], site["opens"], site["closes"]) == (
        "C",
        False,
        ["C"],
        ["A"],
    )
    assert site["better_least"] == pytest.approx(-3_079_436, rel=1e-6)
    assert site["better_most"] == pytest.approx(-3_079_436, rel=1e-6)
    assert site["bound"] - stored["objective"] == pytest.approx(site["better_most"], rel=1e-6)
    assert told["money"]["more"] == 500_000.5
    assert told["money"]["better_most"] == pytest.approx(0, abs=20)
    assert told["alternatives"]["within"] == 0.01
    assert told["alternatives"]["found"] == []
    assert told["alternatives"]["is_complete"]
    assert told["alternatives"]["rest"] == pytest.approx(9_515_488, rel=1e-6)
    assert told["unanswered"] == []


def test_a_city_is_planned_first_and_a_plan_alone_is_said(run):
    code, said, err = run("explain", "toy", *PROVE)
    assert code == 0
    assert said.startswith("optimal: value 11.5 million KZT")
    assert "planning\n" in err
    assert run("explain", "toy", "--quiet", *PROVE) == (0, "", "")


def test_a_site_that_can_never_open_names_the_rules(run, out):
    code, said, _ = run("explain", out, "--site", "D", *PROVE)
    assert code == 0
    assert "Opening it cannot be: these rules would have to hold together: " in said
    assert "the keepers' least earnings, the subsidy" in said


def test_a_city_without_a_plan_is_explained_by_its_rules(run, tmp_path):
    folder = tmp_path / "poor"
    shutil.copytree(examples()["toy"], folder)
    text = (folder / "budget.csv").read_text(encoding="utf-8").replace("30000000", "100")
    (folder / "budget.csv").write_text(text, encoding="utf-8")
    code, said, _ = run("explain", folder, "--site", "A", *PROVE)
    assert code == 1
    assert said.startswith("There is no plan: these rules cannot hold together.\n  ")
    assert "the budget" in said
    code, said, _ = run("explain", folder, "--json", *PROVE)
    assert code == 1
    told = json.loads(said)
    assert told["plan"]["status"] == "infeasible"
    assert "the budget" in told["plan"]["clash"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--site", "E", "--site", "works"), "site 'works': is a plant (ask about a point or a"),
        (("--site", "E", "--site", "works"), "site 'E': there is no such site (use an id of"),
        (("--site", "S3"), "site 'S3': there is no such site (did you mean S2, S1?)"),
        (("--budget-more", "0"), "'0' is not above 0; give the money that is added"),
        (("--budget-more", "-5"), "'-5' is not above 0"),
        (("--alternatives", "0"), "0 is not in the range x>=1"),
        (("--within", "5"), "'5' is not between 0 and 1"),
        (("--limit", "soon"), "'soon' is not a number; give seconds, such as 60"),
        (("--scenario", "cheap"), "is a plan already, and scenario 'cheap' is asked for"),
    ],
)
def test_questions_nobody_can_answer_get_code_2(run, out, words, says):
    code, said, err = run("explain", out, *words)
    assert (code, said) == (2, "")
    assert says in err


def test_an_interrupt_gives_what_is_answered_by_then(run, out, monkeypatch):
    def interrupt(self, seconds_s, objective, bound):
        if self._said == "planning without A":
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(door.Ticker, "progress", interrupt)
    words = ("--site", "S1", "--site", "A", "--budget-more", "1", *PROVE)
    code, said, _ = run("explain", out, *words)
    assert code == 0
    assert "S1 (Station in the middle) is not open in the plan. Opening it costs" in said
    assert "interrupted; not answered: --site A, --budget-more\n" in said
    told = json.loads(run("explain", out, *words, "--json")[1])
    assert [one["site"] for one in told["sites"]] == ["S1"]
    assert told["unanswered"] == ["--site A", "--budget-more"]
    assert "money" not in told


PLAN = {
    "status": "feasible",
    "goal": "value",
    "sense": "max",
    "unit": "KZT",
    "currency": "KZT",
    "objective": 1000.0,
    "bound": 1100.0,
    "gap": 0.1,
    "seconds_s": 1.0,
    "points": 1,
    "clash": [],
    "notes": [],
}
ANSWER = {
    "status": "feasible",
    "is_told_apart": True,
    "objective": 900.0,
    "clash": [],
    "opens": ["S2"],
    "closes": [],
    "stations": ["S2"],
}


@pytest.mark.parametrize(
    ("least", "most", "apart", "says"),
    [
        (-50.0, -50.0, True, "costs 50 KZT (5.0%)"),
        (-90.0, -20.0, True, "costs between 20 KZT and 90 KZT (2.0% to 9.0%)"),
        (None, -20.0, True, "costs at least 20 KZT (2.0%)"),
        (10.0, 30.0, True, "gains between 10 KZT and 30 KZT (1.0% to 3.0%)"),
        (-90.0, 0.0, False, "costs at most 90 KZT: not told apart from the plan by the proven gap"),
        (None, 0.0, False, "costs at most an unknown amount: not told apart"),
        (0.0, 30.0, False, "gains at most 30 KZT: not told apart"),
        (-90.0, 30.0, False, "costs at most 90 KZT or gains at most 30 KZT: not told apart"),
        (0.0, 0.0, False, "changes nothing in the plan's worth"),
    ],
)
def test_an_answer_is_no_surer_than_its_bounds(least, most, apart, says):
    bounds = {"better_least": least, "better_most": most, "is_told_apart": apart}
    site = ANSWER | bounds | {"site": "S2", "name": "", "is_open": False}
    said = door.say_explained({"plan": PLAN, "sites": [site], "unanswered": []})
    assert f"S2 is not open in the plan. Opening it {says}" in said
    assert said.endswith("; the best plan found then opens S2.")


def test_a_search_without_a_plan_says_so():
    bounds = {"better_least": None, "better_most": -20.0, "is_told_apart": True}
    site = ANSWER | bounds | {"site": "S2", "name": "", "is_open": True, "status": "unknown"}
    said = door.say_explained({"plan": PLAN, "sites": [site], "unanswered": []})
    assert "Closing it costs at least 20 KZT (2.0%); no such plan was found in time." in said


def test_a_question_that_finds_a_better_plan_says_so():
    bounds = {"better_least": -90.0, "better_most": 0.0, "is_told_apart": False}
    site = ANSWER | bounds | {"site": "S2", "name": "", "is_open": False, "objective": 1010.0}
    said = door.say_explained({"plan": PLAN, "sites": [site], "unanswered": []})
    assert said.endswith(
        "The plan can be bettered: 1,010 KZT was found on the way. Plan again with a longer "
        "--limit."
    )


@pytest.mark.parametrize(
    ("found", "rest", "is_complete", "says"),
    [
        ([], None, True, "There is no other choice of stations."),
        (
            [],
            950.0,
            True,
            "No other choice of stations comes within 1 % of the plan: none reaches more than "
            "950 KZT.",
        ),
        (
            [ANSWER | {"better_least": -9.0, "better_most": -9.0}],
            1050.0,
            False,
            "A further choice of stations may come within 1 % of the plan; it is proved only that "
            "none reaches more than 1,050 KZT.",
        ),
    ],
)
def test_what_is_proved_of_the_rest_is_said(found, rest, is_complete, says):
    others = {"within": 0.01, "found": found, "rest": rest, "is_complete": is_complete}
    told = {"plan": PLAN, "sites": [], "alternatives": others, "unanswered": []}
    assert door.say_explained(told).endswith(says)
    if found:
        assert "  1. S2: costs 9 KZT (0.900%); the best plan" in door.say_explained(told)
