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


def test_without_the_repository_it_says_where_benchmarks_are(monkeypatch, tmp_path: Path, capsys):
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    with pytest.raises(SystemExit) as left:
        main(["bench", "--list"])
    assert left.value.code == 3
    assert "Benchmarks come with the repository" in capsys.readouterr().err
