"""Designs that differ a little from one: what a local search of the staged network looks at."""

import numpy as np
from numpy.typing import NDArray

from ainalym.solve.network_terms import CLOSES, Staged

_MOST = 30_000
"""Designs of one kind; where there are more, only every second, or third, is looked at."""


def neighbours(staged: Staged, modules: NDArray[np.int64]) -> NDArray[np.int16]:
    """List allowed designs that are up to two changes away.

    A change is a module more, less, larger, smaller, earlier or later; or all of a station
    elsewhere, with or without one of these.

    Parameters
    ----------
    modules
        How many are built each year, shape (stations, modules, years).

    Returns
    -------
    Shape (designs, stations, modules, years).
    """
    here = modules.astype(np.int16)
    changes = _changes(here)
    once = here + changes
    first, second = np.triu_indices(len(changes), 1)
    thin = 1 + len(first) // _MOST
    first, second = first[::thin], second[::thin]
    kinds = [once, once[first] + changes[second], *_new_stations(here)]
    used = here.any(axis=(1, 2))
    elsewhere = [(j, k) for j in np.flatnonzero(used) for k in np.flatnonzero(~used)]
    thin = 1 + len(elsewhere) * len(once) // _MOST
    for j, other in elsewhere:
        turn = np.arange(len(here))
        turn[[j, other]] = other, j
        kinds += [here[None, turn], once[::thin, turn]]
    return np.concatenate([designs[_allowed(staged, designs)] for designs in kinds])


def _changes(modules: NDArray[np.int16]) -> NDArray[np.int16]:
    """What single changes at stations that are built on add and take away."""
    found = []
    _, sizes, years = modules.shape
    for j in np.flatnonzero(modules.any(axis=(1, 2))):
        for place in np.ndindex(sizes, years):
            found.append(np.zeros_like(modules))
            found[-1][j][place] = 1
    for j, q, t in np.argwhere(modules > 0):
        sides = [None, *((other, t) for other in range(sizes) if other != q)]
        sides += [(q, other) for other in range(years) if other != t]
        for side in sides:
            found.append(np.zeros_like(modules))
            found[-1][j, q, t] = -1
            if side is not None:
                found[-1][j][side] = 1
    return np.array(found, np.int16).reshape(-1, *modules.shape)


def _new_stations(modules: NDArray[np.int16]) -> list[NDArray[np.int16]]:
    """The design with one module at a station that is not built on yet."""
    unused = np.flatnonzero(~modules.any(axis=(1, 2)))
    designs = np.repeat(modules[None], len(unused) * modules[0].size, axis=0)
    at = np.arange(len(designs))
    place, j = np.divmod(at, len(unused)) if len(unused) else (at, at)
    q, t = np.divmod(place, modules.shape[2])
    designs[at, unused[j], q, t] = 1
    return [designs]


def _allowed(staged: Staged, designs: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Tell which designs keep the rules of building, shape (designs,)."""
    each = designs.sum((2, 3))
    spent = np.cumsum(np.einsum("njqt,jq->nt", designs, staged.capex), axis=1)
    return (
        (each <= staged.most_modules).all(1)
        & ((each > 0).sum(1) <= staged.most_stations)
        & ((designs >= 0) & (designs <= staged.most_at_once)).all((1, 2, 3))
        & (spent <= staged.budget * (1.0 + 0.01 * CLOSES)).all(1)
    )
