"""The page stands alone, is well formed, and no name can write on it."""

import base64
import csv
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from ainalym.answer import Sense, Status
from ainalym.model.city import City
from ainalym.model.plan import Outcome
from ainalym.model.programme import Objective
from ainalym.report import write_report
from ainalym.report.page import page
from ainalym.report.summary import Made
from ainalym.report.words import percent, proof
from tests.plan.cities import SITES
from tests.report.cases import empty_outcome, no_outcome, tiny_outcome

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&$title ${body}\u2028"
VOID = {"meta", "link", "input", "br", "hr", "img"}
LOADS = {"src", "srcset", "data", "poster", "action", "formaction", "background", "xlink:href"}


class Reader(HTMLParser):
    """Reads a page strictly: every element closed in order, and keeps what it found."""

    def __init__(self) -> None:
        """Start with nothing open."""
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        """Open an element."""
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the last one."""
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        """Keep text, scripts apart."""
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif not self.open or self.open[-1] != "style":
            self.text.append(data)


def read_page(city: City, travel: object, outcome: Outcome, **wishes: object) -> Reader:
    """Write a page and read it."""
    reader = Reader()
    reader.feed(page(city, travel, outcome, Made(**wishes)))
    reader.close()
    assert reader.open == []
    return reader


@pytest.mark.parametrize("is_certified", [True, False])
def test_a_certificate_is_told_of_where_there_is_one(is_certified):
    read = read_page(*tiny_outcome(), command="ainalym plan tiny", is_certified=is_certified)
    assert ("certificate.json" in "".join(read.text)) is is_certified


@pytest.fixture(scope="module")
def reader():
    return read_page(*tiny_outcome(), command="ainalym plan tiny -o out", scenario="dear glass")


def test_nothing_is_loaded_from_anywhere(reader):
    for tag, attributes in reader.elements:
        for name in LOADS & attributes.keys():
            assert not attributes[name], f"<{tag} {name}={attributes[name]!r}>"
        target = attributes.get("href", "#")
        assert target.startswith("#") or target == "data:,", target


def test_the_policy_allows_these_scripts_and_no_other(reader):
    policy = next(a["content"] for t, a in reader.elements if a.get("http-equiv"))
    assert "default-src 'none'" in policy
    assert "http" not in policy
    script_src = next(p for p in policy.split(";") if p.strip().startswith("script-src"))
    allowed = set(re.findall(r"'sha256-([^']+)'", script_src))
    assert "unsafe" not in script_src
    assert len(reader.scripts) == 3
    for text in reader.scripts[1:]:
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in allowed
    assert len(allowed) == 2


def test_ids_are_unique_and_links_lead_to_them(reader):
    ids = [a["id"] for _, a in reader.elements if "id" in a]
    assert len(ids) == len(set(ids))
    for tag, attributes in reader.elements:
        if tag == "a":
            assert attributes["href"][1:] in ids


def test_drawings_tables_and_fields_have_names(reader):
    kinds = [tag for tag, _ in reader.elements]
    assert kinds.count("table") == kinds.count("caption") > 8
    for k, (tag, attributes) in enumerate(reader.elements):
        if tag == "svg" and attributes.get("role") == "img":
            assert reader.elements[k + 1][0] == "title"
        if tag == "th":
            assert attributes.get("scope") in ("row", "col")
        if tag in ("select", "input"):
            within = reader.elements[k - 1][0] == "label"
            assert within or attributes.get("aria-label"), attributes
    html = next(a for t, a in reader.elements if t == "html")
    assert html["lang"] == "en"
    assert kinds.count("h1") == 1


def test_the_page_says_what_was_asked(reader):
    said = " ".join(" ".join(reader.text).split())
    for part in (
        "tiny gets 1 collection point, 1 sorting station and 1 press for its stockpile.",
        "never counted as recycling",
        "1 of 2 numbers needs a local value",
        "ainalym plan tiny -o out",
        "dear glass",
        "pt.2",
        "is stable: A and B rank them alike",
        "Districts: drawn by hand",
        "Stocks are counted in the first year.",
        "which is within 5.0 % of that limit",
    ):
        assert part in said, part
    assert not re.search(r"\b(nan|inf|None|np\.float64)\b", said)
    assert "recycling rate" not in said.replace("none of them alone is a recycling rate", "")


def evil_outcome():
    """The small city with names that try to become code."""
    city, travel, outcome = tiny_outcome(
        name=EVIL, funds=tuple(replace(f, source=EVIL) for f in tiny_outcome()[0].programme.funds)
    )
    sites = replace(city.sites, name=(EVIL,) * len(SITES))
    city = replace(
        city,
        sites=sites,
        materials=tuple(replace(m, name=EVIL) for m in city.materials),
        processes=tuple(replace(p, name=EVIL) for p in city.processes),
        assumptions=tuple(replace(a, source=EVIL, name=EVIL) for a in city.assumptions),
        outline=json.dumps(json.loads(city.outline)).replace("Middle", json.dumps(EVIL)[1:-1]),
    )
    return city, travel, replace(outcome, notes=(EVIL,))


def test_no_name_can_write_on_the_page(reader):
    clean = [tag for tag, _ in reader.elements]
    evil = read_page(*evil_outcome(), command=EVIL, scenario=EVIL)
    kinds = [tag for tag, _ in evil.elements]
    assert kinds.count("script") == clean.count("script") == 3
    assert "img" not in kinds
    assert not [a for _, attributes in evil.elements for a in attributes if a.startswith("on")]
    data = json.loads(evil.scripts[0])
    assert data["sites"][0][1] == EVIL
    assert any(EVIL in text for text in evil.text)


def test_what_a_reader_must_know_is_said_once():
    city, travel, outcome = tiny_outcome()
    said = read_page(city, travel, replace(outcome, notes=("ended early", "ended early"))).text
    assert said.count("ended early") == said.count("To know with these figures") == 1
    silent = read_page(city, travel, replace(outcome, notes=())).text
    assert "To know with these figures" not in silent


def test_no_name_becomes_a_formula(tmp_path):
    city, travel, outcome = tiny_outcome()
    city = replace(city, sites=replace(city.sites, name=("=1+1",) * len(SITES)))
    write_report(city, travel, outcome, tmp_path)
    with (tmp_path / "tables" / "points.csv").open(encoding="utf-8", newline="") as lines:
        names = [row["point"] for row in csv.DictReader(lines)]
    assert names == ["'=1+1"] * 2


def test_an_infeasible_outcome_names_the_rules():
    said = " ".join(read_page(*no_outcome()).text)
    assert "these rules cannot hold together" in said
    assert "exactly 3 stations" in said
    assert "no plan possible" in said
    unknown = no_outcome(status=Status.UNKNOWN, clash=())
    assert "no plan found" in " ".join(read_page(*unknown).text)


def test_a_plan_of_nothing_has_a_page():
    read_page(*empty_outcome())


@pytest.mark.parametrize("objective", list(Objective))
def test_proof_is_said_in_the_unit_of_the_objective(objective):
    city, _, outcome = tiny_outcome(objective=objective)
    sense = Sense.MAX if objective in (Objective.VALUE, Objective.TONNES) else Sense.MIN
    outcome = replace(outcome, sense=sense, objective=2e6, bound=2.1e6, gap=0.05)
    said = proof(city, outcome)
    unit = {"tonnes": "\u00a0t", "emissions": "\u00a0t CO2e"}.get(str(objective), " KZT")
    assert len(re.findall(rf"\d{unit}\b", said)) == 2
    assert "No plan can" in said
    best = proof(city, replace(outcome, bound=2e6, gap=0.0, status=Status.OPTIMAL))
    assert best.endswith("so it is the best there is.")
    far = proof(city, replace(outcome, gap=2.0, bound=6e6))
    assert "may exist" in far
    none = proof(city, replace(outcome, bound=np.inf, gap=np.inf))
    assert "No limit" in none


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, "0_%"), (0.0508, "5.1_%"), (-0.25, "\u221225.0_%"), (0.0004, "0.040_%"), (None, "–")],
)
def test_shares_are_said_with_the_digits_they_deserve(share, said):
    assert percent(share) == said.replace("_", "\u00a0")


def test_a_report_writes_what_it_says(tmp_path):
    city, travel, outcome = tiny_outcome()
    written = write_report(city, travel, outcome, tmp_path / "out")
    names = {str(p.relative_to(tmp_path / "out")) for p in written}
    tables = [
        "stages",
        "money",
        "points",
        "stations",
        "lines",
        "flows",
        "sales",
        "keepers",
        "emissions",
        "assumptions",
    ]
    assert {f"tables/{name}.csv" for name in tables} <= names
    layers = ["blocks", "points", "sites", "flows", "catchments", "districts"]
    assert {f"map/{name}.geojson" for name in layers} <= names
    assert {"report.html", "plan.json"} <= names
    assert all(path.is_file() for path in written)
    for path in written:
        if path.suffix == ".csv":
            with path.open(encoding="utf-8", newline="") as lines:
                rows = list(csv.reader(lines))
            assert len({len(row) for row in rows}) == 1, path.name
            assert len(set(rows[0])) == len(rows[0]), path.name
        if path.suffix == ".geojson":
            assert json.loads(path.read_text(encoding="utf-8"))["type"] == "FeatureCollection"
