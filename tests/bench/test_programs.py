"""Both ways to state an instance have the same optimum, and it is that of all sets tried out."""

import itertools

import numpy as np
import pytest

from bench import sites
from bench.kinds import Kind
from bench.peers import highs
from bench.peers.programs import steps
from bench.peers.told import Clock
from bench.rows import Instance, of_matrix


def best(instance: Instance) -> float:
    """The best shown value by trying every set."""
    m, found = instance.gains.sites, []
    sizes = range(1, m + 1) if instance.p is None else [instance.p]
    for size in sizes:
        for chosen in itertools.combinations(range(m), size):
            is_open = np.zeros(m, bool)
            is_open[list(chosen)] = True
            found.append(instance.value(is_open))
    return min(found) if instance.is_cost else max(found)


def draw(kind: Kind) -> Instance:
    """A small instance of each kind; distances of the p-median are often equal."""
    match kind:
        case Kind.MEDIAN:
            return of_matrix(np.random.default_rng(4).integers(1, 6, (25, 8)).astype(float), 3)
        case Kind.FACILITY:
            return sites.facility(40, 9, "clustered", k=4)
        case _:
            return sites.cover(80, 11, "clustered", gradual=kind is Kind.GRADUAL)


@pytest.mark.parametrize("solve", [highs.by_pairs, highs.by_steps])
@pytest.mark.parametrize("kind", list(Kind))
def test_a_program_has_the_optimum_of_all_sets(kind, solve):
    instance = draw(kind)
    clock = Clock(instance, seconds=20.0, marks=(1e-6,), known=None)
    told = solve(instance, clock)
    assert instance.value(told.open) == pytest.approx(best(instance), rel=1e-7)
    assert told.bound == pytest.approx(best(instance), rel=1e-5)


def test_a_step_for_each_distance_not_for_each_site():
    instance = draw(Kind.MEDIAN)
    distances = sum(len(set(row) - {row.max()}) for row in instance.matrix)
    assert len(steps(instance).cost) == instance.gains.sites + distances + 1


def test_plain_covering_takes_one_column_a_client():
    instance = draw(Kind.COVER)
    covered = int((np.diff(instance.gains.start) > 0).sum())
    assert len(steps(instance).cost) == instance.gains.sites + covered + 1
