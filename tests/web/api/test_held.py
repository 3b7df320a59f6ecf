"""What any deed is held to: names of the programme, amounts that can be, entries of one's own."""

import ast
import json
from pathlib import Path

import pytest

from ainalym.ledger import post
from ainalym.model.deed import Change, Count, read_deed
from ainalym.model.entry import iso, new_id, now_ms
from ainalym.web import catalogue
from ainalym.web.book import the_book
from tests.web.api.told import deeds, ticket

MOST_G, MOST_MINOR = 10**10, 10**13
WRONG = {"declarationTime": "2026-11-01T00:00:00Z", "reason": "incorrect_data"}


def said(kind, site="pt-003", **fields):
    return {"kind": kind, "id": new_id(), "site": site, "event_ms": now_ms()} | fields


def refused(program, *told, name="keeper-3", status=422):
    answer = program(name).post("/deeds", deeds(*told))
    assert answer.status_code == status, answer.content.decode()[:500]
    return json.loads(answer.content)["faults"]


def test_no_room_posts_past_what_deeds_are_held_to():
    found = []
    for path in Path(catalogue.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_ledger = isinstance(node, ast.ImportFrom) and node.module == "ainalym.ledger"
            if is_ledger and "post" in {one.name for one in node.names}:
                found.append(path.name)
    assert found == ["held.py"]


def test_materials_that_are_not_of_the_programme_are_refused_all_at_once(program):
    invented = {f"m{k:05d}": 1 for k in range(900)} | {"plastic": 5}
    count, other = said("count", counted=invented), said("count", pieces={"unobtainium": 1})
    (told,) = refused(program, count, other)
    assert told.startswith("The programme has no such materials: 'm00000', 'm00001', ")
    assert " and 891 more. Use the names" in told
    (told,) = refused(program, other)
    assert told.startswith("The programme has no such material: 'unobtainium'. Use")
    assert program("keeper-3").get("/entries").json()["entries"][1:] == []


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "dispatch", "to": "st-08", "loads": {"gold": 5}},
        {"kind": "dispatch", "to": "st-08", "pieces": {"gold": 5}},
        {"kind": "arrival", "lots": {"1": 5}, "price_minor_per_kg": {"gold": 5}},
        {"kind": "change", "process": "fibre-line", "inputs": {"gold": 5}},
        {"kind": "change", "process": "fibre-line", "inputs": {"paper": 5},
         "outputs": [["gold", 5]]},
        {"kind": "change", "process": "fibre-line", "inputs": {"paper": 5}, "used": {"gold": 5}},
        {"kind": "sale", "buyer": "anybody", "loads": {"gold": 5}},
        {"kind": "sale", "buyer": "anybody", "loads": {"paper": 5},
         "price_minor_per_piece": {"gold": 5}},
        {"kind": "count", "counted": {"gold": 5}},
    ],
    ids=range(9),
)  # fmt: skip
def test_wherever_a_deed_names_a_material_it_is_of_the_programme(program, fields):
    from ainalym.errors import InputError
    from ainalym.model.deed import read_deed
    from ainalym.web.programme.held import hold

    with pytest.raises(InputError) as caught:
        hold(the_book(), [read_deed(said(**fields, site="st-07"))])
    assert [one.where for one in caught.value.issues] == ["materials"]


def test_products_of_processes_and_what_lies_there_may_be_told_of(program):
    at = {"site": "pt-003", "event_ms": now_ms() - 9_000}
    program("keeper-3").get("/stock")
    post(the_book(), [Count(id=new_id(), counted={"of old": 7}, **at)])
    counts = said("count", counted={"trays": 3, "of old": 0})
    assert program("keeper-3").post("/deeds", deeds(counts)).status_code == 201
    assert program("keeper-3").post("/deeds", deeds(counts)).status_code == 200
    refused(program, said("count", counted={"of old": 7}))


def test_destinations_are_of_the_programme_and_buyers_are_anybody(program):
    keeper = program("keeper-3")
    keeper.post("/deeds", deeds(ticket(event_ms=now_ms() - 9_000)))
    sent = {"kind": "dispatch", "loads": {"plastic": 5}}
    told = refused(program, said(**sent, to="nowhere-land"), said(**sent, to="elsewhere"))
    assert told == [
        "The programme has no such site to send to: 'elsewhere', 'nowhere-land'. "
        "Give the id of one of its sites."
    ]
    many = [said(**sent, to=f"s{k:02d}") for k in range(12)]
    assert "'s09' and 2 more." in refused(program, *many)[0]
    assert keeper.post("/deeds", deeds(said(**sent, to="landfill"))).status_code == 201
    at = {"site": "st-08", "event_ms": now_ms() - 9_000}
    post(the_book(), [Count(id=new_id(), counted={"plastic.film": 7}, **at)])
    sold = said("sale", "st-08", buyer="Whoever Comes", loads={"plastic.film": 7})
    assert program("leader-8").post("/deeds", deeds(sold)).status_code == 201


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"kind": "count", "counted": {"paper": MOST_G}}, ""),
        ({"kind": "count", "counted": {"paper": MOST_G + 1}},
         f"{MOST_G + 1} g or pieces of 'paper'"),
        ({"kind": "count", "pieces": {"trays": MOST_G + 1}}, "of 'trays' are more than"),
        ({"kind": "count", "counted": {"trays": MOST_G + 1}, "pieces": {"trays": 5}}, "Weigh or"),
        ({"kind": "arrival", "lots": {"1": MOST_G + 1}}, "of '1' are more than"),
        ({"kind": "payment", "payer": "fund", "payee": "cash", "paid_minor": MOST_MINOR}, ""),
        ({"kind": "payment", "payer": "fund", "payee": "cash", "paid_minor": MOST_MINOR + 1},
         f"{MOST_MINOR + 1} minor units are more than {MOST_MINOR}. Check the amounts"),
        ({"kind": "sale", "buyer": "x", "loads": {"paper": 2_000},
          "price_minor_per_kg": {"paper": -MOST_MINOR}}, "minor units are more than"),
        ({"kind": "sale", "buyer": "x", "loads": {"paper": 2}, "pieces": {"trays": 2},
          "price_minor_per_piece": {"trays": MOST_MINOR}}, "minor units are more than"),
        ({"kind": "arrival", "lots": {"1": 2_000}, "price_minor_per_kg": {"paper": MOST_MINOR}},
         "minor units are more than"),
        ({"kind": "ticket", "material": "paper", "gross_g": 5, "paid_minor": MOST_MINOR + 1,
          "reason": "x"}, "minor units are more than"),
    ],
    ids=range(11),
)  # fmt: skip
def test_amounts_that_no_site_or_till_has_are_refused(programme, fields, part):
    from ainalym.errors import InputError
    from ainalym.model.deed import read_deed
    from ainalym.web.programme.held import hold
    from ainalym.web.refusals import in_words

    deed = read_deed(said(**fields, site="st-07"))
    if not part:
        hold(the_book(), [deed])
        return
    with pytest.raises(InputError) as caught:
        hold(the_book(), [deed])
    (told,) = in_words(caught.value)
    assert part in told
    assert deed.id in told


@pytest.mark.parametrize("currency", ["EUR", "euro", "RUB", "kzt", "$"])
@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "ticket", "material": "paper", "gross_g": 500},
        {"kind": "arrival", "lots": {"1": 5}},
        {"kind": "sale", "buyer": "x", "loads": {"paper": 5}},
        {"kind": "payment", "payer": "fund", "payee": "cash", "paid_minor": 5},
    ],
    ids=lambda fields: fields["kind"],
)
def test_money_is_that_of_the_programme(programme, fields, currency):
    from ainalym.errors import InputError
    from ainalym.model.deed import read_deed
    from ainalym.web.programme.held import hold
    from ainalym.web.refusals import in_words

    fields = said(**fields, site="st-07")
    hold(the_book(), [read_deed(fields | {"currency": "KZT"})])
    with pytest.raises(InputError) as caught:
        hold(the_book(), [read_deed(fields | {"currency": currency})])
    (told,) = in_words(caught.value)
    assert f"does not count in '{currency}'. Tell its money in KZT" in told


def test_other_currencies_are_refused_at_both_doors_and_what_is_recorded_stays(program):
    keeper = program("keeper-3")
    (told,) = refused(program, ticket(currency="EUR"))
    assert "does not count in 'EUR'" in told
    event = {"bizStep": "collecting", "action": "ADD", "ainalym:price_minor_per_kg": 3_000}
    event |= {"ainalym:paid_minor": 36_000, "ainalym:scale": "pt-003-scale"}
    event |= {"quantityList": [{"epcClass": "x/material/plastic", "quantity": 12, "uom": "KGM"}]}
    (error,) = captured(program("keeper-3"), **event, **{"ainalym:currency": "euro"})["errors"]
    assert error["status"] == 422 and "does not count in 'euro'" in error["detail"]
    assert stock_of(keeper) == {}
    old = ticket(currency="EUR", actor="keeper-3")
    post(the_book(), [read_deed(old)])
    assert keeper.post("/deeds", deeds(old)).status_code == 200


def test_amounts_are_held_at_every_door(program, browse):
    department = program("department")
    count = said("count", counted={"paper": MOST_G + 1})
    assert department.post("/deeds", deeds(count)).status_code == 422
    keeper = program("keeper-3")
    told = [{"epcClass": "x/material/gold", "quantity": 10**8, "uom": "KGM"}]
    (error,) = captured(keeper, quantityList=told)["errors"]
    assert error["status"] == 422
    assert "no such material: 'gold'" in error["detail"]
    assert f"{10**11} g or pieces of 'gold'" in error["detail"]
    form = {"id": new_id(), "way": "in", "amount": "999999999", "reason": ""}
    assert browse("keeper-3").post("/counter/pt-003/till", form).status_code == 302
    assert stock_of(keeper) == {}


def captured(program, **fields):
    """Capture a stock-take, and give the job."""
    at = now_ms() - 60_000
    event = {"type": "ObjectEvent", "bizStep": "stock_taking", "action": "OBSERVE"}
    event |= {"eventTime": iso(at), "bizLocation": {"id": "https://book.example/site/pt-003"}}
    event |= {"quantityList": [{"epcClass": "x/material/paper", "quantity": 1, "uom": "KGM"}]}
    document = {"type": "EPCISDocument", "schemaVersion": "2.0"}
    document |= {"epcisBody": {"eventList": [event | fields]}}
    answer = program.post("/epcis/capture", document)
    assert answer.status_code == 202, answer.content
    return program.get(answer["Location"].partition("/api/v1")[2]).json()


def stock_of(program):
    return program.get("/stock").json()["stock_g"]


def test_a_deed_of_very_many_names_or_pairs_is_refused_before_it_is_worked_on(program):
    lots = {str(k): 1 for k in range(1, 1_002)}
    (told,) = refused(program, said("dispatch", to="st-08", lots=lots))
    assert "names 1001 materials, lots and bales, more than 1000" in told
    lots = dict.fromkeys(range(1, 501), 1)
    run = {"site": "st-07", "event_ms": now_ms(), "process": "fibre-line", "lots": lots}
    runs = [
        Change(id=new_id(), outputs=tuple(("paper.clean", 1) for _ in range(499)), **run)
        for _ in "ab"
    ]
    from ainalym.errors import InputError
    from ainalym.web.programme.held import hold

    hold(the_book(), runs[:1])
    with pytest.raises(InputError) as caught:
        hold(the_book(), runs)
    (issue,) = caught.value.issues
    assert issue.fault.startswith("have 499000 pairs")


def test_of_an_entry_elsewhere_no_more_is_told_than_of_one_that_is_not_there(program):
    theirs = ticket("pt-005", event_ms=now_ms() - 9_000)
    assert program("keeper-5").post("/deeds", deeds(theirs)).status_code == 201
    answers = []
    for name in (theirs["id"], new_id()):
        for more in ({"kind": "reversal", "reverses": name, "reason": "x"}, None):
            told = said(**more) if more else ticket(corrects=name)
            # Another fault in the same request makes no difference.
            wrong = said("payment", payer="fund", payee="cash", paid_minor=MOST_MINOR + 1)
            for sent in ([told], [wrong, told]):
                answers.append(refused(program, *sent, status=404))
    assert {json.dumps(one) for one in answers} == {
        json.dumps(["There is no such entry in the book of this site."])
    }
    details = set()
    for name in (theirs["id"], new_id()):
        job = captured(program("keeper-3"), eventID=f"urn:uuid:{name}", errorDeclaration=WRONG)
        (error,) = job["errors"]
        details.add((error["status"], error["detail"]))
    assert details == {(404, "There is no such entry in the book of this site.")}


def test_an_entry_of_ones_own_is_taken_back_also_in_the_request_that_tells_it(program):
    keeper, told = program("keeper-3"), ticket(event_ms=now_ms() - 9_000)
    back = said("reversal", reverses=told["id"], reason="a slip")
    assert keeper.post("/deeds", deeds(told, back)).status_code == 201
    assert keeper.post("/deeds", deeds(told, back)).status_code == 200
    right = ticket(corrects=told["id"])
    assert keeper.post("/deeds", deeds(right)).status_code == 201
    assert keeper.post("/deeds", deeds(right)).status_code == 200
    assert stock_of(keeper) == {"plastic": 12_000}
