"""Python's collector of cyclic garbage, kept still while many rows are made."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unswept(many: bool = True) -> Iterator[None]:
    """Pause Python's search for cycles of garbage while many rows are made: there are none.

    Measured: a quarter of the time of ten thousand deeds.

    Parameters
    ----------
    many
        Whether there are so many.
    """
    off = many and gc.isenabled()
    if off:
        gc.disable()
    try:
        yield
    finally:
        if off:
            gc.enable()
