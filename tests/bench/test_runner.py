"""Every run stands alone: its limits, its failures, its turn, and the medians that are shown."""

import itertools
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

import pytest

from bench import record, runner, table
from bench.claims import Claim, Goal, Row
from bench.kinds import Kind
from bench.peers.roster import OURS, Peer

SMALL = Row(
    instance="small p-median 200/20", kind=Kind.MEDIAN, asked=Goal(0, 60), aim=Goal(0.001, 1e-6)
)


def test_a_fresh_process_tells_what_it_found_and_took():
    told = runner.alone(SMALL, OURS, seconds=10.0)
    assert told["status"] == "proven"
    assert told["objective"] == pytest.approx(139221.48725456386)
    assert told["bound"] <= told["objective"] + 1e-3
    assert told["wall_s"] > 0 and told["cpu_s"] > 0
    assert 50 < told["peak_mb"] < 2000
    assert set(told["reached_s"]) >= {"1.0000%", "0.1000%", "0.0001%"}
    assert told["clients"] == told["sites"] == 200


def test_two_solvers_agree_and_a_late_aim_is_not_met():
    told = [runner.alone(SMALL, name, seconds=60.0) for name in (OURS, "HiGHS steps")]
    ours, theirs = told
    assert theirs["status"] == "proven"
    assert ours["objective"] == pytest.approx(theirs["objective"], rel=1e-9)
    shown = runner.middle(SMALL, OURS, [ours])
    assert shown["asked"]["is_met"]
    assert not shown["aim"]["is_met"]
    assert shown["aim"]["reached_s"] > 0


def test_too_little_memory_is_a_row_and_no_error():
    told = runner.alone(SMALL, OURS, seconds=10.0, cap_mb=150)
    assert told["status"] in ("out of memory", "failed")
    assert "objective" not in told


def test_a_solver_that_is_not_there_is_a_row_and_no_error():
    told = runner.alone(Row(instance="no such instance"), OURS, seconds=5.0)
    assert told["status"] == "failed"
    assert "no such instance" in told["note"]


@pytest.mark.parametrize(
    ("code", "said", "peak_mb", "status"),
    [
        (-signal.SIGALRM, b"", 100, "out of time"),
        (-signal.SIGKILL, b"", 100, "out of time"),
        (-signal.SIGABRT, b"terminate called\n  what():  std::bad_alloc", 100, "out of memory"),
        (1, b"Traceback\nMemoryError", 100, "out of memory"),
        (-signal.SIGSEGV, b"", 13_000, "out of memory"),
        (1, b"Traceback\nValueError: no such thing", 100, "failed"),
        (-signal.SIGSEGV, b"", 100, "failed"),
    ],
)
def test_why_a_process_ended(code, said, peak_mb, status):
    with tempfile.TemporaryFile() as wrong:
        wrong.write(said)
        assert runner._failure(code, wrong, peak_mb, 14_000)["status"] == status


def test_what_a_solver_leaves_running_is_ended_with_it():
    code = "import subprocess, sys; subprocess.Popen(['sleep', '600']); print('x', flush=True)"
    command = [sys.executable, "-c", code]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    with process.stdout, runner._ended(process, 60.0):
        process.stdout.readline()
    listed = subprocess.run(
        ["ps", "-o", "stat=", "-g", str(process.pid)], capture_output=True, text=True
    )
    alive = [state for state in listed.stdout.split() if not state.startswith("Z")]
    assert not alive


def test_a_solver_without_end_is_ended():
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    began_s = time.monotonic()
    with process.stdout, runner._ended(process, 0.2):
        process.stdout.read()
    assert process.returncode == -signal.SIGKILL
    assert time.monotonic() - began_s < 500


@pytest.fixture
def told(monkeypatch):
    """Runs that are made up: the order in which they came, and what each said."""
    order: list[str] = []
    walls = itertools.count(1)

    def alone(row: Row, solver: str, **_: Any) -> dict[str, Any]:
        order.append(solver)
        if solver == "HiGHS" and order.count("HiGHS") == 2:
            return {"status": "out of time", "cpu_s": 1.0, "peak_mb": 10}
        wall_s = float(next(walls))
        return {
            "status": "proven",
            "objective": 5.0,
            "bound": 5.0,
            "gap": 0.0,
            "wall_s": wall_s,
            "cpu_s": wall_s,
            "peak_mb": 100,
            "reached_s": {"0.0001%": wall_s, "0.1000%": wall_s / 2},
            "note": "",
        }

    written: list[dict[str, Any]] = []
    monkeypatch.setattr(runner, "alone", alone)
    monkeypatch.setattr(record, "append", lambda file, **line: written.append(line))
    missing = Peer(name="nobody's", module="x", package="nobodys", kinds=frozenset(Kind))
    there = Peer(name="HiGHS", module="highs", package="numpy", kinds=frozenset(Kind))
    monkeypatch.setattr(runner, "able", lambda kind: (there, missing))
    claim = Claim(name="c", about="A claim.", rows=lambda: (SMALL,))
    found = runner.measure(claim, peers=True, runs=3, seconds=None, say=lambda _: None)
    return claim, found, order, written


def test_ours_and_the_peers_take_turns_and_every_run_is_recorded(told):
    _, _, order, written = told
    assert order == [OURS, "HiGHS"] * 3
    assert [line["solver"] for line in written] == order
    assert [line["run"] for line in written] == [0, 0, 1, 1, 2, 2]


def test_the_median_is_shown_and_one_failure_with_it(told):
    _, found, _, _ = told
    ours, highs, missing = found
    assert ours["wall_s"] == 3.0  # of 1, 3 and 4, as HiGHS' second gave none
    assert ours["asked"] == {
        "gap": 0,
        "seconds": 60,
        "megabytes": None,
        "reached_s": 3.0,
        "is_met": True,
    }
    assert highs["status"] == "out of time"
    assert highs["asked"]["reached_s"] is None
    assert missing["status"] == "not installed"


def test_the_table_says_all_of_it(told):
    claim, found, _, _ = told
    text = "\n".join(table.lines(claim, found))
    assert "c: A claim." in text
    assert "proven in 60 s: 3.00 s" in text
    assert "(late)" in text
    assert "not installed: pip install nobodys" in text
    assert text.count(SMALL.instance) == 1


def test_a_gap_larger_than_the_value_keeps_its_column(told):
    claim, found, _, _ = told
    wide = found[0] | {"gap": 26.041283, "bound": 140.0}
    (row,) = [line for line in table.lines(claim, [wide]) if SMALL.instance in line]
    assert " 2604% " in row


def test_too_much_memory_misses_the_goal():
    found = [{"reached_s": {"0.1000%": 2.0}, "peak_mb": 1300}]
    assert not runner.against(Goal(0.001, 3, 1200), found)["is_met"]
    assert runner.against(Goal(0.001, 3, 1400), found)["is_met"]
    assert not runner.against(Goal(0.001, 1), found)["is_met"]
