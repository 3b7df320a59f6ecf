"""Charts as inline SVG: stages, money by year, keepers' margins, and how the proof closed."""

from math import floor, isfinite, log10

import numpy as np

from ainalym.model.city import City
from ainalym.model.plan import Outcome, Tally
from ainalym.report.colours import ACCENT, REST, of_fraction
from ainalym.report.figures import STAGES, stage_kg
from ainalym.report.markup import Markup, tag
from ainalym.report.words import (
    digits_for,
    material_name,
    money_unit,
    number,
    percent,
    tonnes,
    worth,
    year_names,
)

SHADES = ("#0b6b5d", "#6fa79c", "#c08a3e", "#3b73b9", "#7b62a8", "#8b8f94", "#c9503c", "#b8a11c")
"""Of funds and headings, in their order."""

PAD = 56.0
"""Room for the numbers at the left of a chart."""


def funnel(city: City, tally: Tally) -> Markup:
    """Draw the stages as bars to one scale, thrown away first, split by fraction."""
    masses = {s: m.mean(0) for s, m in stage_kg(tally).items()}
    largest = max(float(masses["thrown"].sum()), 1e-12)
    items = []
    for stage in STAGES:
        bars, x, total = [], 0.0, float(masses[stage].sum())
        for f, fraction in enumerate(city.fractions):
            length = 1000.0 * float(masses[stage][f]) / largest
            name = f"{material_name(city, fraction)}: {tonnes(float(masses[stage][f]))} a year"
            size = {"x": x, "width": max(length, 0.0), "height": 16}
            bars.append(tag("rect", tag("title", name), fill=of_fraction(city, fraction), **size))
            x += length
        share = "" if stage == "thrown" else f", {percent(total / largest)} of what is thrown away"
        box = {"viewBox": "0 0 1000 16", "preserveAspectRatio": "none", "role": "img"}
        bar = tag("svg", tag("title", f"{stage} by fraction"), bars, class_="bar", **box)
        said = f"{tonnes(total)} a year{share}"
        items.append(tag("div", tag("dt", stage), tag("dd", said, bar)))
    return tag("dl", items, class_="funnel")


def fraction_legend(city: City) -> Markup:
    """Draw which colour stands for which fraction."""
    return legend([(material_name(city, f), of_fraction(city, f)) for f in city.fractions])


def legend(entries: list[tuple[str, str]]) -> Markup:
    """Draw a legend: names with their colours."""
    items = []
    for name, colour in entries:
        swatch = tag("rect", width=10, height=10, rx=2, fill=colour)
        box = tag("svg", swatch, viewBox="0 0 10 10", class_="swatch", aria_hidden="true")
        items.append(tag("li", box, name))
    return tag("ul", items, class_="legend")


def spending(city: City, tally: Tally) -> Markup:
    """Draw investment by fund, added up over the years, under the budget added up likewise."""
    years, funds = year_names(city), city.programme.funds
    given = np.sum([f.amount_minor for f in funds], axis=0, dtype=float).cumsum()
    spent = np.asarray(tally.spent_minor, float).cumsum(1)
    scale, unit = money_unit(city.programme.currency, [*given, *spent.sum(0)])
    axis = Axis(0.0, max(float(given.max()), float(spent.sum(0).max())) / scale, len(years))
    parts = [axis.grid(years, unit)]
    for t in range(len(years)):
        base = 0.0
        for f, fund in enumerate(funds):
            top = base + float(spent[f, t]) / scale
            said = f"{fund.source}, spent by {years[t]}: {number(top - base, 1)} {unit}"
            parts.append(axis.bar(t, base, top, SHADES[f % len(SHADES)], said))
            base = top
        parts.append(axis.mark(t, float(given[t]) / scale, f"given by {years[t]}"))
    return _svg("Budget and investment, added up by year", parts, axis.width, axis.height)


def cash(city: City, tally: Tally) -> Markup:
    """Draw income above and costs below the line by year, with the balance."""
    years = year_names(city)
    lines = {name: np.asarray(v, float) for name, v in tally.money_minor.items()}
    scale, unit = money_unit(city.programme.currency, np.concatenate([*lines.values()]))
    ups = sum(np.maximum(v, 0) for v in lines.values()) / scale
    downs = sum(np.minimum(v, 0) for v in lines.values()) / scale
    axis = Axis(float(downs.min()), float(ups.max()), len(years))
    parts = [axis.grid(years, unit)]
    colours = dict(zip(lines, _heading_colours(), strict=False))
    for t in range(len(years)):
        up = down = 0.0
        for name, line in lines.items():
            amount = float(line[t]) / scale
            said = f"{name} {years[t]}: {number(amount, 1)} {unit}"
            start = up if amount > 0 else down
            parts.append(axis.bar(t, start, start + amount, colours.get(name, REST), said))
            up, down = up + max(amount, 0.0), down + min(amount, 0.0)
        parts.append(axis.mark(t, up + down, f"balance of {years[t]}"))
    return _svg("Income and cost by year", parts, axis.width, axis.height)


def cash_legend(tally: Tally) -> Markup:
    """Draw which colour stands for which heading of money."""
    return legend([*zip(tally.money_minor, _heading_colours(), strict=False)])


def _heading_colours() -> tuple[str, ...]:
    return (
        *("#0b6b5d", "#6fa79c", "#c08a3e", "#dfc08f", "#3b73b9"),
        *("#7b62a8", "#8b8f94", "#b9b3aa", "#c9503c"),
    )


def margins(city: City, outcome: Outcome) -> Markup | None:
    """Draw how many keepers earn how much in the last year, before subsidy, and the least."""
    tally = outcome.tally
    earned = np.array([]) if tally is None else tally.keeper_minor[-1]
    earned = earned[np.isfinite(earned)]
    if not len(earned):
        return None
    scale, unit = money_unit(city.programme.currency, earned)
    values, least = earned / scale, city.programme.keeper_minor_per_year / scale
    low, high = min(float(values.min()), least), max(float(values.max()), least)
    step = nice_step((high - low) / 14) if high > low else 1.0
    # The least margin is an edge, so that no bar holds both who earns it and who does not.
    bins = np.floor((values - least) / step + 1e-9).astype(int)
    first = min(int(bins.min()), 0)
    counts = np.bincount(bins - first)
    axis = Axis(0.0, float(counts.max()), len(counts))
    digits = max(0, -floor(log10(step)), digits_for([least]) if least else 0)
    parts = [axis.grid([], "points")]
    every = max(1, len(counts) // 7)
    for k, count in enumerate(counts):
        edge, x = least + (first + k) * step, axis.left + k * axis.slot
        said = f"{count} points earn {number(edge, digits)} to {number(edge + step, digits)} {unit}"
        colour = "#c08a3e" if first + k < 0 else ACCENT
        parts.append(axis.bar(k, 0.0, float(count), colour, said))
        if (first + k) % every == 0:
            name = number(edge, digits)
            parts.append(tag("text", name, x=x, y=axis.floor + 18, text_anchor="middle"))
    x = axis.left - first * axis.slot
    dashes = {"stroke": "#1d2327", "stroke_dasharray": "4 3"}
    parts.append(tag("line", x1=x, x2=x, y1=axis.top, y2=axis.floor, **dashes))
    parts.append(tag("text", f"the least: {number(least, digits)}", x=x + 5, y=axis.top - 4))
    said = f"margin before subsidy, {unit} a year"
    axis_name = tag("text", said, x=axis.width, y=axis.floor + 38, text_anchor="end")
    name = "Keepers' margins in the last year"
    return _svg(name, [*parts, axis_name], axis.width, axis.height + 20)


def trail(city: City, outcome: Outcome) -> Markup | None:
    """Draw how the plan's worth and the limit on it came together while the search ran."""
    rows = [row for row in outcome.trail if isfinite(row[1]) and isfinite(row[2])]
    if len(rows) < 2:
        return None
    values = [v for row in rows for v in row[1:]]
    # The first limits are often absurdly far away; what closed later would be a flat line.
    best = rows[-1][1]
    span = max(abs(rows[-1][2] - best) * 3, abs(best) * 0.1, 1e-12)
    low, high = max(min(values), best - span), min(max(values), best + span)
    width, height = 560.0, 216.0
    last_s = max(rows[-1][0], 1e-9)

    def place(row: tuple, k: int) -> tuple[float, float]:
        above = (min(max(row[k], low), high) - low) / max(high - low, 1e-12)
        return round(width * row[0] / last_s, 1), round(164 - 130 * above, 1)

    parts = []
    for k, colour, name in ((2, REST, "no plan beats"), (1, ACCENT, "this plan has")):
        spots = [place(row, k) for row in rows]
        line = " ".join(f"{x},{y}" for x, y in spots)
        parts.append(tag("polyline", points=line, fill="none", stroke=colour, stroke_width=2))
        is_above = (k == 2) == (rows[-1][2] >= rows[-1][1])
        said = f"{name} {worth(city, rows[-1][k])}"
        late = [y for x, y in spots if x >= 0.4 * width] + [_crossing(spots, 0.5 * width)]
        y = min(late) - 8 if is_above else max(late) + 18
        at = {"x": width, "y": y, "text_anchor": "end"}
        parts.append(tag("text", said, class_="amount", **at))
    axis = f"seconds of search, 0 to {number(last_s, 1)}"
    parts.append(tag("line", x1=0, x2=width, y1=192, y2=192, stroke="#c6ccd0"))
    parts.append(tag("text", axis, x=0, y=208))
    return _svg("How the proof closed", parts, width, height)


def _crossing(spots: list[tuple[float, float]], x: float) -> float:
    """Where a line through spots is at `x`."""
    return float(np.interp(x, [s[0] for s in spots], [s[1] for s in spots]))


class Axis:
    """A vertical scale with round numbers and slots for bars."""

    def __init__(self, low: float, high: float, count: int) -> None:
        """Span from `low` to `high`, zero included, over `count` slots."""
        self.low, self.high = min(low, 0.0), max(high, 0.0)
        if self.high == self.low:
            self.high = 1.0
        self.step = nice_step((self.high - self.low) / 5)
        self.left, self.top, self.floor = PAD, 22.0, 232.0
        self.width, self.height = 560.0, 256.0
        self.slot = (self.width - self.left - 8) / max(count, 1)

    def y(self, value: float) -> float:
        """Place a value."""
        return self.floor - (self.floor - self.top) * (value - self.low) / (self.high - self.low)

    def grid(self, names: list[str], unit: str) -> Markup:
        """Draw the lines with their numbers, the unit above and the names below."""
        parts = [tag("text", unit, x=0, y=11, class_="head")]
        digits = max(0, -floor(log10(self.step)))
        k = int(np.ceil(self.low / self.step))
        while k * self.step <= self.high:
            y = self.y(k * self.step)
            colour = "#8b8f94" if k == 0 else "#e3e7ea"
            parts.append(tag("line", x1=self.left, x2=self.width, y1=y, y2=y, stroke=colour))
            said = number(k * self.step, digits)
            parts.append(tag("text", said, x=self.left - 6, y=y + 4, text_anchor="end"))
            k += 1
        for s, name in enumerate(names):
            x = self.left + (s + 0.5) * self.slot
            parts.append(tag("text", name, x=x, y=self.floor + 18, text_anchor="middle"))
        return tag("g", parts)

    def bar(self, slot: int, start: float, end: float, colour: str, said: str) -> Markup | None:
        """Draw one bar or a part of a stack."""
        y, height = self.y(max(start, end)), abs(self.y(start) - self.y(end))
        if height <= 0:
            return None
        x = self.left + (slot + 0.16) * self.slot
        size = {"x": x, "y": y, "width": 0.68 * self.slot, "height": height}
        return tag("rect", tag("title", said), fill=colour, **size)

    def mark(self, slot: int, value: float, said: str) -> Markup:
        """Draw a short dark line across a slot."""
        x0, x1 = self.left + (slot + 0.06) * self.slot, self.left + (slot + 0.94) * self.slot
        line = {"x1": x0, "x2": x1, "y1": self.y(value), "y2": self.y(value)}
        name = tag("title", f"{said}: {number(value, 1)}")
        return tag("line", name, stroke="#1d2327", stroke_width=2.5, **line)


def nice_step(rough: float) -> float:
    """Round a step up to 1, 2 or 5 times a power of ten."""
    if rough <= 0:
        return 1.0
    power = 10.0 ** floor(log10(rough))
    return next(k * power for k in (1, 2, 5, 10) if k * power >= rough * (1 - 1e-9))


def _svg(title: str, parts: list, width: float, height: float) -> Markup:
    size = f"0 0 {width:.0f} {height:.0f}"
    return tag("svg", tag("title", title), parts, viewBox=size, role="img", class_="chart")
