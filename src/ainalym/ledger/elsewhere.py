"""A span of the chain walked in a process of its own."""

import json
import pickle
import subprocess
import sys
from contextlib import suppress

from ainalym.ledger.garbage import unswept
from ainalym.ledger.span import Span, Walk
from ainalym.ledger.store import connect

# What fails there is done here again, and told in words.
PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}


class Elsewhere:
    """Walks a span in a process of its own.

    Parameters
    ----------
    where
        As for `open_book`.
    asked
        As for `Walk`: version, first and last entry, accounts, lots.
    """

    def __init__(self, where: str, *asked: int) -> None:
        words = [sys.executable, "-c", "from ainalym.ledger import elsewhere; elsewhere.answer()"]
        self._process: subprocess.Popen | None = None
        # Where no process can be had, what it was for is done here.
        with suppress(OSError):
            self._process = subprocess.Popen(words, **PIPES)
            self._process.stdin.write(json.dumps([where, *asked]).encode())
            self._process.stdin.close()

    def span(self) -> Span | None:
        """Wait for what it found; None where it failed."""
        if self._process is None:
            return None
        said = self._process.stdout.read()
        self._process.stdout.close()
        return None if self._process.wait() else pickle.loads(said)

    def stop(self) -> None:
        """End it, if it has not ended."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def answer() -> None:
    """Walk the span asked for on standard input, for `Elsewhere` in another process."""
    where, *asked = json.load(sys.stdin)
    store = connect(where, new=False, read_only=True)
    with store.reading(), unswept():
        span = Walk(store, *asked).walk()
    pickle.dump(span, sys.stdout.buffer)
