"""Draws: which grams of which lots became which grams of which others, exactly."""

from collections.abc import Sequence


def apportion(total_g: int, weights: Sequence[int]) -> list[int]:
    """Split whole grams in proportion to whole weights, to the last gram (largest remainder).

    In whole numbers throughout, so it is exact at any size. No part exceeds its weight unless the
    total exceeds the sum of weights. Of equal remainders the first comes first.

    Parameters
    ----------
    total_g
        What is split, 0 or more.
    weights
        0 or more each, not all zero unless there is nothing to split.
    """
    whole = sum(weights)
    if not total_g:
        return [0] * len(weights)
    parts, rests = [], []
    for k, weight in enumerate(weights):
        part, rest = divmod(total_g * weight, whole)
        parts.append(part)
        rests.append((-rest, k))
    rests.sort()
    for _, k in rests[: total_g - sum(parts)]:
        parts[k] += 1
    return parts


def mix(taken_g: Sequence[int], made_g: Sequence[int]) -> list[list[int]]:
    """Say how many grams of each thing taken are in each thing made.

    Every row sums to what was taken, every column to what was made, and each is within a gram or
    so of its proportion: each thing made in turn takes its share of all that is left.

    Parameters
    ----------
    taken_g, made_g
        Whole grams with equal sums; loss stands among what is made.

    Returns
    -------
    list of list of int
        Shape (taken, made).
    """
    left = list(taken_g)
    columns = []
    for grams in made_g:
        column = apportion(grams, left)
        left = [have - part for have, part in zip(left, column, strict=True)]
        columns.append(column)
    return [list(row) for row in zip(*columns, strict=True)]
