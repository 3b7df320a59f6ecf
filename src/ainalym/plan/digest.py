"""The digest of a city: one number that tells its tables and distances from all others."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from numbers import Real

import numpy as np

from ainalym.model.city import City
from ainalym.model.travel import Travel

TABLES = (
    *("programme", "materials", "processes", "places", "sites"),
    *("counters", "offers", "hauls", "factors"),
)
"""Parts of a city that a plan depends on; roads count by the distances they make."""

MM_PER_M = 1000.0
"""Distances count in whole millimetres: another machine's sums may differ in the last digit."""


def digest_of(city: City, travel: Travel) -> str:
    """Tell a city and its distances from all others: SHA-256, hexadecimal.

    The same tables give the same digest, however they were read; names of what no plan depends
    on, maps and the sources of assumptions do not count.

    Parameters
    ----------
    city, travel
        A city and its distances.
    """
    hashed = hashlib.sha256(b"ainalym city 1")
    for name in TABLES:
        _feed(hashed, name)
        _feed(hashed, getattr(city, name))
    for name in ("walk_start", "walk_site"):
        _feed(hashed, getattr(travel, name))
    for name in ("walk_m", "haul_m"):
        _feed(hashed, np.rint(getattr(travel, name) * MM_PER_M))
    return hashed.hexdigest()


def _feed(hashed: "hashlib._Hash", value: object) -> None:
    """Hash a value by what it says: whole numbers and broken ones alike, columns as doubles."""
    if is_dataclass(value):
        for field in fields(value):
            _feed(hashed, field.name)
            _feed(hashed, getattr(value, field.name))
    elif isinstance(value, np.ndarray):
        column = np.ascontiguousarray(value, "<f8") + 0.0  # so that -0 counts as 0
        hashed.update(f"column {column.shape} ".encode())
        hashed.update(column.data)
    elif isinstance(value, Mapping):
        _feed(hashed, tuple(value.items()))
    elif isinstance(value, str):
        said = str(value).encode()
        hashed.update(f"text {len(said)} ".encode() + said)
    elif isinstance(value, tuple | list | frozenset | set):
        rows = sorted(value) if isinstance(value, frozenset | set) else value
        hashed.update(f"rows {len(rows)} ".encode())
        for row in rows:
            _feed(hashed, row)
    elif isinstance(value, Real):
        hashed.update(f"number {(float(value) + 0.0).hex()} ".encode())
    else:
        hashed.update(f"other {value} ".encode())
