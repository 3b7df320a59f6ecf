"""How postings and draws of a run of entries are written in the chain, entry by entry."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ainalym.ledger import version1

Numbers = NDArray[np.int64]


class Spelled:
    """Postings and draws of a block of entries as the chain has them.

    Parameters
    ----------
    posted, taken
        Rows of postings and draws: entry, its number in it, and what is hashed.
    postings, draws
        The same without the numbers, as arrays: entry, account, lot (0 for none) and quantity;
        entry, child (0 for none), parent and quantity; shape (n, 4).
    first, last
        The entries.

    Attributes
    ----------
    mixed
        Entries whose postings in money do not stand last.
    """

    def __init__(
        self,
        posted: list[tuple],
        taken: list[tuple],
        postings: Numbers,
        draws: Numbers,
        first: int,
        last: int,
    ) -> None:
        numbers = np.arange(first, last + 2)
        self._first = first
        self._of_posting = np.searchsorted(postings[:, 0], numbers).tolist()
        self._of_draw = np.searchsorted(draws[:, 0], numbers).tolist()
        self._posted, self._taken = posted, taken
        self._postings, self._draws = postings, draws
        self._parts: list[tuple[str, str, str]] = []
        self._octets: tuple[bytes, bytes] | None = None
        self.mixed: set[int] = set()

    def spell(self, names: list[str], moneys: NDArray[np.bool_]) -> None:
        """Write every posting and draw; names, and which are in money, by number of account."""
        begins = [f"[{name}," for name in names]
        lines = [
            f"{begins[number]}{lot},{quantity}]" for _, _, number, lot, quantity in self._posted
        ]
        drawn = [f"[{child},{parent},{grams}]" for _, _, child, parent, grams in self._taken]
        entry, account = self._postings[:, 0], self._postings[:, 1]
        money = moneys[account.clip(0, len(moneys) - 1)]
        sums = np.concatenate([[0], np.cumsum(money)])
        begun = np.array(self._of_posting, np.int64)
        middle = (begun[1:] - np.diff(sums[begun])).tolist()
        posted, taken, join = self._of_posting, self._of_draw, ",".join
        self._parts = [
            (join(lines[a:m]), join(lines[m:b]) if b > m else "", join(drawn[c:d]) if d > c else "")
            for a, m, b, c, d in zip(posted, middle, posted[1:], taken, taken[1:], strict=False)
        ]
        early = money[:-1] & ~money[1:] & (entry[:-1] == entry[1:])
        self.mixed.update(entry[:-1][early].tolist())

    def of(self, seq: int) -> tuple[str, str, str]:
        """Give an entry's postings in grams and pieces, those in money, and its draws."""
        return self._parts[seq - self._first]

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
