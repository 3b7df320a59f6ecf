"""What the solver's own object is told in more than one place."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FAR = 1e6
"""How many times the prices themselves to go along a ray that proves that nothing is feasible."""


class Ended(NamedTuple):
    """Where a linear program ended: values, prices as `Solution.dual`, and after how many steps."""

    value: NDArray[np.float64]
    dual: NDArray[np.float64]
    steps: int


@dataclass(slots=True)
class Basis:
    """Where the simplex method ended, in the solver's words, and how large the program was."""

    kept: Any
    columns: int
    rows: int

    @property
    def valid(self) -> bool:
        """Whether there is any."""
        return self.kept.valid

    def grow(self, columns: int, rows: int, kind: Any) -> None:
        """Let new columns begin at their least, and new rows as they come.

        Asking for what is known is slow, as it comes one by one, so it is only done for these.
        """
        if more := columns - self.columns:
            self.kept.col_status = self.kept.col_status + [kind.kLower] * more
        if more := rows - self.rows:
            self.kept.row_status = self.kept.row_status + [kind.kBasic] * more
        self.columns, self.rows = columns, rows


def limit(highs: Any, left_s: float, *, integral: bool) -> None:
    """Set the time a run may take.

    An integer program's clock starts with the run; a linear program's counts all runs so far.
    """
    spent = 0.0 if integral else highs.getRunTime()
    highs.setOptionValue("time_limit", max(0.0, left_s) + spent)


def far_along(ray: NDArray[np.float64], prices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Go so far along a ray that the prices prove that nothing is feasible; none without both."""
    if not (ray.size and prices.size):
        return np.zeros(0)
    return prices + ray * (FAR * (1.0 + np.abs(prices).max()) / max(np.abs(ray).max(), 1e-9))
