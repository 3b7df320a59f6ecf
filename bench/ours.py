"""Our own solver, as the benchmark asks it."""

from ainalym.solve.sites import choose
from bench.peers.told import Clock, Told
from bench.rows import Instance
from bench.sites import SEED

ALLOWED = 1e-8
"""Of the gains, which with a far escape are many times the cost that is shown."""


def solve(instance: Instance, clock: Clock) -> Told:
    """Choose sites until the time is up or nothing better can be."""

    def look(_: float, worth: float, bound: float) -> None:
        clock.note(instance.shown(worth), instance.shown(bound))

    answer = choose(
        instance.gains,
        instance.cost,
        p=instance.p,
        seconds=clock.seconds,
        gap_allowed=ALLOWED,
        seed=SEED,
        progress=look,
    )
    return Told(open=answer.value.open, bound=instance.shown(answer.bound))
