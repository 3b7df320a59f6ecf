"""Two programs at the same time come to what they come to alone, and can be stopped."""

import signal
import threading
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from ainalym.answer import Sense, Status
from ainalym.solve.mip import Program
from ainalym.solve.together import Beside, together

CLOSE = 1e-9


def drawn(seed: int, n: int = 60, m: int = 25) -> tuple[Program, np.ndarray]:
    """A drawn linear program."""
    rng = np.random.default_rng(seed)
    program = Program(Sense.MAX)
    x = program.columns("x", n, gain=rng.uniform(1.0, 9.0, n), upper=2.0)
    rows = program.rows("room", m, upper=rng.uniform(10.0, 30.0, m))
    program.put(rows[:, None], x, rng.uniform(0.0, 3.0, (m, n)))
    return program, x


def pressing(program: Program) -> None:
    """Press the key at the first breath of a program, while somebody listens."""

    def press(_: object) -> None:
        if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            signal.raise_signal(signal.SIGINT)

    program._highs.cbSimplexInterrupt.subscribe(press)


@pytest.mark.parametrize("seed", range(10))
def test_twins_have_the_same_rows_and_bounds_of_their_own(seed):
    program, x = drawn(seed)
    alone = program.solve(relax=True).objective
    twin = program.twin()
    twin.change_bounds(x[:20], 0.0, 0.0)
    answers = together([(p, partial(p.solve, relax=True)) for p in (program, twin)])
    assert answers[0].objective == pytest.approx(alone, rel=CLOSE)
    program.change_bounds(x[:20], 0.0, 0.0)
    assert answers[1].objective == pytest.approx(program.solve(relax=True).objective, rel=CLOSE)
    row = program.rows("few", (), upper=5.0)
    program.put(row, x, 1.0)
    both = together([(p, partial(p.solve, relax=True)) for p in (program, twin)])
    assert both[0].objective == pytest.approx(both[1].objective, rel=CLOSE)
    assert both[0].objective < answers[1].objective
    program.change_bounds(x, 0.0, 1.0)
    twin.stand_as(program)
    assert twin.bounds(x)[1].tolist() == [1.0] * len(x)
    both = together([(p, partial(p.solve, relax=True)) for p in (twin, program)])
    assert both[0].objective == pytest.approx(both[1].objective, rel=CLOSE)


def test_a_twin_for_few_steps_proves_the_same_in_the_end():
    program, _ = drawn(3)
    worth = program.solve(relax=True).objective
    quick = program.twin(for_few_steps=True)
    assert quick.probe(iterations=10_000) == (pytest.approx(worth, rel=CLOSE), True)


def waiting(program: Program) -> tuple[Callable[[], None], threading.Event, list[bool]]:
    """A job that waits to be asked to stop, when it has begun, and whether it was asked."""
    begun, was_asked = threading.Event(), []

    def wait() -> None:
        begun.set()
        was_asked.append(program.asked.wait(20.0))

    return wait, begun, was_asked


def test_an_error_in_one_stops_the_other_and_is_raised():
    program, _ = drawn(1)
    twin = program.twin()
    waits, begun, was_asked = waiting(twin)

    def fails() -> None:
        begun.wait(20.0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        together([(program, fails), (twin, waits)])
    assert was_asked == [True]
    with pytest.raises(ZeroDivisionError):
        together([(twin, lambda: None), (program, fails)])
    assert program.asked is None and twin.asked is None


def test_a_key_press_stops_both(keyboard):
    program, _ = drawn(2)
    twin = program.twin()
    pressing(program)
    waits, begun, was_asked = waiting(twin)

    def solves() -> None:
        begun.wait(20.0)
        program.solve(relax=True)

    began_s = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        together([(program, solves), (twin, waits)])
    assert was_asked == [True]
    assert time.monotonic() - began_s < 10.0
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert twin.solve(relax=True).status is Status.OPTIMAL


def test_more_jobs_than_threads_come_back_in_their_order():
    program, _ = drawn(4)
    jobs = [
        (each, partial(int, k))
        for k, each in enumerate([program, *map(Program.twin, [program] * 6)])
    ]
    assert together(jobs) == list(range(7))


def test_what_is_done_beside_tells_what_came_of_it_and_can_be_stopped():
    assert Beside(lambda asked: 7).result() == 7
    stopped = threading.Event()

    def job(asked: threading.Event) -> None:
        if asked.wait(20.0):
            stopped.set()

    beside = Beside(job)
    beside.stop()
    assert stopped.wait(20.0)

    def fails(asked: threading.Event) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Beside(fails).result()
