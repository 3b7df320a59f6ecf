"""The page in a real browser, from disk, without a network: it draws, answers, asks nobody."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ainalym.report import Made, write_report
from tests.report.browser import Browser, find_browser
from tests.report.cases import no_outcome, tiny_outcome

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not find_browser(), reason="there is no chromium on this computer"),
]
IDLE = "document.documentElement && document.documentElement.dataset.map === 'idle'"


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """A browser with a fresh profile."""
    with Browser(find_browser(), tmp_path / "profile") as one:
        yield one


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """The report of the small city."""
    write_report(*tiny_outcome(), tmp_path / "out", made=Made(command="ainalym plan tiny -o out"))
    return tmp_path / "out" / "report.html"


def colours(png: bytes) -> int:
    """Count the different colours of a picture with eight bits a channel."""
    width, height, depth, kind = struct.unpack(">IIBB", png[16:26])
    assert depth == 8
    size = {2: 3, 6: 4}[kind]
    packed, at = b"", 8
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at : at + 8])
        packed += png[at + 8 : at + 8 + length] if name == b"IDAT" else b""
        at += length + 12
    raw = zlib.decompress(packed)
    stride = width * size + 1
    return len({raw[y * stride + 1 : (y + 1) * stride] for y in range(height)})


def test_the_map_draws_and_asks_for_nothing(browser, report, tmp_path):
    browser.size(1280, 900)
    browser.show(report)
    assert browser.wait(IDLE), browser.complaints()
    assert browser.ask("document.querySelectorAll('canvas.maplibregl-canvas').length") == 1
    assert browser.ask("reportMap.queryRenderedFeatures({layers: ['points']}).length") == 2
    assert browser.ask("reportMap.queryRenderedFeatures({layers: ['flows']}).length") > 3
    browser.ask("document.getElementById('map').scrollIntoView()")
    assert colours(browser.picture(tmp_path / "map.png")) > 50
    outside = [url for url in browser.asked_for() if url.split(":")[0] not in ("data", "blob")]
    assert outside == [report.as_uri()]
    assert browser.complaints() == []


def test_year_layers_and_details_answer(browser, report):
    browser.size(1280, 900)
    browser.show(report)
    assert browser.wait(IDLE), browser.complaints()
    pick = "document.getElementById('map-{}')"
    browser.ask(f"{pick.format('year')}.value = 0")
    browser.ask(f"{pick.format('year')}.dispatchEvent(new Event('input'))")
    # In the first year only one of the two points is open.
    one = "reportMap.queryRenderedFeatures({layers: ['points']}).length === 1"
    assert browser.wait(one)
    assert browser.ask(f"{pick.format('year-said')}.textContent") == "2004"
    browser.ask("document.getElementById('layer-points').click()")
    none = "reportMap.queryRenderedFeatures({layers: ['points']}).length === 0"
    assert browser.wait(none)
    browser.ask("document.querySelector('.spot.station').click()")
    said = str(browser.ask("document.getElementById('detail').textContent"))
    assert "st.1" in said
    assert "open from 2004" in said
    assert "of 5 t" in said
    assert browser.complaints() == []


@pytest.mark.parametrize("width", [360, 768])
def test_nothing_sticks_out_on_a_narrow_screen(browser, report, width):
    browser.size(width, 800)
    browser.show(report)
    assert browser.wait(IDLE), browser.complaints()
    assert browser.ask("document.documentElement.scrollWidth") <= width


def test_without_scripts_there_is_a_picture(browser, report, tmp_path):
    browser.size(1280, 900)
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.show(report)
    browser.call("DOM.enable")
    root = browser.call("DOM.getDocument")["root"]["nodeId"]
    found = browser.call("DOM.querySelector", nodeId=root, selector="svg.picture")["nodeId"]
    box = browser.call("DOM.getBoxModel", nodeId=found)["model"]
    assert box["width"] > 800
    assert box["height"] > 100
    assert browser.complaints() == []


def test_a_report_without_a_plan_draws_too(browser, tmp_path):
    write_report(*no_outcome(), tmp_path / "none")
    browser.show(tmp_path / "none" / "report.html")
    assert browser.wait(IDLE), browser.complaints()
    assert "exactly 3 stations" in str(browser.ask("document.body.innerText"))
    assert browser.complaints() == []
