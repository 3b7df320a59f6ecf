"""How postings and draws of a run of entries are written in the chain, entry by entry."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ainalym.ledger import chain, version1

Numbers = NDArray[np.int64]


class Spelled:
    """Postings and draws of a block of entries as the chain has them.

    Parameters
    ----------
    postings
        Entry, account, lot (0 for none) and quantity, in the order of entries; shape (n, 4).
    draws
        Entry, child (0 for none), parent and quantity; shape (n, 4).
    first, last
        The entries.

    Attributes
    ----------
    mixed
        Entries whose postings in money do not stand last.
    """

    def __init__(self, postings: Numbers, draws: Numbers, first: int, last: int) -> None:
        numbers = np.arange(first, last + 2)
        self._first = first
        self._of_posting = np.searchsorted(postings[:, 0], numbers).tolist()
        self._of_draw = np.searchsorted(draws[:, 0], numbers).tolist()
        self._postings, self._draws = postings, draws
        self._lines: list[str] = []
        self._money: list[int] = []
        self._octets: tuple[bytes, bytes] | None = None
        self._drawn = draws[:, 1:].tolist()
        self.mixed: set[int] = set()

    def spell(
        self, names: list[str], account: Numbers, postings: Numbers, money: NDArray[np.bool_]
    ) -> None:
        """Write every posting."""
        self._lines = [
            f"[{names[number]},{lot},{quantity}]"
            for number, (lot, quantity) in zip(
                account.tolist(), postings[:, 2:].tolist(), strict=True
            )
        ]
        self._money = np.concatenate([[0], np.cumsum(money)]).tolist()

    def of(self, seq: int) -> tuple[str, str, str]:
        """Give an entry's postings in grams and pieces, those in money, and its draws."""
        k = seq - self._first
        a, b = self._of_posting[k], self._of_posting[k + 1]
        c, d = self._of_draw[k], self._of_draw[k + 1]
        middle = b - (self._money[b] - self._money[a])
        drawn = chain.drawn(self._drawn[c:d]) if d > c else ""
        return ",".join(self._lines[a:middle]), ",".join(self._lines[middle:b]), drawn

    def packed(self, seq: int) -> bytes:
        """Give an entry's postings and draws as version 1 packs them."""
        if self._octets is None:
            self._octets = (
                np.ascontiguousarray(self._postings[:, 1:]).astype("<i8").tobytes(),
                np.ascontiguousarray(self._draws[:, 1:]).astype("<i8").tobytes(),
            )
        k, (lines, drawn) = seq - self._first, self._octets
        a, b = self._of_posting[k], self._of_posting[k + 1]
        c, d = self._of_draw[k], self._of_draw[k + 1]
        return _count(b - a) + lines[a * 24 : b * 24] + _count(d - c) + drawn[c * 24 : d * 24]


@lru_cache(maxsize=1 << 12)
def _count(count: int) -> bytes:
    return version1.numbers(1).pack(count)
