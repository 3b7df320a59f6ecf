"""What is claimed can be measured, and what modules recorded is read as it was meant."""

import json

import pytest

from bench import modules, sites, table
from bench.__main__ import main
from bench.claims import BY_NAME, CLAIMS, Goal, of_instance
from bench.peers.roster import PEERS, able


def test_every_row_of_our_own_runner_is_an_instance():
    names = [row.instance for claim in CLAIMS if not claim.module for row in claim.rows()]
    seeded = [row for row in names if " " in row]
    assert set(seeded) <= set(sites.INSTANCES)
    assert len(names) == len(set(names))


def test_every_kind_has_an_exact_peer():
    for claim in CLAIMS:
        for row in () if claim.module else claim.rows():
            assert {"HiGHS", "SCIP"} <= {peer.name for peer in able(row.kind)}


def test_published_rows_are_those_that_are_there(shared):
    names = [row.instance for row in BY_NAME["pmed"].rows()]
    assert "pmed1" in names
    known = {row.instance: row.known for row in BY_NAME["tsplib"].rows()}
    assert known["rl1304/100"] == pytest.approx(491639)


def test_one_instance_is_a_claim_of_its_own():
    claim = of_instance("facility 10000x1000")
    assert [row.instance for row in claim.rows()] == ["facility 10000x1000"]
    assert claim.rows()[0].asked == Goal(0.0002, 3)
    assert of_instance("nothing") is None


def test_the_list_names_every_claim_and_peer(capsys):
    assert main(["--list"]) == 0
    text = capsys.readouterr().out
    assert all(claim.name in text for claim in CLAIMS)
    assert all(peer.name in text for peer in PEERS)
    assert main(["--list", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["claim"] for one in told["claims"]] == list(BY_NAME)


def test_a_claim_that_is_not_there_is_refused(capsys):
    assert main(["nothing"]) == 2
    assert "no claim or instance 'nothing'" in capsys.readouterr().err
    assert main(["nothing", "--json"]) == 2
    assert json.loads(capsys.readouterr().err)["exit_code"] == 2


def test_results_of_modules_are_set_against_what_is_asked():
    claim = BY_NAME["capacity"]
    one = {"instance": "capa 8000", "solver": "ours", "objective": 3.0, "bound": 3.0, "gap": 1e-7}
    one |= {"wall_s": 12.0, "cpu_s": 20.0, "reached_s": {"0.10%": 4.0, "1.00%": 3.0}}
    told = modules.line(claim, one)
    assert told["asked"]["reached_s"] == 4.0
    assert told["asked"]["is_met"]
    assert told["aim"]["reached_s"] == 12.0
    assert not told["aim"]["is_met"]
    text = "\n".join(table.lines(claim, [told]))
    assert "0.100% in 5 s: 4.00 s" in text
    assert "proven in 10 s: 12.00 s (late)" in text


def test_a_gap_that_a_module_did_not_write_is_reckoned():
    one = {"instance": "relog boats", "objective": 4.0, "bound": 3.0, "published": 4.0}
    told = modules.line(BY_NAME["oracles"], one)
    assert told["gap"] == 0.25
    assert told["known"] == 4.0


def test_marks_of_plans_are_read_and_those_never_reached_left_out():
    one = {"city": "almaty", "solver": "ainalym", "objective": 9.0, "bound": 9.1, "gap": 0.011}
    one |= {"wall_s": 61.0, "memory_gb": 0.34, "reached_s": {"0.05": 22.0, "0.01": -1.0}}
    told = modules.line(BY_NAME["plan"], one)
    assert told["instance"] == "almaty"
    assert told["asked"]["reached_s"] is None
    assert told["peak_mb"] == 340


def test_optima_found_and_proven_are_counted():
    row = {"solver": "ours", "wall_s": 2.0, "cpu_s": 3.0, "found_s": 0.5, "gap": 0.0}
    told = [row | {"objective": 10.0, "known": 10.0}, row | {"objective": 11.0, "known": 10.0}]
    told[1]["gap"] = 0.2
    (said,) = table.summary(told)[1:]
    assert said.startswith("ours: best known value 1 of 2, after 0.5 s in all; proven 1; 4.0 s")
