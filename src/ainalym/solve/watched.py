"""Watching a solver at work: it can be stopped from the keyboard and tells how far it is."""

import math
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def watched(
    highs: Any,
    integral: bool,
    progress: Callable[[float, float, float], None] | None,
    asked: threading.Event | None = None,
    *,
    is_long: bool = True,
) -> Iterator[threading.Event]:
    """Let the keyboard stop a solver at its next breath, and report progress each second.

    What is not long is left alone: it is over before anybody would wait for it.

    The default handler would raise inside the solver's own loop, which is not written to be
    left that way; so the signal only leaves a mark that the solver is shown. Others may leave it
    too, where they bring the mark.
    """
    asked = asked or threading.Event()
    if not is_long:
        yield asked
        return
    last = -math.inf

    def look(event: Any) -> None:
        nonlocal last
        out = event.data_out
        if tells and out.running_time - last >= 1.0:
            last = out.running_time
            try:
                progress(last, out.mip_primal_bound, out.mip_dual_bound)
            except KeyboardInterrupt:
                asked.set()
        event.interrupt(asked.is_set())  # also False: the solver remembers the last run's word

    tells = integral and progress is not None
    breaths = [highs.cbSimplexInterrupt, highs.cbIpmInterrupt]
    if integral:
        breaths = [highs.cbMipInterrupt]
    for breath in breaths:
        breath.subscribe(look)
    main = threading.current_thread() is threading.main_thread()
    caught = main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if caught:
        signal.signal(signal.SIGINT, lambda *_: asked.set())
    try:
        yield asked
    finally:
        if caught:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        for breath in breaths:
            breath.unsubscribe(look)
