"""What columns of a table share: one length, and nobody writes to them."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ainalym.errors import Issue


def frozen(values: ArrayLike, kind: type = float) -> NDArray:
    """Copy `values` into a read-only array of `kind`."""
    column = np.array(values, dtype=kind)
    column.setflags(write=False)
    return column


def faults_of_lengths(table: str, count: int, **columns: object) -> Iterator[Issue]:
    """Yield a fault for each column whose length is not `count`."""
    for name, column in columns.items():
        if len(column) != count:  # type: ignore[arg-type]
            fault = f"column {name} has {len(column)} rows, not {count}"  # type: ignore[arg-type]
            yield Issue(table, fault)


def faults_of_ids(table: str, ids: tuple[str, ...]) -> Iterator[Issue]:
    """Yield a fault for each id that is empty or stands twice."""
    seen: set[str] = set()
    for name in ids:
        if not name:
            yield Issue(f"{table}/{name}", "an id is empty", "give every row a name of its own")
        if name in seen:
            yield Issue(f"{table}/{name}", f"id {name!r} stands twice", "rename one of the two")
        seen.add(name)
