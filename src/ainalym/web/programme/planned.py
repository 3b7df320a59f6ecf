"""What a plan has points buy, read from its table of flows."""

import csv
import math
from collections import Counter
from typing import NamedTuple

from django.db import transaction

from ainalym.errors import Issue, refuse
from ainalym.web.programme.models import POINT, Material, Planned, Site

COLUMNS = ("year", "origin", "target", "material", "mass_t")
"""Of `tables/flows.csv`, as a plan's folder holds it."""

G_PER_T = 1_000_000
MOST_T = 1e9
MOST_COLUMNS = 100
"""A plan writes few; each row is held against all of the heading."""

SHOWN = 50
"""Faults told one by one; of more, their number."""


class Taken(NamedTuple):
    """What was taken over from a plan.

    Attributes
    ----------
    points, years
        Points and years with an amount.
    left_out
        Points of the plan that the programme does not have.
    """

    points: int
    years: tuple[int, ...]
    left_out: int


def take_plan(text: str, name: str) -> Taken:
    """Take over what the plan has points buy; what was taken over before is replaced.

    What leaves a point over a year is what it buys in it.

    Parameters
    ----------
    text
        The plan's `tables/flows.csv`.
    name
        The file's name, for faults.

    Raises
    ------
    InputError
        It is no such table; every fault is listed with its row. Nothing is taken over.
    """
    rows = _read(text, name)
    fraction = dict(Material.objects.values_list("id", "fraction"))
    points = {*Site.objects.filter(kind=POINT).values_list("id", flat=True)}
    senders = {origin for _, origin, material, _ in rows if material in fraction}
    grams: Counter[tuple[str, str, int]] = Counter()
    for year, origin, material, mass_g in rows:
        if origin in points and material in fraction:
            grams[origin, fraction[material], year] += mass_g
    if not grams:
        mend = "take the plan of this programme's city: its points have to have the same ids"
        refuse([Issue(name, "no row begins at a point of this programme", mend)])
    stations = {*Site.objects.exclude(kind=POINT).values_list("id", flat=True)}
    with transaction.atomic():
        Planned.objects.all().delete()
        Planned.objects.bulk_create(
            Planned(site_id=site, fraction=what, year=year, mass_g=round(mass_g))
            for (site, what, year), mass_g in sorted(grams.items())
        )
    sites = {site for site, _, _ in grams}
    years = tuple(sorted({year for _, _, year in grams}))
    return Taken(len(sites), years, len(senders - points - stations))


def _read(text: str, name: str) -> list[tuple[int, str, str, float]]:
    """Read rows as year, origin, material and grams."""
    table = csv.DictReader(text.removeprefix("\ufeff").splitlines())
    head = table.fieldnames or []
    if len(head) > MOST_COLUMNS:
        fault = f"has {len(head)} columns, more than {MOST_COLUMNS}"
        refuse([Issue(name, fault, "give tables/flows.csv of a plan's folder as it is")])
    refuse(
        Issue(name, f"has no column {column}", "give tables/flows.csv of a plan's folder")
        for column in COLUMNS
        if column not in head
    )
    rows, issues = [], []
    for number, row in enumerate(table, 2):
        where = f"{name} row {number}"
        year, mass_t = _number(row["year"]), _number(row["mass_t"])
        if None in row or None in row.values():
            fault = f"has not {len(head)} cells"
            issues.append(Issue(where, fault, "write decimals with a point, one cell a column"))
        elif year is None or year != int(year) or not 1900 <= year <= 2200:
            issues.append(Issue(f"{where}: year", f"is {row['year']!r}", "give a year"))
        elif mass_t is None or not 0 <= mass_t <= MOST_T:
            mend = "give tonnes of 0 or more, with a point for decimals"
            issues.append(Issue(f"{where}: mass_t", f"is {row['mass_t']!r}", mend))
        else:
            rows.append((int(year), row["origin"], row["material"], mass_t * G_PER_T))
    if len(issues) > SHOWN:
        more = Issue(name, f"has {len(issues) - SHOWN} more such rows", "mend them all")
        issues = [*issues[:SHOWN], more]
    refuse(issues)
    return rows


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
