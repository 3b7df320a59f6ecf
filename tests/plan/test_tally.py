"""Who pays, against a linear program that may pay as it likes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from ainalym.model.programme import Cover, Fund
from ainalym.plan.tally import CATEGORIES, spending
from tests.plan.cities import tiny_city

YEARS = 2
AMOUNTS = st.lists(st.integers(0, 6), min_size=YEARS, max_size=YEARS).map(tuple)
FUNDS = st.lists(st.tuples(st.sampled_from(Cover), AMOUNTS), max_size=4)
INVESTED = st.lists(AMOUNTS, min_size=len(CATEGORIES), max_size=len(CATEGORIES))


def _can_be_paid(funds: list[Fund], invested: np.ndarray) -> bool:
    """Whether any payment of all investment exists: columns are pays[fund, category, year]."""
    shape = (len(funds), len(CATEGORIES), YEARS)
    if not funds:
        return not invested.any()
    column = np.arange(np.prod(shape)).reshape(shape)
    equal = np.zeros((len(CATEGORIES) * YEARS, column.size))
    for row, (c, t) in enumerate(np.ndindex(len(CATEGORIES), YEARS)):
        equal[row, column[:, c, t]] = 1.0
    within = np.zeros((len(funds) * YEARS, column.size))
    for row, (f, t) in enumerate(np.ndindex(len(funds), YEARS)):
        within[row, column[f, :, : t + 1].ravel()] = 1.0
    bounds = [
        (0, None if funds[f].covers in (Cover.ANYTHING, CATEGORIES[c]) else 0)
        for f, c, _ in np.ndindex(shape)
    ]
    have = np.cumsum([fund.amount_minor for fund in funds], axis=1).ravel()
    answer = linprog(
        np.zeros(column.size), within, have, equal, invested.ravel(), bounds, method="highs"
    )
    return answer.status == 0


@settings(deadline=None)
@given(FUNDS, INVESTED)
def test_a_payment_is_found_whenever_there_is_one(rows, invested):
    funds = [
        Fund(source=f"fund {k}", covers=covers, amount_minor=amounts)
        for k, (covers, amounts) in enumerate(rows)
    ]
    invested = np.array(invested, float)
    spent, missing = spending(tiny_city(funds=tuple(funds)), invested)
    assert (missing.sum() == 0) == _can_be_paid(funds, invested)
    assert spent.sum(0) + missing.sum(0) == pytest.approx(invested.sum(0))
    for f, fund in enumerate(funds):
        assert (spent[f].cumsum() <= np.cumsum(fund.amount_minor)).all()
