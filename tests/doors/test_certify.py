"""Certificates at the command line: what holds, what is refused, and with which words."""

import json
import subprocess
import sys

import numpy as np
import pytest

from ainalym.plan.certificate import save, text_of
from ainalym.solve.certificate import certify
from ainalym.solve.sites import Gains, choose, instance


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
