"""How a programme begins: on a city's tables, with its first person; or with a demo to look at.

The demo takes sites of the shipped city of Almaty, under the ids its plans know, with places named
by their number and district and people named by what they do. What its points are to buy is what
`ainalym plan` gives them where these very sites have to be open.
"""

import csv
import secrets
from collections.abc import Iterable
from importlib import resources
from math import inf
from pathlib import Path

from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import connection, transaction

from ainalym.city import read
from ainalym.ledger import Book, entries, rules
from ainalym.model.city import City
from ainalym.model.deed import G_PER_KG, Deed, Payment, Rule
from ainalym.model.entry import new_id, now_ms
from ainalym.study import find_city
from ainalym.units import MINOR_PER_MAJOR, whole
from ainalym.web.counter.models import Seller, Series
from ainalym.web.loads.models import Offer
from ainalym.web.people.models import Duty, Person, Role
from ainalym.web.programme.held import post
from ainalym.web.programme.models import (
    LANDFILL,
    PLANT,
    POINT,
    STATION,
    Material,
    Pickup,
    Price,
    PriceList,
    Scale,
    Site,
)
from ainalym.web.programme.planned import take_plan

A_YEAR_MS = 365 * 24 * 3600 * 1000
AGO_MS = 60 * 24 * 3600 * 1000
"""The demo's rules, prices and tills hold from so long ago, so that its past can be told too."""

FLOAT_MINOR = 20_000_000
"""What each counter of the demo has in its till at first: 200,000 tenge."""

SCALES_G = {"point": (300_000, 50), "station": (5_000_000, 1_000), "plant": (60_000_000, 20_000)}
"""The heaviest load and the finest step of a scale: at counters, pallets, lorries."""


def prepare() -> None:
    """Make or renew the site's own tables, and drop the sessions that have ended."""
    call_command("migrate", verbosity=0, interactive=False)
    call_command("clearsessions")


def forget_sellers(book: Book) -> None:
    """End the names of sellers of tickets whose private part was erased in the book."""
    erased = [one.body["erases"] for one in entries(book, kind="erasure", most=100_000)]
    Seller.objects.filter(ticket__in=erased).delete()


def is_empty() -> bool:
    """Tell whether nobody has been let in yet."""
    return not Person.objects.exists()


def is_book_lost(where: str) -> bool:
    """Tell whether people were let in here, as they are with a book begun, and there is no book.

    Asked before the book is opened, which would make one.

    Parameters
    ----------
    where
        The book's file; empty where it is kept in the site's own database.
    """
    tables = connection.introspection.table_names()
    if Person._meta.db_table not in tables or is_empty():
        return False
    if not where:
        return "head" not in tables
    file = Path(where)
    return not (file.exists() and file.stat().st_size)


def is_book_emptied(book: Book) -> bool:
    """Tell whether counters and stations worked here, and nothing of it is in the book."""
    return not holds_entries(book) and (Series.objects.exists() or Pickup.objects.exists())


def holds_entries(book: Book) -> bool:
    """Tell whether anything is recorded."""
    return bool(entries(book, most=1))


def recipes_of(name: str) -> dict[str, dict]:
    """Give the recipes of a city's processes, as rules tell them.

    Parameters
    ----------
    name
        A city folder, or the name of a shipped one.

    Raises
    ------
    InputError
        The city has faults.
    """
    return _recipes(read(find_city(name)))


def begin_book(book: Book, recipes: dict[str, dict]) -> None:
    """Begin a new book for a programme that is there: its stations can sort again.

    Until when scales are verified stood in the book that is gone; the department writes it anew.
    """
    post(book, _rules(book, [], recipes))


def begin(book: Book, name: str) -> dict[str, str]:
    """Set up a programme on a city's sites, materials, prices and recipes, and let the department
    in; whatever else there is, it gives. Gives its name and password, told only once.

    Parameters
    ----------
    book
        Gets the rules about processes.
    name
        A city folder, or the name of a shipped one.

    Raises
    ------
    InputError
        The city has faults.
    """
    city = read(find_city(name))
    with transaction.atomic():
        sites = _sites_of(city)
        _materials_of(city)
        _offers(city, sites)
        _offers(city, [*Site.objects.all()])
        passwords = _admit([("department", Role.DEPARTMENT, "", "")], must_change=True)
        post(book, _rules(book, [], _recipes(city)))
    return passwords


def begin_demo(book: Book) -> dict[str, str]:
    """Set up the demo programme. Gives the names and passwords of its people, told only once.

    Parameters
    ----------
    book
        Gets the rules about scales and processes, and what each counter has in its till.
    """
    city = read(find_city("almaty"))
    with transaction.atomic():
        sites = _sites()
        _materials()
        _offers(city, sites)
        people = [
            (row["name"], row["role"], row["site"], row["language"]) for row in _table("people")
        ]
        passwords = _admit(people)
        scales = [
            Scale(id=f"{site.id}-scale", site=site, most_g=most_g, step_g=step_g)
            for site in sites
            if site.kind in SCALES_G
            for most_g, step_g in [SCALES_G[site.kind]]
        ]
        Scale.objects.bulk_create(scales)
        take_plan(_text("flows"), "flows.csv")
        post(book, [*_rules(book, scales, _recipes(city)), *_tills(sites)])
    return passwords


def _recipes(city: City) -> dict[str, dict]:
    return {
        one.id: {
            "at": str(one.at),
            "recipe_ppm": {k: dict(shares) for k, shares in one.recipe_ppm.items()},
        }
        for one in city.processes
    }


def _sites_of(city: City) -> list[Site]:
    """Take over a city's sites; what lies in a stockpile is no matter of counters."""
    known = city.sites
    rows = zip(known.id, known.kind, known.name, known.lon, known.lat, strict=True)
    sites = [
        Site(name, str(kind), {"en": called}, float(lon), float(lat))
        for name, kind, called, lon, lat in rows
        if str(kind) in (POINT, STATION, PLANT, LANDFILL)
    ]
    Site.objects.bulk_create(sites)
    return sites


def _materials_of(city: City) -> None:
    """Take over a city's materials, and what it pays people for fractions."""
    names = {row["id"]: _names(row) for row in _table("materials")}
    Material.objects.bulk_create(
        Material(one.id, one.fraction or one.id, names.get(one.id, {"en": one.name}), place)
        for place, one in enumerate(city.materials)
    )
    paid = PriceList.objects.create(from_ms=now_ms())
    Price.objects.bulk_create(
        Price(
            price_list=paid,
            material_id=one.fraction,
            price_minor_per_kg=whole(one.buyback_minor_per_kg),
        )
        for one in city.counters
    )


def _table(name: str) -> list[dict[str, str]]:
    return [*csv.DictReader(_text(name).splitlines())]


def _text(name: str) -> str:
    file = resources.files("ainalym.web") / "demo" / f"{name}.csv"
    return file.read_text(encoding="utf-8")


def _names(row: dict[str, str]) -> dict[str, str]:
    return {language: row[language] for language in ("en", "kk", "ru")}


def _sites() -> list[Site]:
    rows = _table("sites")
    sites = [
        Site(row["id"], row["kind"], _names(row), float(row["lon"]), float(row["lat"]))
        for row in rows
    ]
    Site.objects.bulk_create(sites)
    for site, row in zip(sites, rows, strict=True):
        site.ships_to_id = row["ships_to"] or None
    Site.objects.bulk_update(sites, ["ships_to"])
    return sites


def _materials() -> None:
    rows = _table("materials")
    Material.objects.bulk_create(
        Material(row["id"], row["fraction"], _names(row), place) for place, row in enumerate(rows)
    )
    paid = PriceList.objects.create(from_ms=now_ms() - AGO_MS)
    Price.objects.bulk_create(
        Price(
            price_list=paid,
            material_id=row["id"],
            price_minor_per_kg=int(row["price_per_kg"]) * MINOR_PER_MAJOR,
        )
        for row in rows
        if row["price_per_kg"]
    )


def _offers(city: City, sites: list[Site]) -> None:
    """Let plants and the landfill offer what they do in the city's files, stations their gate."""
    kinds = {site.id: site.kind for site in sites}
    told = [
        (one.site, one.material, one.price_minor_per_kg, one.limit_kg_per_year)
        for one in city.offers
        if one.site in kinds
    ]
    told += [
        (site, material, paid, inf)
        for site, kind in kinds.items()
        if kind == STATION
        for material, paid in city.programme.gate_minor_per_kg.items()
    ]
    Offer.objects.bulk_create(
        Offer(
            site_id=site,
            material_id=material,
            from_ms=now_ms() - AGO_MS,
            price_minor_per_kg=round(paid),
            limit_g_per_year=None if limit == inf else round(limit * G_PER_KG),
        )
        for site, material, paid, limit in told
    )


def _admit(
    people: Iterable[tuple[str, str, str, str]], *, must_change: bool = False
) -> dict[str, str]:
    """Let people in, each with a password made here."""
    passwords = {}
    for name, role, site, language in people:
        passwords[name] = secrets.token_urlsafe(9)
        person = Person.objects.create(
            name=name,
            password=make_password(passwords[name]),
            language=language,
            must_change=must_change,
        )
        Duty.objects.create(person=person, role=role, site_id=site or None)
    return passwords


def _rules(book: Book, scales: list[Scale], recipes: dict[str, dict]) -> list[Deed]:
    at_ms, known = now_ms() - AGO_MS, rules(book, "process")
    told = [("scale", one.id, {"verified_until_ms": at_ms + AGO_MS + A_YEAR_MS}) for one in scales]
    told += [("process", name, terms) for name, terms in recipes.items() if name not in known]
    return [
        Rule(id=new_id(), site="*", event_ms=at_ms, about=about, name=name, terms=terms)
        for about, name, terms in told
    ]


def _tills(sites: list[Site]) -> list[Deed]:
    return [
        Payment(
            id=new_id(),
            site=site.id,
            event_ms=now_ms() - AGO_MS,
            payer="fund",
            payee="cash",
            paid_minor=FLOAT_MINOR,
        )
        for site in sites
        if site.kind == POINT
    ]
