"""Explaining a plan: the city changed in one respect, planned again, and what that costs.

Every answer is a range: both plans carry a bound, and what two bounds leave open stays open.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from math import inf, isnan, nan

import numpy as np
from numpy.typing import NDArray

from ainalym.answer import Sense, Status
from ainalym.errors import Issue
from ainalym.model.city import City
from ainalym.model.difference import Alternatives, Difference
from ainalym.model.place import SiteKind, SiteStatus
from ainalym.model.plan import NEVER, Outcome, Plan
from ainalym.model.programme import Cover, Fund
from ainalym.units import split

Again = Callable[[City, str], Outcome]
"""Plans a changed city; the words say what was changed."""

CHOSEN = (SiteKind.POINT, SiteKind.STATION)
"""Kinds of site that a plan opens or leaves closed."""


def faults_of_sites(city: City, sites: tuple[str, ...]) -> Iterator[Issue]:
    """Yield what is wrong with sites somebody asks about: unknown, or nothing to choose."""
    known = [city.sites.id[k] for k in _chosen(city)]
    for site in sites:
        if site not in city.sites.row:
            near = ", ".join(get_close_matches(site, known, n=3, cutoff=0.5))
            mend = f"did you mean {near}?" if near else "use an id of sites.csv"
            yield Issue(f"site {site!r}", "there is no such site", mend)
        elif site not in known:
            kind = city.sites.kind[city.sites.row[site]]
            yield Issue(f"site {site!r}", f"is a {kind}", "ask about a point or a station")


def ask_site(city: City, base: Outcome, site: str, again: Again) -> Difference:
    """Tell what it costs to open a site the plan leaves closed, or to close one it opens.

    Parameters
    ----------
    city, base
        The city and a plan of it.
    site
        Id of a point or a station.
    again
        Plans the changed city.
    """
    k = city.sites.row[site]
    is_open = _plan(base).opened[k] != NEVER
    changed = _with_status(city, {k: SiteStatus.FORBIDDEN if is_open else SiteStatus.FORCED})
    said = f"without {site}" if is_open else f"with {site}"
    # What exists or is decided already was no choice, so that undoing it may well be a gain.
    is_choice = city.sites.status[k] is SiteStatus.CANDIDATE
    return _compare(city, base, changed, said, again, most=0.0 if is_choice else inf)


def ask_money(city: City, base: Outcome, more_minor: int, again: Again) -> Difference:
    """Tell what more money for investment brings: the shadow price of the budget.

    Parameters
    ----------
    city, base
        The city and a plan of it.
    more_minor
        How much more, minor units, above 0; spread over sources and years as the budget is.
    again
        Plans the changed city.
    """
    programme = city.programme
    funds = programme.funds
    weights = [amount for fund in funds for amount in fund.amount_minor]
    if not any(weights):
        amounts = (more_minor,) + (0,) * (programme.years - 1)
        fund = Fund(source="more", covers=Cover.ANYTHING, amount_minor=amounts)
        richer = (*funds, fund)
    else:
        # Added part by part, so that no source has less than before in any year.
        parts = iter(split(more_minor, weights))
        richer = tuple(
            replace(fund, amount_minor=tuple(amount + next(parts) for amount in fund.amount_minor))
            for fund in funds
        )
    changed = replace(city, programme=replace(programme, funds=richer))
    return _compare(city, base, changed, "with more money", again, least=0.0)


def ask_stations(
    city: City, base: Outcome, many: int, within_share: float, again: Again
) -> Alternatives:
    """Find the best plans whose stations differ from the plan's and from each other's.

    All other choices of stations are split into parts that share none; each part is planned, the
    best is taken, and what is left of its part is split again. Takes at most as many plans as
    stations that may be chosen for each alternative; with a fixed number of stations, that many.

    Parameters
    ----------
    city, base
        The city and a plan of it.
    many
        How many to find at most, 1 or more.
    within_share
        How much worse they may be than the plan, as a share of its objective, 0 or more.
    again
        Plans a changed city.

    Source
    ------
    Lawler 1972, Management Science 18(7):401, doi 10.1287/mnsc.18.7.401: the k best solutions of
    a problem in 0-1 variables.
    """
    worst = _worth(base, base.objective) - within_share * abs(base.objective)
    parts = [*_parts(city, base, base, {}, again)]
    found: list[Difference] = []
    rest = -inf
    while parts and len(found) < many:
        fixed, best = max(parts, key=lambda part: _reached(part[1]))
        if _reached(best) < worst:
            break
        parts.remove((fixed, best))
        found.append(best)
        if len(found) < many:
            parts += _parts(city, base, best.outcome, fixed, again)
        elif next(_splits(city, best.outcome, fixed), None):
            rest = _limit(best)
    rest = max([rest, *(_limit(part) for _, part in parts)])
    return Alternatives(
        found=tuple(sorted(found, key=_reached, reverse=True)),
        rest=nan if rest == -inf else _worth(base, rest),
        is_complete=rest < worst,
    )


def _parts(
    city: City, base: Outcome, split_at: Outcome, fixed: Mapping[int, bool], again: Again
) -> Iterator[tuple[dict[int, bool], Difference]]:
    """Plan each part of what is left of a choice of stations, but for those without a plan."""
    word = {SiteStatus.FORCED: "with", SiteStatus.FORBIDDEN: "without"}
    for part in _splits(city, split_at, fixed):
        status = {k: [*word][not is_open] for k, is_open in part.items()}
        said = ", ".join(f"{word[asked]} {city.sites.id[k]}" for k, asked in status.items())
        one = _compare(city, base, _with_status(city, status), said, again, most=0.0)
        if one.outcome.status is not Status.INFEASIBLE:
            yield part, one


def _splits(city: City, outcome: Outcome, fixed: Mapping[int, bool]) -> Iterator[dict[int, bool]]:
    """Split the choices of stations other than this one into parts that share none.

    Parts that hold no choice with the programme's number of stations are left out.
    """
    sites, programme = city.sites, city.programme
    rows, opened = sites.rows(SiteKind.STATION), _plan(outcome).opened
    forced = sum(sites.status[k] is SiteStatus.FORCED for k in rows)
    choice = [k for k in rows if sites.status[k] is SiteStatus.CANDIDATE]
    free = sorted((k for k in choice if k not in fixed), key=lambda k: opened[k] == NEVER)
    kept = dict(fixed)
    for k in free:
        part = kept | {k: bool(opened[k] == NEVER)}
        least = forced + sum(part.values())
        most = least + len(choice) - len(part)
        if least <= programme.stations and (most >= programme.stations or not programme.exactly):
            yield part
        kept[k] = not part[k]


def _compare(
    city: City,
    base: Outcome,
    changed: City,
    said: str,
    again: Again,
    *,
    least: float = -inf,
    most: float = inf,
) -> Difference:
    """Plan a changed city and compare; `least` and `most` are known without planning."""
    if issues := tuple(changed.check()):
        rules = tuple(f"{issue.where}: {issue.fault}" for issue in issues)
        found = replace(
            base,
            status=Status.INFEASIBLE,
            objective=nan,
            bound=nan,
            gap=inf,
            plan=None,
            tally=None,
            clash=rules,
            trail=(),
            notes=(),
        )
    else:
        found = again(changed, said)
    if found.status is Status.INFEASIBLE:
        return Difference(changed=said, outcome=found, least=-inf, most=-inf)
    before, after = _range(base), _range(found)
    # A plan of a narrower choice is a plan of the wider one too, so each teaches about the other.
    if most == 0.0:
        before = (max(before[0], after[0]), before[1])
    if least == 0.0:
        after = (max(after[0], before[0]), after[1])
    opens, closes = _moves(city, base, found)
    return Difference(
        changed=said,
        outcome=found,
        least=max(least, min(most, after[0] - before[1])),
        most=min(most, max(least, after[1] - before[0])),
        opens=opens,
        closes=closes,
    )


def _range(outcome: Outcome) -> tuple[float, float]:
    """Between which worths the best plan lies, more being better."""
    reached = -inf if outcome.plan is None else _worth(outcome, outcome.objective)
    bound = _worth(outcome, outcome.bound) if not isnan(outcome.bound) else inf
    return reached, max(bound, reached)


def _worth(outcome: Outcome, value: float) -> float:
    """Turn an objective into a worth of which more is better, and back."""
    return value if outcome.sense is Sense.MAX else -value


def _reached(one: Difference) -> float:
    return _range(one.outcome)[0]


def _limit(one: Difference) -> float:
    return _range(one.outcome)[1]


def _moves(city: City, base: Outcome, found: Outcome) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if found.plan is None:
        return (), ()
    was, now = (_plan(outcome).opened != NEVER for outcome in (base, found))
    rows, ids = _chosen(city), city.sites.id
    return (
        tuple(ids[k] for k in rows if now[k] and not was[k]),
        tuple(ids[k] for k in rows if was[k] and not now[k]),
    )


def _chosen(city: City) -> NDArray[np.int64]:
    return np.concatenate([city.sites.rows(kind) for kind in CHOSEN])


def _with_status(city: City, status: Mapping[int, SiteStatus]) -> City:
    changed = tuple(status.get(k, old) for k, old in enumerate(city.sites.status))
    return replace(city, sites=replace(city.sites, status=changed))


def _plan(outcome: Outcome) -> Plan:
    if outcome.plan is None:
        raise ValueError(f"an outcome that is {outcome.status} has no plan to compare with")
    return outcome.plan
