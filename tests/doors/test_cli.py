"""The command line as a person and as a script meets it: words, JSON, exit codes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "city"))
import ainalym
from ainalym import cli, door
from ainalym.answer import Sense, Status
from ainalym.city import read, write
from ainalym.errors import BrokenLaw, ConflictError, OutsideError
from ainalym.model.plan import Outcome
from ainalym.study.plans import OURS
from tests.city.toys import broken, toy

PLAN_LIMIT = ("--limit", "10")


@pytest.fixture
def folder(tmp_path):
    """A sound city folder with one scenario."""
    folder = tmp_path / "toy"
    write(toy(), folder)
    (folder / "scenarios" / "cheap").mkdir(parents=True)
    (folder / "scenarios" / "cheap" / "gate.csv").write_text("material,price_per_kg\npaper,1\n")
    (folder / "scenarios.csv").write_text("name,about\ncheap,paper at one tenge\n")
    return folder


@pytest.fixture
def shipped(folder, monkeypatch):
    """The same folder, as if it were shipped under the name toy."""
    monkeypatch.setattr("ainalym.study.cities.EXAMPLES", folder.parent)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(capsys):
    """Run one command: its exit code, and what it put on stdout and stderr."""

    def run_one(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main([str(word) for word in words])
        told = capsys.readouterr()
        return left.value.code, told.out, told.err

    return run_one


def test_help_answers_at_once():
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "ainalym", "--help"], capture_output=True, text=True, check=True
    )
    assert time.perf_counter() - began < 2.0
    assert "Exit codes: 0 done, 1 the answer is no, 2 faults" in done.stdout
    loaded = "import sys, ainalym.cli; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True)
    assert done.stdout == "False\n", "the command line loads numpy before it needs it"


def test_version_is_said(run):
    assert run("--version") == (0, "ainalym 0.1.0\n", "")


def test_every_public_name_is_there():
    for name in ainalym.__all__:
        assert getattr(ainalym, name) is not None
    assert set(ainalym.__all__) == set(dir(ainalym))
    with pytest.raises(AttributeError, match="ainalym has no 'plam'"):
        _ = ainalym.plam


def test_a_sound_city_is_said_to_be_sound(run, folder):
    said = "Toytown is sound: 7 blocks, 7 sites. 1 of 1 assumptions need a local value.\n"
    assert run("city", "check", folder) == (0, said, "")
    assert run("city", "check", folder, "--quiet") == (0, "", "")
    code, out, _ = run("city", "check", folder, "--json", "--scenario", "cheap")
    assert code == 0
    assert json.loads(out) == {
        "city": "Toytown",
        "sound": True,
        "blocks": 7,
        "sites": 7,
        "materials": 7,
        "needs_local_value": ["price, paper"],
    }


def test_all_faults_of_a_city_are_told_with_code_2(run, folder):
    broken(folder, "sites.csv", ",250,", ",-3,")
    broken(folder, "gate.csv", "12", "0,5")
    code, out, err = run("city", "check", folder, "--quiet")
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "gate.csv row 3: has 3 cells, the header has 2 (a decimal comma? write 0.5)",
        "sites.csv row 2: capacity_t_per_year is -3 "
        "(give a number above 0, or leave it empty for no limit)",
    ]
    code, out, err = run("city", "check", folder, "--json")
    told = json.loads(err)
    assert (code, out, told["exit_code"]) == (2, "", 2)
    assert told["issues"][1] == {
        "where": "sites.csv row 2",
        "fault": "capacity_t_per_year is -3",
        "mend": "give a number above 0, or leave it empty for no limit",
    }


def test_scenarios_are_checked_with_their_city(run, folder):
    broken(folder, "scenarios/cheap/gate.csv", "paper,1", "papyrus,1")
    code, _, err = run("city", "check", folder)
    assert code == 2
    assert err == (
        "scenarios/cheap/gate.csv row 2: material 'papyrus' is not in gate.csv "
        "(use a key of gate.csv)\n"
    )


def test_examples_are_listed_and_found_by_name(run, shipped):
    assert run("city", "list") == (0, "toy\n  --scenario cheap  paper at one tenge\n", "")
    assert json.loads(run("city", "list", "--json")[1]) == {"toy": {"cheap": "paper at one tenge"}}
    assert run("city", "check", "toy")[0] == 0
    assert run("city", "check", "tyo") == (
        2,
        "",
        "tyo: there is no such folder or example (give a folder, or one of the examples toy)\n",
    )


def test_an_example_is_copied_to_be_edited(run, shipped, tmp_path):
    out = tmp_path / "mine"
    assert run("city", "copy", "toy", out) == (0, f"toy is copied to {out}.\n", "")
    assert read(out, "cheap") == read(shipped, "cheap")
    code, _, err = run("city", "copy", "toy", out)
    assert code == 2
    assert err == f"{out}: there is something here already (give a new folder)\n"


def test_a_plan_is_written_with_its_city_and_can_be_reported_again(run, folder, tmp_path):
    out = tmp_path / "out"
    code, said, err = run("plan", folder, "-o", out, "--scenario", "cheap", *PLAN_LIMIT)
    assert code == 0
    assert "points; stations: " in said
    assert f"report: {out}/report.html" in said
    for step in ("reading the city", "measuring the ways", "planning", "writing the report"):
        assert step in err
    page = (out / "report.html").read_text(encoding="utf-8")
    assert f"ainalym plan {folder} -o {out} --scenario cheap --limit 10" in page
    assert "Scenario: cheap." in page
    assert read(out / "city") == read(folder, "cheap")
    written = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert {path.name for path in out.iterdir()} == {*OURS}
    (out / "report.html").unlink()
    (out / "notes.txt").write_text("mine")
    assert run("report", out, "--quiet") == (0, "", "")
    assert {path: path.read_bytes() for path in written} == written
    assert run("plan", folder, "-o", out, "--quiet", *PLAN_LIMIT) == (0, "", "")
    assert (out / "notes.txt").read_text() == "mine"


def test_json_is_what_the_plan_s_file_says_in_brief(run, folder, tmp_path):
    out = tmp_path / "out"
    code, said, err = run("plan", folder, "-o", out, "--json", *PLAN_LIMIT)
    told = json.loads(said)
    assert (code, err) == (0, "")
    stored = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    stored.pop("rows")
    assert told == stored
    assert told["status"] in ("optimal", "feasible")
    assert told["objective"] <= told["bound"] + 1e-6 * abs(told["bound"])
    assert told["gap"] >= 0
    assert told["stages_t"]["captured"] <= told["stages_t"]["thrown"]
    assert told["command"].endswith(f"-o {out} --json --limit 10")
    assert json.loads(run("report", out, "--json")[1]) == told


def test_a_damaged_plan_is_told_in_a_sentence(run, folder, tmp_path):
    out = tmp_path / "out"
    assert run("plan", folder, "-o", out, "--quiet", *PLAN_LIMIT)[0] == 0
    text = (out / "plan.json").read_text(encoding="utf-8")
    (out / "plan.json").write_text(text[: len(text) // 2], encoding="utf-8")
    code, said, err = run("report", out)
    assert (code, said) == (3, "")
    assert f"{out}/plan.json cannot be read as a plan" in err
    told = json.loads(text)
    told["rows"]["plan"]["opened"][1] = 99
    (out / "plan.json").write_text(json.dumps(told), encoding="utf-8")
    code, said, err = run("report", out)
    assert (code, said) == (2, "")
    assert "opens in year 99 of" in err


def test_wishes_change_the_city_that_is_planned(run, folder, tmp_path):
    words = ("--stations", 2, "--years", 2, "--objective", "tonnes", "--gap", "2%")
    code, *_ = run("plan", folder, "-o", tmp_path / "out", "--budget", "3e6", *words, *PLAN_LIMIT)
    planned = read(tmp_path / "out" / "city").programme
    assert code == 0
    assert (planned.stations, planned.years, planned.objective) == (2, 2, "tonnes")
    assert sum(sum(fund.amount_minor) for fund in planned.funds) == 300_000_000


def test_no_plan_is_an_answer_with_code_1(run, folder, tmp_path):
    words = ("plan", folder, "-o", tmp_path / "out", "--budget", 0, *PLAN_LIMIT)
    code, said, _ = run(*words)
    assert code == 1
    assert said.startswith("There is no plan: these rules cannot hold together.\n  ")
    assert "budget" in said
    assert not (tmp_path / "out").exists()
    code, said, _ = run(*words, "--json")
    assert code == 1
    assert json.loads(said)["status"] == "infeasible"
    assert run(*words, "--quiet")[1] != ""


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "Missing option '-o' / '--out'"),
        (("-o", "x", "--gap", "5"), "'5' is not between 0 and 1; write 0.02 or 2%"),
        (("-o", "x", "--gap", "two"), "'two' is not a share; write 0.02 or 2%"),
        (("-o", "x", "--budget", "210 million"), "write it in digits, such as 210000000"),
        (("-o", "x", "--budget", "0.001"), "'0.001' is finer than a hundredth"),
        (("-o", "x", "--limit", "0"), "'0' is not a time; give seconds above 0"),
        (("-o", "x", "--limit", "nan"), "'nan' is not a time; give seconds above 0"),
        (("-o", "x", "--stations", "three"), "'three' is not a valid integer"),
        (("-o", "x", "--stations", "9"), "asks for 9 stations; there are 2"),
        (("-o", "x", "--years", "0"), "years: years is 0 (give a whole number between 1 and 50)"),
        (("-o", "x", "--objective", "joy"), "objective: objective is 'joy' (use one of value"),
        (("-o", "x", "--scenario", "rich"), "scenario 'rich' is unknown (use one of cheap)"),
        (("-o", "x", "--bogus"), "No such option"),
    ],
)
def test_wrong_words_get_code_2_and_a_remedy(run, folder, monkeypatch, words, says):
    monkeypatch.chdir(folder)
    code, out, err = run("plan", folder, *words)
    assert (code, out) == (2, "")
    assert says in err
    assert not (folder / "x").exists()


def test_a_folder_of_something_else_is_not_overwritten(run, folder, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    code, _, err = run("plan", folder, "-o", tmp_path, *PLAN_LIMIT)
    assert code == 2
    assert err == (
        f"{tmp_path}: there is something else here that is not an earlier plan "
        "(give a new folder)\n"
    )
    code, _, err = run("report", tmp_path)
    assert code == 2
    assert err == (
        f"{tmp_path}: there is no plan in this folder (give a folder that `ainalym plan` wrote)\n"
    )


def test_a_place_that_cannot_be_written_is_said_before_the_search(run, folder, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = run("plan", folder, "-o", tmp_path / "file" / "out", "--limit", "1000")
    assert code == 2
    assert err == (
        f"{tmp_path}/file/out: nothing can be written in {tmp_path}/file (give another folder)\n"
    )


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (OutsideError("the disk is full"), 3, "ainalym: the disk is full"),
        (OSError(28, "No space left"), 3, "ainalym: the computer refused: OSError(28"),
        (MemoryError(), 3, "ainalym: the computer refused: MemoryError()"),
        (ConflictError("it says otherwise"), 1, "ainalym: it says otherwise"),
        (BrokenLaw("mass is gone"), 70, "a fault of ainalym, not yours: mass is gone, in test_cli"),
        (KeyError("x"), 70, "a fault of ainalym, not yours: KeyError('x'), in test_cli.py line"),
        (KeyboardInterrupt(), 130, "ainalym: interrupted, nothing is written"),
    ],
)
def test_every_way_to_fail_has_its_code_and_no_trace(
    run, folder, tmp_path, monkeypatch, error, code, says
):
    def fail(*args, **more):
        raise error

    monkeypatch.setattr("ainalym.city.roads.measure", fail)
    left, out, err = run("plan", folder, "-o", tmp_path / "out", "--quiet")
    assert (left, out) == (code, "")
    assert says in err
    assert "Traceback" not in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["toy"]
    assert json.loads(run("plan", folder, "-o", tmp_path / "out", "--json")[2])["exit_code"] == code


def test_the_trace_is_shown_when_asked_for(folder, tmp_path, monkeypatch):
    def fail(*args, **more):
        raise KeyError("x")

    monkeypatch.setattr("ainalym.city.roads.measure", fail)
    monkeypatch.setenv("AINALYM_TRACE", "1")
    with pytest.raises(KeyError):
        cli.main(["plan", str(folder), "-o", str(tmp_path / "out"), "--quiet"])


@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
def test_the_first_interrupt_writes_the_best_plan_so_far(run, folder, tmp_path, monkeypatch, word):
    hear = door.Ticker.progress

    def interrupt(self, seconds_s, objective, bound):
        if objective == objective and abs(objective) < float("inf"):
            os.kill(os.getpid(), word)
        hear(self, seconds_s, objective, bound)

    monkeypatch.setattr(door.Ticker, "progress", interrupt)
    words = ("plan", folder, "-o", tmp_path / "out", "--json", "--gap", "0", *PLAN_LIMIT)
    # A shell lets what it starts in the background ignore ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    code, said, _ = run(*words)
    signal.signal(signal.SIGINT, before)
    told = json.loads(said)
    assert code == 0
    assert sum("interrupted" in note for note in told["notes"]) == 1
    assert (tmp_path / "out" / "report.html").is_file()
    assert signal.set_wakeup_fd(-1) == -1


def test_an_interrupt_that_the_solver_swallowed_is_told(run, folder, tmp_path, monkeypatch):
    real = ainalym.design

    def swallow(*args, **more):
        found = real(*args, **more)
        signal.signal(signal.SIGINT, lambda *_: None)
        os.kill(os.getpid(), signal.SIGINT)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        return found

    monkeypatch.setattr("ainalym.plan.design", swallow)
    code, said, _ = run("plan", folder, "-o", tmp_path / "out", *PLAN_LIMIT)
    assert code == 0
    assert "\nnote: interrupted after " in said
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert ">interrupted after " in page


def test_an_interrupt_before_any_plan_ends_with_130(run, folder, tmp_path, monkeypatch):
    def interrupt(self, seconds_s, objective, bound):
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(door.Ticker, "progress", interrupt)
    code, said, _ = run("plan", folder, "-o", tmp_path / "out", "--gap", "0", *PLAN_LIMIT)
    assert code == 130
    assert said.startswith("No plan was found before the search ended")
    assert "note: interrupted " in said
    assert not (tmp_path / "out").exists()


def test_a_polite_end_is_an_interrupt(run, folder, tmp_path, monkeypatch):
    def end_us(*args, **more):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)

    monkeypatch.setattr("ainalym.plan.design", end_us)
    before = signal.getsignal(signal.SIGTERM)
    code, out, err = run("plan", folder, "-o", tmp_path / "out", "--quiet")
    assert (code, out) == (130, "")
    assert err.strip() == "ainalym: interrupted, nothing is written"
    assert signal.getsignal(signal.SIGTERM) is before
    assert not (tmp_path / "out").exists()


def test_no_plan_in_time_is_said_with_code_3(run, folder, tmp_path, monkeypatch):
    def find_nothing(*args, **more):
        return Outcome(
            status=Status.UNKNOWN,
            sense=Sense.MAX,
            objective=float("nan"),
            bound=float("inf"),
            gap=float("inf"),
            plan=None,
            tally=None,
            notes=("interrupted before the search was done",),
        )

    monkeypatch.setattr("ainalym.plan.design", find_nothing)
    code, said, _ = run("plan", folder, "-o", tmp_path / "out")
    assert code == 3
    assert said == (
        "No plan was found before the search ended (give a longer --limit).\n"
        "note: interrupted before the search was done\n"
    )
    told = json.loads(run("plan", folder, "-o", tmp_path / "out", "--json")[1])
    assert (told["status"], told["objective"], told["bound"]) == ("unknown", None, None)


def test_a_reader_that_leaves_early_is_no_fault(folder):
    code = "import sys; from ainalym.cli import main; main(['city', 'check', sys.argv[1]])"
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, "-u", "-c", code, str(folder)], stdout=write_end, stderr=subprocess.PIPE
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (141, b"")


def test_progress_says_objective_bound_and_gap(monkeypatch, capsys):
    monkeypatch.setattr(door, "LINE_EVERY_S", 0.01)
    with door.Ticker(quiet=False) as watch:
        watch.meet(100.0, "KZT")
        watch.step("planning")
        watch.progress(0.1, 1_000_000.0, 1_020_000.0)
        watch._thread.join(0.2)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "    0 s  planning"
    assert lines[-1] == "    0 s  planning  objective 10,000 KZT  bound 10,200 KZT  gap 2.0%"


def test_objectives_are_said_in_their_units():
    assert door.say_worth(210e6, "KZT") == "210.0 million KZT"
    assert door.say_worth(5e3, "t") == "5,000 t"
    assert door.say_worth(-5e3, "t CO2e") == "-5,000 t CO2e"


def test_a_gap_that_only_rounding_leaves_is_closed():
    assert door.say_gap(1e-9) == "0%"
    assert door.say_gap(0.0042) == "0.420%"


def test_nothing_but_the_object_is_printed_by_the_real_process(tmp_path):
    words = ["plan", "toy", "--json", "--limit", "10", "-o", str(tmp_path / "out")]
    done = subprocess.run([sys.executable, "-m", "ainalym", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] in ("optimal", "feasible")
