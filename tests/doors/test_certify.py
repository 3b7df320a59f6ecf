"""Certificates at the command line: what holds, what is refused, and with which words."""

import json
import math
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from ainalym.door import say_certified
from ainalym.errors import InputError
from ainalym.plan import proof_text
from ainalym.plan.certificate import save, text_of
from ainalym.solve.certificate import certify
from ainalym.solve.sites import Gains, choose, instance
from ainalym.study import check_plan, plan_city
from ainalym.study.plans import CERTIFICATE, PLAN


def ainalym(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ainalym", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def files(tmp_path):
    """The p-median of a small grid, with its certificate."""
    at = np.array([(x, y) for x in range(6) for y in range(6)], float)
    cost = np.hypot(*(at[:, None] - at[None]).T)
    client, site = np.divmod(np.arange(cost.size), len(at))
    gain = cost.max(1)[client] - cost[client, site]
    gains = Gains.of(client, site, gain, clients=36, sites=36)
    problem = instance(gains, np.zeros(36), p=4)
    choice = choose(gains, np.zeros(36), p=4).value
    save(problem, tmp_path / "grid.npz")
    kept = certify(problem, choice.open, choice.price, choice.toll)
    (tmp_path / "grid.json").write_text(text_of(kept))
    return tmp_path


def test_a_certificate_that_holds_is_said_to(files):
    done = ainalym("certify", files / "grid.npz", files / "grid.json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("The certificate holds: 4 of 36 sites for 36 clients")
    told = json.loads(ainalym("certify", files / "grid.npz", files / "grid.json", "--json").stdout)
    assert told["open"] == 4
    assert told["worth"] <= told["bound"]
    assert 0 <= told["gap"] < 0.05


def test_a_claim_that_goes_too_far_is_refused(files):
    told = json.loads((files / "grid.json").read_text())
    told["bound"] = told["worth"] - 1.0
    (files / "grid.json").write_text(json.dumps(told))
    done = ainalym("certify", files / "grid.npz", files / "grid.json")
    assert done.returncode == 2
    assert "bound: claims" in done.stderr
    assert "Traceback" not in done.stderr


def test_files_that_are_not_there_are_named(files):
    done = ainalym("certify", files / "none.npz", files / "grid.json")
    assert done.returncode == 2
    assert "none.npz: there is no such file" in done.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of a plan of the toy, made once."""
    out = tmp_path_factory.mktemp("plans") / "out"
    plan_city("toy", out, gap_allowed=0.0, seconds=30)
    return out


@pytest.fixture
def out(made, tmp_path):
    """A copy of it that a test may spoil."""
    return shutil.copytree(made, tmp_path / "out")


WITHOUT_SOLVER = """
import sys
sys.modules["highspy"] = None
from ainalym.cli import main
main(sys.argv[1:])
"""


def test_a_plans_certificate_is_checked_where_no_solver_can_be_loaded(out):
    command = [sys.executable, "-c", WITHOUT_SOLVER, "certify", str(out)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "The certificate holds: the plan has value 11.5 million KZT, recounted, and no plan can "
        "have more than 11.5 million KZT (gap 0"
    )
    assert done.stdout.endswith(" parts without a solver.\n")
    done = subprocess.run([*command, "--json"], capture_output=True, text=True)
    told = json.loads(done.stdout)
    assert told["objective"] == pytest.approx(11_515_488.38)
    assert told["objective"] <= told["bound"] <= told["objective"] * (1 + 1e-5)
    assert (told["sense"], told["unit"], told["goal"]) == ("max", "KZT", "value")
    assert told["stated"] == pytest.approx(told["objective"])
    assert told["parts"] > 1


def test_a_plan_says_that_it_has_a_certificate(tmp_path):
    done = ainalym("plan", "toy", "-o", tmp_path / "out", "--gap", "0", "--limit", "30")
    said = f"certificate: {tmp_path}/out/certificate.json; `ainalym certify {tmp_path}/out` checks"
    assert said in done.stdout
    assert "certificate.json" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert said in ainalym("report", tmp_path / "out").stdout
    assert ainalym("certify", tmp_path / "out", "--quiet").returncode == 0


def change_certificate(out, **changes) -> None:
    path = out / CERTIFICATE
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def change_rows(out, change) -> None:
    told = json.loads((out / PLAN).read_text(encoding="utf-8"))
    change(told)
    (out / PLAN).write_text(json.dumps(told), encoding="utf-8")


def better(told) -> None:
    told["objective"] *= 1.5


def no_number(told) -> None:
    told["objective"] = math.nan


def cut_twice(out) -> None:
    kept = proof_text.read(out / CERTIFICATE)
    cuts = np.concatenate([kept.cuts, np.zeros((2, 4), np.int32)])
    (out / CERTIFICATE).write_text(proof_text.text_of(replace(kept, cuts=cuts)))


def more_shipped(told) -> None:
    told["rows"]["plan"]["flows"]["mass_kg"][0] *= 1.001


def never_built(told) -> None:
    told["rows"]["plan"]["installed"] = []


def cheaper_offers(out) -> None:
    path = out / "city" / "offers.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("200000", "190000"))


def of_another_city(out) -> None:
    plan_city("toy", out.parent / "other", scenario="", years=2, seconds=10)
    shutil.copy(out.parent / "other" / CERTIFICATE, out / CERTIFICATE)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda out: change_certificate(out, bound=1.1e9), "bound: claims "),
        (lambda out: change_certificate(out, objective=9e9), "objective: claims "),
        (lambda out: change_certificate(out, price="AAAA"), "is damaged"),
        (lambda out: change_certificate(out, parts=10**9), "is damaged"),
        (lambda out: change_certificate(out, rows=math.inf), "is damaged"),
        (lambda out: change_certificate(out, objective=10**400), "is damaged"),
        (lambda out: (out / CERTIFICATE).write_text("[" * 200_000), "is damaged"),
        (cut_twice, "cuts: name one twice"),
        (lambda out: change_certificate(out, kind="another"), "is not a plan's certificate"),
        (lambda out: (out / CERTIFICATE).write_bytes(b"\xff\xfe"), "is damaged"),
        (lambda out: (out / CERTIFICATE).unlink(), "there is no such file (plan again to have one"),
        (of_another_city, "certificate: is of city "),
        (lambda out: change_rows(out, better), "says the plan reaches "),
        (lambda out: change_rows(out, no_number), "says the plan reaches nan"),
        (lambda out: change_rows(out, more_shipped), "are worked or shipped"),
        (lambda out: change_rows(out, never_built), "its steps there can take"),
        (cheaper_offers, "says the plan reaches "),
        (lambda out: (out / PLAN).unlink(), "there is no plan in this folder"),
    ],
)
def test_what_was_tampered_with_is_refused_with_a_sentence(out, spoil, says):
    spoil(out)
    with pytest.raises(InputError) as told:
        check_plan(out)
    assert says in str(told.value)


def test_a_refusal_is_code_2_and_no_trace(out):
    change_certificate(out, bound=0.0)
    done = ainalym("certify", out)
    assert (done.returncode, done.stdout) == (2, "")
    assert "bound: claims 0.00, but the prices prove 1,151,5" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_the_search_says_beyond_its_certificate_is_told():
    told = {"objective": 100.0, "bound": 110.0, "stated": 105.0, "sense": "max", "unit": "t"}
    told |= {"goal": "tonnes", "parts": 1, "gap": 0.1}
    assert say_certified(told) == (
        "The certificate holds: the plan has tonnes 100 t, recounted, and no plan can have more "
        "than 110 t (gap 10.0%), proven in one part without a solver. The search itself came to "
        "105 t; what lies between is not in the certificate."
    )
    assert "The search itself" not in say_certified(told | {"stated": 110.0})
    assert "have less than" in say_certified(told | {"sense": "min", "bound": 90.0})
