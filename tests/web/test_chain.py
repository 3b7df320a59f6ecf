"""One load from the counter to the product, through the pages its people use."""

import re

from ainalym.ledger import entries, lots, stock, verify
from ainalym.model.entry import new_id, now_ms
from ainalym.web.book import the_book
from tests.web.api.told import deeds
from tests.web.counter.cases import told as ticket
from tests.web.loads import BUYER, LEADER, PLANT, POINT, STATION, field

COUNTER, SHIFT, MILL = f"/counter/{POINT}/", f"/station/{STATION}/", f"/plant/{PLANT}/"
KEEPER = "keeper-12"


def test_grams_are_followed_from_the_product_to_the_tickets(browse, program):
    keeper, leader, buyer = browse(KEEPER), browse(LEADER), browse(BUYER)

    # The keeper buys four times, and asks for a pick-up.
    device = {"device": "01890000-0000-4000-8000-00000000000c"}
    series = keeper.post(f"{COUNTER}series", device, content_type="application/json").json()
    for number in range(1, 5):
        told = ticket(number=number, series=series["series"], material="cardboard", tare_g=0)
        told |= {"gross_g": 100_000, "price_minor_per_kg": 1_600, "paid_minor": 160_000}
        answer = keeper.post(f"{COUNTER}tickets", told, content_type="application/json")
        assert answer.status_code == 201, answer.content.decode()
    assert keeper.post(f"{COUNTER}pickups", {"id": new_id()}).status_code == 302

    # The leader sends a truck, loads it, weighs it in, sorts, and sends the bale on.
    page = leader.get(SHIFT).content.decode()
    where = re.search(rf"{SHIFT}pickups/[0-9a-f-]+", page)[0].removesuffix("/loaded")
    yes = {"answer": "yes", "plate": "123 ABC 02", "words": ""}
    assert leader.post(where, yes).status_code == 302
    assert leader.post(f"{where}/loaded", {"kg-cardboard": "400"}).status_code == 302
    (sent,) = entries(the_book(), site=POINT, kind="dispatch")
    (under_way,) = lots(the_book(), to=STATION)
    weighed = {"id": new_id(), "scale": f"{STATION}-scale", f"gross-{under_way.id}": "399"}
    assert leader.post(f"{SHIFT}loads/{sent.id}", weighed).status_code == 302
    run = {"id": new_id(), "scale": f"{STATION}-scale", "process": "fibre-line"}
    run |= {"kg-cardboard": "399", "out-cardboard.clean": "281", "act": "record"}
    run |= {"out-cardboard.dirty": "70", "out-residue": "48"}
    assert leader.post(f"{SHIFT}sort", run).status_code == 302
    (bale,) = lots(the_book(), site=STATION, material="cardboard.clean")
    leaves = {"id": new_id(), "to": PLANT, "vehicle": "777 KZT 02"}
    leaves |= {"lot": f"{bale.id}={bale.left_g}"}
    assert leader.post(f"{SHIFT}send", leaves).status_code == 302

    # The buyer takes it; the plant's program tells what was made of it, and sells a part.
    (load,) = lots(the_book(), to=PLANT)
    (sent,) = entries(the_book(), site=STATION, kind="dispatch")
    taken = {"id": new_id(), "scale": f"{PLANT}-scale", f"gross-{load.id}": "281"}
    taken |= {f"take-{load.id}": "yes"}
    answer = buyer.post(f"{MILL}deliveries/{sent.id}", taken)
    assert answer.status_code == 302
    assert "281" in buyer.get(answer["Location"]).content.decode()
    made = {"kind": "change", "id": new_id(), "site": PLANT, "event_ms": now_ms()}
    made |= {"process": "board-machine-2", "inputs": {"cardboard.clean": 281_000}}
    made |= {"outputs": [["board", 252_900]]}
    receipt = program(BUYER).post("/deeds", deeds(made)).json()["receipts"][0]
    (board,) = receipt["lots"]
    sold = {"kind": "sale", "id": new_id(), "site": PLANT, "event_ms": now_ms()}
    sold |= {"buyer": "shop", "lots": {str(board): 100_000}, "claimed_ppm": 1_000_000}
    assert program(BUYER).post("/deeds", deeds(sold)).status_code == 201

    # The auditor follows the board back to the four tickets, to the gram.
    way = program("auditor").get(f"/lots/{board}/trace").json()
    tickets = {str(one.postings[0].lot) for one in entries(the_book(), site=POINT, kind="ticket")}
    assert way["ends_g"].keys() == tickets
    assert sum(way["ends_g"].values()) == 252_900
    page = browse("auditor").get(f"/audit/lots/{board}").content.decode()
    assert "252.9" in page and "100" in page

    # The department closes, and the book is whole.
    closed = {"kind": "close", "id": new_id(), "site": "*", "event_ms": now_ms()}
    closed |= {"from_ms": now_ms() - 86_400_000, "to_ms": now_ms()}
    assert program("department").post("/deeds", deeds(closed)).status_code == 201
    assert verify(the_book()).whole
    assert stock(the_book(), PLANT) == {"board": 152_900}
    assert field(keeper.get(f"{COUNTER}day"), "id")
