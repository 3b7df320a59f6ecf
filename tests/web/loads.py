"""Loads as tests tell them: bought at a point, under way, at a station; and forms as sent."""

import re

from ainalym.ledger import lots, post
from ainalym.model.deed import Arrival, Deed, Dispatch, Ticket
from ainalym.model.entry import Receipt, new_id, now_ms
from ainalym.web.book import the_book

POINT, STATION, PLANT = "pt-012", "st-08", "paper-mill"
LEADER, BUYER = "leader-8", "buyer-paper"


def told(kind: type[Deed], **fields: object) -> Receipt:
    """Tell the book a deed of now."""
    same = {"id": new_id(), "event_ms": now_ms(), "site": POINT}
    return post(the_book(), [kind(**(same | fields))])[0]


def bought(material: str, grams: int, *, site: str = POINT, scale: str = "") -> Receipt:
    """Buy at a point, on its verified scale."""
    return told(Ticket, site=site, material=material, gross_g=grams, scale=scale or f"{site}-scale")


def under_way(to: str = STATION, site: str = POINT, **grams: int) -> Receipt:
    """Buy at a point and set it on its way; dots of grades are written as two underscores."""
    loads = {name.replace("__", "."): amount for name, amount in grams.items()}
    for material, amount in loads.items():
        bought(material, amount, site=site)
    return told(Dispatch, site=site, to=to, loads=loads, vehicle="123 ABC 02", actor="keeper-12")


def at_station(**grams: int) -> Receipt:
    """Have it at the station."""
    load = under_way(**grams)
    return told(Arrival, site=STATION, lots={one: left(one) for one in load.lots})


def to_plant(to: str = PLANT, **grams: int) -> Receipt:
    """Have it on its way from the station to a plant."""
    at_station(**grams)
    loads = {name.replace("__", "."): amount for name, amount in grams.items()}
    return told(Dispatch, site=STATION, to=to, loads=loads, vehicle="777 KZT 02", actor=LEADER)


def left(number: int) -> int:
    """What is left of a lot, in grams."""
    found = {one.id: one.left_g for to in ("", STATION, PLANT) for one in lots(the_book(), to=to)}
    return found[number]


def faults(answer) -> list[str]:
    """The faults that a page shows."""
    found = re.search(r'<div class="faults".*?</div>', answer.content.decode(), re.DOTALL)
    return re.findall(r"<li>(.*?)</li>", found[0], re.DOTALL) if found else []


def field(answer, name: str) -> str:
    """What stands in a field of a page."""
    tag = re.search(rf'<input[^>]*name="{re.escape(name)}"[^>]*>', answer.content.decode())
    assert tag, f"there is no field {name}"
    value = re.search(r'value="([^"]*)"', tag[0])
    return value[1] if value else ""
