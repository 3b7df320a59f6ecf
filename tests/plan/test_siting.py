"""Points for given stations: what can be paid for, the surest first."""

import numpy as np
import pytest

from ainalym.plan.siting import Terms, within

LEVEL = np.array([0.9, 0.6, 0.8, 0.0, 0.7])


def terms_of(*, kept: int = 4) -> Terms:
    """Five points that cost 3 each, one of them open whatever happens."""
    is_kept = np.arange(5) == kept
    none = np.zeros(5)
    return Terms(
        worth=none,
        margin_minor=none,
        cost=none,
        capex=np.where(is_kept, 0.0, 3.0),
        needed_minor=none,
        free=~is_kept,
        kept=is_kept,
    )


@pytest.mark.parametrize(
    ("budget", "open_rows"), [(2.9, [4]), (3.0, [0, 4]), (6.5, [0, 2, 4]), (np.inf, [0, 1, 2, 4])]
)
def test_the_surest_points_are_kept_as_far_as_the_money_goes(budget, open_rows):
    found = within(terms_of(), LEVEL > 0.5, LEVEL, budget)
    assert np.flatnonzero(found).tolist() == open_rows


def test_what_has_to_be_open_stays_open_without_money():
    assert np.flatnonzero(within(terms_of(kept=3), LEVEL > 0.5, LEVEL, 0.0)).tolist() == [3]
