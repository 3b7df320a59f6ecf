"""What is sent costs what its bytes do: files, documents and faults that would cost more are
refused in words, with what there is, what may be, and what mends it."""

import json

import pytest

from ainalym.errors import InputError, Issue
from ainalym.model.entry import now_ms
from tests.web.api.told import deeds


class Cell(str):
    """A cell that counts how often somebody looks at it."""

    looked = 0

    def strip(self, *signs):
        """Look at it."""
        Cell.looked += 1
        return str.strip(self, *signs)


def send(keeper, text):
    return keeper.post("/sites/pt-003/weighings?dry_run=1", text.encode(), "text/csv")


def test_a_wide_and_long_file_is_refused_before_its_cells_are_looked_at(program, monkeypatch):
    from ainalym.web.api import weighings

    monkeypatch.setattr(weighings, "_drop_empty_ends", None)
    text = "moment,material,gross_kg" + "," * 6_000 + "\n" + "a\n" * 6_000
    refused = send(program("keeper-3"), text)
    assert refused.status_code == 422
    rows, columns = json.loads(refused.content)["faults"]
    assert "6000 rows" in rows and "At most 5000" in rows and "in parts" in rows
    assert columns.startswith("Row 1: has 6003 columns") and "at most 100" in columns


def test_empty_ends_are_cut_by_looking_at_each_cell_once(programme):
    from ainalym.web.api import weighings

    Cell.looked = 0
    lines = [(1, [Cell("a"), Cell("b"), *[Cell("")] * 98])]
    lines += [(k, [Cell("1"), Cell("2"), *[Cell(" ")] * 98]) for k in range(2, 202)]
    weighings._drop_empty_ends(lines)
    assert all(len(line) == 2 for _k, line in lines)
    assert Cell.looked <= 201 * 100


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("moment;material;gross_kg;;\n1;2;3;;\n4;5;6;x;\n", "Column “” is unknown"),
        ("moment;material;gross_kg;;\n1;2;3;;;;9\n", "has 7 cells, not 5"),
        (";;;\n;;\n", "empty"),
        ("moment;material;gross_kg" + ";" * 98 + "\n1;2;3\n", "Row 1: has 101 columns"),
        ("moment;material;gross_kg\n1;2;3" + ";" * 98 + "\n", "Row 2: has 101 columns"),
    ],
    ids=range(5),
)
def test_what_stands_in_nameless_columns_is_never_dropped(program, text, part):
    refused = send(program("keeper-3"), text)
    assert refused.status_code == 422
    assert part in json.loads(refused.content)["detail"]


def test_a_file_with_empty_ends_is_taken(program):
    text = f"moment,material,gross_kg,,,\n{now_ms()},plastic,1,,,\n"
    refused = send(program("keeper-3"), text)
    assert [one.partition(" is no")[0] for one in json.loads(refused.content)["faults"]] == [
        f"Row 2: moment: “{text.split()[1].partition(',')[0]}”"
    ]


def test_a_document_of_too_many_events_is_refused_before_they_are_read(program, monkeypatch):
    from ainalym.ledger import epcis

    monkeypatch.setattr(epcis, "_deed", None)
    told = {"type": "EPCISDocument", "schemaVersion": "2.0"}
    refused = program("keeper-3").post(
        "/epcis/capture", told | {"epcisBody": {"eventList": [{}] * 1_001}}
    )
    assert refused.status_code == 413
    detail = json.loads(refused.content)["detail"]
    assert "1001 events" in detail and "at most 1000" in detail


@pytest.mark.parametrize("name", ["EQ_bizStep", "MATCH_anyEPCClass", "EQ_eventID", "EQ_readPoint"])
def test_values_with_commas_between_are_counted_each(program, name):
    values = ",".join(f"pt-003/{k}" for k in range(101))
    refused = program("keeper-3").get(f"/epcis/events?{name}={values}")
    assert refused.status_code == 400
    assert "101 values" in refused.content.decode()
    assert "at most 100" in refused.content.decode()


def test_of_very_many_faults_the_first_are_told(program):
    wrong = {"kind": "payment", "id": "x"} | {f"field-{k}": 1 for k in range(5_000)}
    refused = program("keeper-3").post("/deeds", deeds(wrong))
    assert refused.status_code == 422
    said = json.loads(refused.content)["faults"]
    assert len(said) == 201
    assert said[-1].startswith("And ") and said[-1].endswith(" more faults.")


def test_long_faults_are_read_and_quoted_by_their_ends(programme):
    from ainalym.web.refusals import in_words

    fault = Issue("ticket", "clock says " * 50_000, "set it")
    (said,) = in_words(InputError([fault]))
    assert len(said) < 1_200
    assert "ticket: clock says" in said and "(set it)" in said


def test_a_long_name_of_a_deed_is_refused_in_a_short_sentence(program):
    told = {"kind": "payment", "id": "clock says " * 50_000, "site": "pt-003"}
    told |= {"event_ms": now_ms(), "payer": "fund", "payee": "cash", "paid_minor": 5}
    refused = program("keeper-3").post("/deeds", deeds(told))
    assert refused.status_code == 422
    assert len(refused.content) < 5_000


def test_a_long_text_is_no_label(browse):
    answer = browse("auditor").get("/audit/lots", {"q": "-" * 2_000})
    assert answer.status_code == 404


def test_a_plan_of_very_many_columns_is_refused_before_its_rows_are_read(programme):
    from ainalym.web.programme.planned import take_plan

    text = "year,origin,target,material,mass_t" + "," * 20_000 + "\n" + "a\n" * 5_000
    with pytest.raises(InputError) as caught:
        take_plan(text, "flows.csv")
    assert [one.fault for one in caught.value.issues] == ["has 20005 columns, more than 100"]
