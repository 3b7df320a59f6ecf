"""Cells: text in a file's units to values in ours, and back without losing a digit.

Units are changed by moving the decimal point, in the text itself: `0.1` t with a scale of 3 is read
as `0.1e3` kg. So no binary rounding happens twice, and what is written reads back the same.
"""

import re
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from difflib import get_close_matches
from math import inf

import numpy as np

from ainalym.city.tables import Column, Kind

NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
COMMA_NUMBER = re.compile(r"[-+]?\d*,\d+", re.ASCII)
SPACED_NUMBER = re.compile(r"[-+]?\d{1,3}([\s\u00a0\u202f']\d{3})+([.,]\d+)?")
PLAIN = re.compile(r"[-+0-9.]*", re.ASCII)
WIDE = Context(prec=80)
"""Enough digits for any number a person writes; the usual 28 would round long ones."""

LARGEST_POWER = 300
"""Numbers beyond this power of ten, large or small, are not held by the computer's own."""

KM_PER_H = Decimal("3.6")
"""Kilometres per hour in one metre per second."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the cell in row `k` of a column, and what would mend it."""

    k: int
    fault: str
    mend: str


def parse(column: Column, cells: list[str]) -> tuple[list, list[Fault]]:
    """Turn the cells of a column into values in our units.

    Parameters
    ----------
    column
        What they mean.
    cells
        Text, decimals with a dot.

    Returns
    -------
    Values, one a cell, with a stand-in where a cell is faulty; and the faults.
    """
    if column.kind is Kind.TEXT and column.empty is not None:
        return cells, []
    if column.kind in (Kind.NUMBER, Kind.WHOLE):
        values = _quick(column, cells)
        if values is not None:
            return values, []
    readers = {
        Kind.TEXT: _text,
        Kind.ID: _id,
        Kind.NUMBER: _number,
        Kind.WHOLE: _number,
        Kind.CHOICE: _choice,
        Kind.LIST: _list,
        Kind.NUMBERS: _numbers,
        Kind.SWITCH: _switch,
    }
    values, faults = [], []
    for k, cell in enumerate(cells):
        try:
            values.append(readers[column.kind](column, cell))
        except _Bad as bad:
            values.append(stand_in(column, cell, k))
            faults.append(Fault(k, *bad.args))
    return values, faults


def plain_number(text: str) -> str:
    """Drop the needless digits of a number; leave other text as it is."""
    if "." in text and NUMBER.fullmatch(text):
        return text.rstrip("0").rstrip(".")
    return text


def stand_in(column: Column, cell: str, k: int) -> object:
    """Give a value in range for a faulty cell, so that reading can go on to further faults.

    Parameters
    ----------
    column
        The cell's column.
    cell
        Its text; what was probably meant is taken where it can be told.
    k
        Its row, which makes an empty id one of its own.
    """
    match column.kind:
        case Kind.NUMBER | Kind.WHOLE:
            low = 0.0 if column.low == -inf else column.low + column.above
            return inf if column.empty == "inf" else _number(column, column.empty or f"{low:g}")
        case Kind.NUMBERS:
            return (1.0,)
        case Kind.LIST:
            return tuple(dict.fromkeys(w.strip() for w in cell.split(";") if w.strip()))
        case Kind.SWITCH:
            return True
        case Kind.CHOICE:
            close = get_close_matches(cell.strip().lower(), column.choices, n=1)
            return (close or column.choices)[0]
        case _:
            return cell.strip() or f"?{k}"


def say_number(value: float, scale: int = 0) -> str:
    """Write a number of ours in the file's unit: no exponent, no needless digits, empty for inf.

    Parameters
    ----------
    value
        In our units; not NaN.
    scale
        Of its column.
    """
    if value == inf:
        return ""
    if value == 0:
        return "0"
    text = f"{Decimal(repr(value)).scaleb(-scale, WIDE):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def speed_m_per_s(speed_km_per_h: str) -> float:
    """Turn the text of a speed in km/h into m/s, rounding once."""
    with localcontext(WIDE):
        return float(Decimal(speed_km_per_h) / KM_PER_H)


def say_speed(value_m_per_s: float) -> str:
    """Write a speed in the fewest digits of km/h that read back as the same speed."""
    with localcontext(WIDE):
        exact = Decimal(repr(value_m_per_s)) * KM_PER_H
    texts = (f"{Decimal(f'{exact:.{digits}g}'):f}" for digits in range(15, 20))
    shortest = next((t for t in texts if speed_m_per_s(t) == value_m_per_s), f"{exact:f}")
    return shortest.rstrip("0").rstrip(".") if "." in shortest else shortest


def say_range(column: Column) -> str:
    """Say in words which numbers a column takes."""
    low, high = f"{column.low:g}", f"{column.high:g}"
    whole = column.kind is Kind.WHOLE and column.scale == 0
    if not whole and column.low == -inf:
        return "a number"
    if column.high == inf or column.high > 1e9:
        if column.above:
            return f"a number above {low}"
        return f"a whole number, {low} or more" if whole else f"{low} or more"
    if column.above:
        return f"a number above {low} and at most {high}"
    return f"a {'whole ' if whole else ''}number between {low} and {high}"


class _Bad(Exception):
    """A cell cannot be read: fault, mend."""


def _quick(column: Column, cells: list[str]) -> list | None:
    """Read a whole column of plain numbers at once; None when some cell needs a closer look."""
    if not PLAIN.fullmatch("".join(cells)):
        return None
    suffix = f"e{column.scale}"
    given = column.empty
    try:
        default = None if given is None else float(given if given == "inf" else given + suffix)
        values = [float(cell + suffix) if cell else default for cell in cells]
        array = np.array(values, float)
    except (TypeError, ValueError):
        return None
    if given is None and "" in cells:
        return None
    low, high = column.low * 10.0**column.scale, column.high * 10.0**column.scale
    within = (array > low if column.above else array >= low) & (array <= high)
    if given == "inf":
        within |= array == inf
    elif not np.isfinite(array).all():
        return None
    if not within.all():
        return None
    if column.kind is Kind.WHOLE:
        if not ((array == np.rint(array)) & (np.abs(array) < 2.0**53)).all():
            return None
        return [int(value) for value in values]
    return values


def _number(column: Column, cell: str) -> float | int:
    text = cell.strip()
    if not text:
        if column.empty is None:
            raise _Bad(f"{column.name} is empty", f"give {say_range(column)}")
        text = column.empty
        if text == "inf":
            return inf
    number = _decimal(column, text)
    if number and abs(number.adjusted()) > LARGEST_POWER:
        raise _Bad(f"{column.name} is {text}, which nobody can mean", f"give {say_range(column)}")
    limit = Decimal(repr(column.low))
    low_is_broken = number <= limit if column.above else number < limit
    if low_is_broken or number > Decimal(repr(column.high)):
        more = ", or leave it empty" if column.empty == "inf" else ""
        more += " for no limit" if more and "limit" in column.help else ""
        raise _Bad(f"{column.name} is {text}", f"give {say_range(column)}{more}")
    moved = number.scaleb(column.scale, WIDE)
    if column.kind is not Kind.WHOLE:
        return float(moved)
    if moved != moved.to_integral_value(context=WIDE):
        if column.scale == 0:
            raise _Bad(f"{column.name} is {text}", f"give {say_range(column)}")
        unit = {2: "hundredth", 6: "millionth"}[column.scale]
        nearest = say_number(int(moved.to_integral_value(context=WIDE)), column.scale)
        raise _Bad(f"{column.name} is {text}, finer than a {unit}", f"write {nearest}")
    return int(moved)


def _decimal(column: Column, text: str) -> Decimal:
    if NUMBER.fullmatch(text):
        return Decimal(text)
    fault = f"{column.name} is {text!r}, which is not a number"
    if COMMA_NUMBER.fullmatch(text):
        raise _Bad(fault, f"write {text.replace(',', '.')}, with a decimal point")
    if SPACED_NUMBER.fullmatch(text):
        joined = re.sub(r"[\s\u00a0\u202f']", "", text).replace(",", ".")
        raise _Bad(fault, f"write {joined}, without spaces")
    if text.endswith("%") and NUMBER.fullmatch(text[:-1]):
        raise _Bad(fault, f"write {say_number(float(text[:-1]), 2)}, a share")
    allowed = say_range(column)
    raise _Bad(fault, f"give {allowed if allowed.startswith('a ') else f'a number, {allowed}'}")


def _text(column: Column, cell: str) -> str:
    if not cell.strip():
        raise _Bad(f"{column.name} is empty", f"say {column.help}")
    return cell


def _id(column: Column, cell: str) -> str:
    if not cell.strip():
        raise _Bad(f"{column.name} is empty", "give every row a name")
    if cell != cell.strip():
        raise _Bad(f"{column.name} {cell!r} has spaces around it", f"write {cell.strip()}")
    return cell


def _choice(column: Column, cell: str) -> str:
    word = cell.strip() or column.empty
    if word in column.choices:
        return word
    fault = f"{column.name} is {cell!r}" if cell.strip() else f"{column.name} is empty"
    raise _Bad(fault, f"use {say_words(column.choices, near=cell.strip())}")


def _list(column: Column, cell: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in cell.split(";")) if cell.strip() else ()
    if "" in words:
        raise _Bad(f"{column.name} is {cell!r}, with an empty part", "write a;b;c")
    for word in words:
        if words.count(word) > 1:
            raise _Bad(f"{column.name} names {word!r} twice", "name it once")
    return words


def _numbers(column: Column, cell: str) -> tuple[float, ...]:
    parts = (cell.strip() or column.empty or "").split(";")
    return tuple(float(_number(column, part)) for part in parts)


def _switch(column: Column, cell: str) -> bool:
    if cell.strip() not in ("yes", "no"):
        raise _Bad(f"{column.name} is {cell!r}", "write yes or no")
    return cell.strip() == "yes"


def say_words(words: tuple[str, ...], near: str = "") -> str:
    """List the words allowed, the closest to `near` first: `a, b or c`."""
    close = get_close_matches(near, words, n=1) if near else []
    ordered = (*close, *(word for word in words if word not in close))
    if len(ordered) < 2:
        return "".join(ordered)
    return f"{', '.join(ordered[:-1])} or {ordered[-1]}"
