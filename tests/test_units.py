"""Whole numbers split in proportion, whatever the proportion."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ainalym.units import split

WEIGHTS = st.lists(
    st.one_of(st.integers(0, 10**12), st.floats(0.0, 1e12, allow_nan=False)), min_size=1
).filter(lambda weights: sum(weights) > 0)


@given(st.integers(0, 10**18), WEIGHTS)
def test_nothing_is_lost_in_a_split_and_none_is_off_by_a_unit(total, weights):
    parts = split(total, weights)
    assert sum(parts) == total
    assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if not weight)
    whole = sum(map(Fraction, weights))
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - total * Fraction(weight) / whole) < 1
