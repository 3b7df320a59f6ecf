"""Style as a test: what a machine can hold the code to, beyond ruff and import-linter.

STYLE.md says why each law is there. Every failure names the file, the line and the remedy.
"""

import ast
import csv
import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

import ainalym

ROOT = Path(__file__).parents[1]
HOME = ROOT / "src" / "ainalym"
SOURCES = sorted(HOME.rglob("*.py"))
CODE = sorted({*SOURCES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").rglob("*.py")})
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *HOME.rglob("*.md")})

LINES = 500
FUNCTION_LINES = 70
# The words are written in two halves so that this file does not break its own laws.
EMPTY_WORDS = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "base",
    "manager",
    "service",
    "handler",
}
LEFT_OVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
MACHINE_PATH = re.compile(r"(?<![\w.~/*-])/(work|tmp|root|home|farm|Users)/\w")
BANNER = re.compile(r"^\s*#\s*[-=#*~_]{3,}", re.MULTILINE)

NUMBER = re.compile(r"\b(int|float|Decimal|float64|int64|ArrayLike)\b")
QUANTITIES = {
    *("mass", "stock", "payload", "capacity", "density", "area", "floor"),
    *("distance", "length", "speed", "time", "wait", "duration", "shift"),
    *("price", "cost", "capex", "opex", "budget", "money", "wage", "fee", "subsidy", "margin"),
    "emissions",
}
UNIT = re.compile(
    r"_(kg|g|t|m|km|m2|m3|s|h|kmh|day|days|year|years|minor|major|share|ppm|degrees|pieces)"
    r"(_km)?(_per_[a-z0-9_]+)?(_(min|max|mean|total|low|high))?$"
)
# solve/ has never heard of units: its numbers are the caller's. In plan/, what a program calls
# cost, price or budget is counted in whatever the planner made the objective.
UNITLESS = {"solve": QUANTITIES, "plan": {"cost", "price", "capex", "budget", "money", "mass"}}


def where(path: Path, line: int = 0) -> str:
    """Where something was found, as an editor understands it."""
    return str(path.relative_to(ROOT)) + (f":{line}" if line else "")


def broken(rule: str, found: Iterable[str]) -> str:
    """What a failing test says: the rule, and every place that breaks it."""
    return "\n  ".join([rule, *found])


@cache
def tree(path: Path) -> ast.Module:
    """The parsed source of one file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def defined(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Functions and classes of a module or class, and those of its public classes."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child
            if isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
                yield from defined(child)


def public(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Functions and classes that others may use."""
    return (node for node in defined(tree(path)) if not node.name.startswith("_"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function in a file, also a private or inner one."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return (node for node in ast.walk(tree(path)) if isinstance(node, kinds))


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function from its `def`, without its docstring."""
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        lines -= function.body[0].end_lineno - function.body[0].lineno + 1
    return lines


def numbers(path: Path) -> Iterator[tuple[ast.AST, str]]:
    """Public parameters and fields that hold numbers, with their names."""
    for node in public(path):
        if isinstance(node, ast.ClassDef):
            marked = [n for n in node.body if isinstance(n, ast.AnnAssign)]
            named = [
                (n, n.target.id, n.annotation) for n in marked if isinstance(n.target, ast.Name)
            ]
        else:
            arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            named = [(a, a.arg, a.annotation) for a in arguments if a.annotation is not None]
        for place, name, annotation in named:
            said = ast.unparse(annotation)
            if NUMBER.search(said) and "Callable" not in said and not name.startswith("_"):
                yield place, name


def tracked() -> list[Path]:
    """Files under version control that exist and are text, locks aside."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    binary = {".png", ".jpg", ".gz", ".pbf", ".parquet", ".woff2", ".lock", ".jsonl"}
    return [path for path in paths if path.is_file() and path.suffix not in binary]


def test_files_are_short():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in CODE}
    long = [f"{where(path)} has {n} lines" for path, n in lengths.items() if n > LINES]
    assert not long, broken(f"split files of more than {LINES} lines by what they are about:", long)


def test_functions_fit_on_a_screen():
    long = [
        f"{where(path, f.lineno)} {f.name} has {code_lines(f)} lines"
        for path in CODE
        if path.is_relative_to(HOME) or path.is_relative_to(ROOT / "bench")
        for f in functions(path)
        if code_lines(f) > FUNCTION_LINES
    ]
    rule = f"a function of more than {FUNCTION_LINES} lines does two things; give each a name:"
    assert not long, broken(rule, long)


def test_everything_public_says_what_it_is():
    silent = [
        where(path) for path in SOURCES if tree(path).body and not ast.get_docstring(tree(path))
    ]
    silent += [
        f"{where(path, node.lineno)} {node.name}"
        for path in SOURCES
        for node in public(path)
        if not ast.get_docstring(node)
    ]
    assert not silent, broken(
        "add a docstring: one sentence, verb first, in the user's words:", silent
    )


def test_first_sentence_ends_with_a_full_stop():
    open_ended = [
        f"{where(path, node.lineno)} {node.name}"
        for path in SOURCES
        for node in public(path)
        if (said := ast.get_docstring(node)) and said.split("\n\n")[0][-1] not in ".:?"
    ]
    assert not open_ended, broken("begin the docstring with one whole sentence:", open_ended)


def test_public_functions_say_what_they_return():
    untyped = [
        f"{where(path, node.lineno)} {node.name}"
        for path in SOURCES
        for node in public(path)
        if not isinstance(node, ast.ClassDef) and node.returns is None
    ]
    assert not untyped, broken("write the type that is returned:", untyped)


def test_numbers_with_a_unit_end_in_it():
    bare = [
        f"{where(path, place.lineno)} {name}"
        for path in SOURCES
        for place, name in numbers(path)
        if {*name.split("_")} & (QUANTITIES - UNITLESS.get(path.parent.name, set()))
        and not UNIT.search(name)
    ]
    assert not bare, broken("say the unit last, as in `price_minor_per_kg`, `wait_s`:", bare)


@pytest.mark.parametrize("name", ["price", "wait", "area_max", "gate_price", "capacity_2020"])
def test_a_name_without_its_unit_is_seen(name):
    assert {*name.split("_")} & QUANTITIES
    assert not UNIT.search(name)


@pytest.mark.parametrize(
    "name", ["price_minor_per_kg", "wait_s", "emissions_kg_per_kg_km", "p", "seed", "gap_allowed"]
)
def test_a_name_with_its_unit_or_without_need_of_one_passes(name):
    assert UNIT.search(name) or not {*name.split("_")} & QUANTITIES


def test_no_error_is_swallowed():
    swallowed = [
        where(path, node.lineno)
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (
            node.type is None
            or {"Exception", "BaseException"} & {*re.findall(r"\w+", ast.unparse(node.type))}
        )
        and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
    ]
    assert not swallowed, broken(
        "catch the errors you can mend, by name; let the rest pass:", swallowed
    )


def test_importing_does_no_work():
    reading = {"open", "print", "read_text", "read_bytes", "loadtxt", "reader"}
    busy = []
    for path in SOURCES:
        for node in tree(path).body:
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                busy.append(where(path, node.lineno))
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                calls = [n.func for n in ast.walk(node.value) if isinstance(n, ast.Call)]
                names = {getattr(f, "attr", getattr(f, "id", "")) for f in calls}
                busy += [where(path, node.lineno)] * bool(names & reading)
    assert not busy, broken("move what runs at import into a function:", busy)


def test_names_say_what_a_thing_is():
    empty = [
        where(p) for p in CODE if {*p.with_suffix("").relative_to(ROOT).parts[1:]} & EMPTY_WORDS
    ]
    empty += [
        f"{where(path, node.lineno)} {node.name}"
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
        and {*re.sub(r"(?<!^)(?=[A-Z])", "_", node.name).lower().split("_")} & EMPTY_WORDS
    ]
    assert not empty, broken(f"{sorted(EMPTY_WORDS)} say nothing; name what it is for:", empty)


def test_nothing_is_left_for_later_and_no_banners():
    left = []
    for path in CODE:
        text = path.read_text(encoding="utf-8")
        for found in (*LEFT_OVER.finditer(text), *BANNER.finditer(text)):
            left.append(where(path, text.count("\n", 0, found.start()) + 1))
    assert not left, broken(
        "do it, or write an issue; a section that needs a banner is a file:", left
    )


def test_no_path_of_one_machine():
    found = [
        where(path, k)
        for path in tracked()
        for k, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]
    assert not found, broken(
        "write paths relative to the repository, or take them as input:", found
    )


def test_every_exported_name_exists_and_is_documented():
    assert sorted(ainalym.__all__) == sorted(set(ainalym.__all__)), "a name is exported twice"
    silent = [
        name for name in ainalym.__all__ if not (getattr(ainalym, name).__doc__ or "").strip()
    ]
    assert not silent, broken("exported from ainalym without a docstring:", silent)


def headings(page: Path) -> set[str]:
    """The anchors of a page, as code forges make them."""
    lines = re.findall(r"^#{1,6} +(.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.strip().lower()).replace(" ", "-") for line in lines}


def test_links_in_the_documentation_lead_somewhere():
    dead = []
    for page in PAGES:
        prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", prose):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, anchor = target.partition("#")
            aim = page.parent / file if file else page
            if not aim.exists() or (anchor and aim.suffix == ".md" and anchor not in headings(aim)):
                dead.append(f"{where(page)} -> {target}")
    assert not dead, broken("links that lead nowhere:", dead)


def test_every_shipped_number_has_a_source():
    table = HOME / "city" / "defaults.csv"
    if not table.exists():
        pytest.skip("no numbers are shipped yet")
    with table.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert rows, "defaults.csv is empty"
    bare = [
        f"row {k}: {row['name']}"
        for k, row in enumerate(rows, 2)
        if not (row["source"] or "").strip() or not (row["confidence"] or "").strip()
    ]
    assert not bare, broken("defaults.csv: give a source, or `needs local value` and why:", bare)
    twice = {row["name"] for row in rows if sum(r["name"] == row["name"] for r in rows) > 1}
    assert not twice, broken("defaults.csv: names that stand twice:", sorted(twice))


def pins(lock: str) -> dict[str, list[str]]:
    """Each pinned package of a lock with its hashes."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text, f"{lock} names an address; `make lock` writes it without"
    assert not re.search(r"^-", text, re.MULTILINE), f"{lock} carries options; `make lock` anew"
    entries = re.split(r"\n(?=\S)", text.strip())
    return {entry.split(" ")[0]: re.findall(r"--hash=(\S+)", entry) for entry in entries}


def test_locks_are_whole_and_agree():
    run, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    peers = pins("requirements-peers.lock")
    assert all("==" in pin and hashes for pin, hashes in (run | dev | peers).items())
    apart = [pin for pin in run if not dev.get(pin) == peers.get(pin) == run[pin]]
    assert not apart, broken(
        "locked otherwise for the tests or the benchmark than for the users; `make lock`:", apart
    )
    tests = dict(pin.split("==") for pin in dev)
    rest = (pin.split("==") for pin in peers)
    apart = [name for name, number in rest if tests.get(name, number) != number]
    assert not apart, broken("both tests and peers pin it, at two versions; `make lock`:", apart)
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needs = [*asked["project"]["dependencies"], *asked["build-system"]["requires"]]
    extra = asked["project"]["optional-dependencies"]["peers"]
    missing = [
        need
        for wanted, lock in ((needs, run), (extra, peers))
        for need in wanted
        if re.split(r"[<>=~ ]", need)[0].lower() not in {pin.split("==")[0] for pin in lock}
    ]
    assert not missing, broken("asked for in pyproject.toml but not locked; `make lock`:", missing)


def test_one_version_everywhere():
    cited = re.search(r"^version: (\S+)", (ROOT / "CITATION.cff").read_text("utf-8"), re.MULTILINE)
    changed = re.search(r"^## (\d\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert cited[1] == changed[1] == ainalym.__version__
