"""A scale's CSV becomes tickets: all of them, once, or none with every fault told."""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.web.api.told import PAID

ADDRESS = "/sites/pt-003/weighings"


@pytest.fixture
def keeper(program):
    """A keeper's program."""
    return program("keeper-3")


def send(keeper, text, ways=""):
    body = text if isinstance(text, bytes) else text.encode()
    return keeper.post(f"{ADDRESS}{ways}", body, "text/csv")


def at(days=1, form="%Y-%m-%d %H:%M"):
    now = datetime.now(ZoneInfo("Asia/Almaty"))
    return (now - timedelta(days=days)).strftime(form)


@pytest.mark.parametrize("turn", [bytes, bytearray], ids=["utf-8", "with a mark"])
def test_a_file_is_taken_over_once(keeper, turn):
    rows = f"moment;material;gross_kg;tare_kg\n{at()};plastic;12,4;0,4\n{at(2)};plastic;5;\n"
    rows += f"{at()};plastic;12,4;0,4\n\n"
    body = ("\ufeff" if turn is bytearray else "") + rows
    tried = send(keeper, body, "?dry_run=1")
    assert tried.status_code == 200
    assert tried.json()["recorded"] == 3
    assert keeper.get("/stock").json()["stock_g"] == {}
    first, again = send(keeper, body), send(keeper, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["net_g"] == 12_000 + 5_000 + 12_000
    assert first.json()["paid_minor"] == 29 * PAID
    assert again.json()["repeated"] == 3
    assert keeper.get("/stock").json()["stock_g"] == {"plastic": 29_000}


@pytest.mark.parametrize("form", ["%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S+05:00"])
@pytest.mark.parametrize("parted", [",", "\t", ";"])
def test_forms_of_other_programs_are_read(keeper, form, parted):
    head = ["moment", "material", "gross_kg", "price_per_kg", "paid", "reason"]
    row = [at(1, form), "plastic", '"10,5"', "31", '"325,50"', "market"]
    body = parted.join(head) + "\r\n" + parted.join(row) + "\r\n"
    taken = send(keeper, body)
    assert taken.status_code == 201, taken.content.decode()
    assert taken.json()["paid_minor"] == 32_550


def test_every_fault_of_every_row_is_told_and_nothing_is_recorded(keeper):
    body = "moment;material;gross_kg;tare_kg\n"
    body += f"{at()};plastic;12\u043a\u0433;0\n"
    body += (
        f"yesterday;plastic;12;0\n{at()};gold;12;0\n{at()};plastic;5;6\n{at()};plastic;12000;0\n"
    )
    body += f"{at(90)};plastic;12;0\n{at()};plastic;9;0\n"
    refused = send(keeper, body)
    assert refused.status_code == 422
    said = json.loads(refused.content)["faults"]
    told = {row for row in range(2, 9) if any(one.startswith(f"Row {row}: ") for one in said)}
    assert told == {2, 3, 4, 5, 6, 7}
    assert keeper.get("/stock").json()["stock_g"] == {}


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (b"", "empty"),
        (b"\0\0", "no text"),
        ("a;b\n1;2\n", "There is no column “moment”"),
        ("moment;material;gross_kg;colour\n", "Column “colour” is unknown"),
        ("moment;material;gross_kg;gross_kg\n1;2;3;4\n", "twice"),
        ("moment;material;gross_kg\n", "no rows"),
        ("moment;material;gross_kg\n1;2\n", "has 2 cells, not 3"),
        ("moment;material;gross_kg\n" + "1;2;3\n" * 5_001, "At most"),
    ],
    ids=range(8),
)
def test_files_that_are_none_of_ours_are_refused(keeper, body, part):
    refused = send(keeper, body)
    assert refused.status_code == 422
    assert part in json.loads(refused.content)["detail"]


def test_only_a_keeper_of_the_point_may(keeper, program):
    body = f"moment;material;gross_kg\n{at()};plastic;12\n"
    assert program("keeper-5").post(ADDRESS, body.encode(), "text/csv").status_code == 404
    assert program("auditor").post(ADDRESS, body.encode(), "text/csv").status_code == 403
    huge = keeper.post(ADDRESS, b"x" * (2 << 20), "text/csv")
    assert huge.status_code == 413
