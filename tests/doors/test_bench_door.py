"""The benchmark's command: it lists, it passes its answer through, it says where it comes from."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ainalym import bench
from ainalym.cli import main


def ainalym(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ainalym", *words]
    return subprocess.run(command, capture_output=True, text=True)


def solvers(parent: int) -> list[int]:
    """The processes that another has started."""
    path = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(word) for word in path.read_text().split()]


def is_gone(pid: int) -> bool:
    """Whether a process has ended."""
    return not Path(f"/proc/{pid}").exists()


def test_the_list_is_printed():
    done = ainalym("bench", "--list")
    assert done.returncode == 0, done.stderr
    assert "p-median" in done.stdout
    assert "pbp-pmedian" in done.stdout
    assert json.loads(ainalym("bench", "--list", "--json").stdout)["peers"]


def test_an_unknown_claim_is_refused_with_what_there_is():
    done = ainalym("bench", "nothing")
    assert done.returncode == 2
    assert "give one of: p-median" in done.stderr


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="asks Linux which processes there are")
def test_whoever_ends_it_ends_the_solver_too():
    command = [sys.executable, "-m", "ainalym", "bench", "cover 1000000x100 R 5.5"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    with running.stderr:
        assert "run 1 of 1" in running.stderr.readline()
        started = solvers(running.pid)
        while not started:
            started = solvers(running.pid)
        running.terminate()
        assert running.wait(timeout=120) == 130
    assert all(is_gone(pid) for pid in started)


def test_without_the_repository_it_says_where_benchmarks_are(monkeypatch, tmp_path: Path, capsys):
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    with pytest.raises(SystemExit) as left:
        main(["bench", "--list"])
    assert left.value.code == 3
    assert "Benchmarks come with the repository" in capsys.readouterr().err
