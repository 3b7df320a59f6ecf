"""A scale's file that was saved again by a spreadsheet says the same, and records nothing twice."""

import json
from datetime import datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

import pytest

from ainalym.model.entry import ms, new_id
from tests.web.api.told import PAID

ADDRESS = "/sites/pt-003/weighings"
ZONE = ZoneInfo("Asia/Almaty")
HEAD = ["moment", "material", "gross_kg", "tare_kg", "reason"]


@pytest.fixture
def keeper(program):
    """A keeper's program."""
    return program("keeper-3")


def send(keeper, body):
    return keeper.post(ADDRESS, body if isinstance(body, bytes) else body.encode(), "text/csv")


def morning(minute=30):
    day = datetime.now(ZONE) - timedelta(days=1)
    return day.replace(hour=9, minute=minute, second=0, microsecond=0)


def rows():
    return [(morning(30), 12_500, 400), (morning(31), 20_000, 0), (morning(31), 20_000, 0)]


def plain(head=HEAD, parted=",", end="\n", turn=None):
    """The file as the scale writes it."""
    lines = [parted.join(head)]
    for at, gross_g, tare_g in rows():
        cells = {
            "moment": at.strftime("%Y-%m-%d %H:%M:%S"),
            "material": "plastic",
            "gross_kg": f"{gross_g / 1000:.2f}",
            "tare_kg": f"{tare_g / 1000:.2f}",
            "reason": "other: market  day",
        }
        cells = turn(cells, at) if turn else cells
        lines.append(parted.join(cells.get(name, "") for name in head))
    return end.join(lines) + end


def comma(cells, at):
    numbers = {name: cells[name].rstrip("0").rstrip(".").replace(".", ",") for name in HEAD[2:4]}
    return cells | numbers | {"moment": at.strftime("%d.%m.%Y %H:%M")}


def quoted(cells, at):
    return {name: f'"{cell}"' for name, cell in comma(cells, at).items()}


def moments(form):
    return lambda cells, at: cells | {"moment": at.strftime(form)}


def in_utc(cells, at):
    told = at.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")
    return cells | {"moment": told}


def spelled_out(cells, at):
    paid = (float(cells["gross_kg"]) - float(cells["tare_kg"])) * PAID / 100
    told = {"price_per_kg": f"{PAID / 100:.2f}", "paid": f"{paid:.2f}", "source": "people"}
    return cells | told | {"scale": "pt-003-scale", "deduction_kg": "0.000"}


ALL = [*HEAD, "deduction_kg", "price_per_kg", "paid", "scale", "source"]
SPELLINGS = {
    "semicolons and decimal commas": lambda: plain(parted=";", turn=comma),
    "quoted cells": lambda: plain(turn=quoted),
    "tabs": lambda: plain(parted="\t", turn=comma),
    "lines of Windows and a mark": lambda: "\ufeff" + plain(end="\r\n"),
    "UTF-16": lambda: plain(parted="\t").encode("utf-16"),
    "another order of columns": lambda: plain(head=HEAD[::-1]),
    "another order of rows": lambda: "\n".join(
        [plain().split("\n")[0], *sorted(plain().strip().split("\n")[1:], reverse=True)]
    ),
    "an offset": lambda: plain(turn=moments("%Y-%m-%dT%H:%M:%S+05:00")),
    "a short offset": lambda: plain(turn=moments("%Y%m%dT%H%M%S+05")),
    "another offset": lambda: plain(turn=in_utc),
    "slashes": lambda: plain(turn=moments("%Y/%m/%d %H:%M")),
    "an hour of one digit": lambda: plain(turn=moments("%d.%m.%Y 9:%M")),
    "zeros at the end": lambda: plain(
        turn=lambda cells, _at: cells | {"gross_kg": cells["gross_kg"] + "0"}
    ),
    "what was left out": lambda: plain(head=ALL, turn=spelled_out),
    "empty columns at the end": lambda: plain(head=[*HEAD, "", ""]),
    "one space for two": lambda: plain().replace("market  day", "market day"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_file_saved_again_records_nothing_twice(keeper, spelling):
    first = send(keeper, plain())
    assert first.status_code == 201, first.content.decode()
    assert first.json()["recorded"] == 3
    before = keeper.get("/stock").json()
    again = send(keeper, SPELLINGS[spelling]())
    assert again.status_code == 200, again.content.decode()
    assert (again.json()["recorded"], again.json()["repeated"]) == (0, 3)
    assert keeper.get("/stock").json() == before
    assert len(keeper.get("/entries?kind=ticket").json()["entries"]) == 3


@pytest.mark.parametrize(
    "change",
    [{"gross_kg": "12.51"}, {"tare_kg": "0.41"}, {"reason": "other: y"}, {"material": "paper"},
     {"moment": morning(29).isoformat()}, {"source": "business"}, {"deduction_kg": "0.01"}],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_what_says_something_else_is_another_weighing(keeper, change):
    cells = {"moment": morning().isoformat(), "material": "plastic", "gross_kg": "12.50"}
    cells |= {"tare_kg": "0.40", "reason": "other: x", "source": "people", "deduction_kg": "0"}

    def said(*told):
        return "\n".join([";".join(cells), *(";".join(one.values()) for one in told)])

    assert send(keeper, said(cells)).status_code == 201
    both = send(keeper, said(cells, cells | change))
    assert (both.status_code, both.json()["recorded"], both.json()["repeated"]) == (201, 1, 1)


def test_equal_rows_are_as_many_weighings_as_there_are(keeper):
    head, *lines = plain().strip().split("\n")
    told = [3 * [lines[1]], 3 * [lines[1]], 4 * [lines[1]]]
    counts = [send(keeper, "\n".join([head, *some])).json()["recorded"] for some in told]
    assert counts == [3, 0, 1]


def test_another_keeper_of_the_point_sends_the_same_file(keeper, program):
    from ainalym.web.people.models import Duty, Person, Role

    assert send(keeper, plain()).status_code == 201
    other = Person.objects.get(name="keeper-5")
    Duty.objects.create(person=other, role=Role.KEEPER, site_id="pt-003")
    again = send(program("keeper-5"), plain())
    assert (again.status_code, again.json()["repeated"]) == (200, 3)


def test_what_was_taken_over_under_its_text_is_known_again(keeper):
    """Before, ids were made of the text of the cells; such rows are still not recorded again."""
    columns = ("moment", "material", "gross_kg", "tare_kg", "deduction_kg")
    columns += ("price_per_kg", "paid", "scale", "source", "reason")
    head, *lines = plain().strip().split("\n")
    seen: list[str] = []
    for line in lines:
        cells = dict(zip(head.split(","), line.split(","), strict=True))
        told = [cells.get(name, "") for name in columns]
        seen.append(line)
        mark = "\n".join(["pt-003", *told, str(seen.count(line))]).encode()
        at_ms = ms(datetime.fromisoformat(cells["moment"]).replace(tzinfo=ZONE))
        gross_g, tare_g = (round(float(cells[name]) * 1000) for name in ("gross_kg", "tare_kg"))
        paid = (gross_g - tare_g) * PAID // 1000
        deed = {"kind": "ticket", "id": new_id(at_ms, sha256(mark).digest()[:10])}
        deed |= {"site": "pt-003", "event_ms": at_ms, "material": "plastic", "gross_g": gross_g}
        deed |= {"tare_g": tare_g, "price_minor_per_kg": PAID, "paid_minor": paid}
        deed |= {"scale": "pt-003-scale", "reason": cells["reason"]}
        assert keeper.post("/deeds", {"deeds": [deed]}).status_code == 201
    again = send(keeper, plain())
    assert (again.status_code, again.json()["recorded"]) == (200, 0)


def test_half_characters_are_no_text(keeper):
    body = plain().encode().replace(b"market", b"mar\xed\xa0\x80ket")
    refused = send(keeper, body)
    assert refused.status_code == 422
    assert "no text" in json.loads(refused.content)["detail"]
