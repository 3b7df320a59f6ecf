"""Measured: what places handled on an average day, after contradicting weighings are reconciled."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ainalym.ledger.book import Book
from ainalym.model.entry import Measured
from ainalym.solve.reconcile import Reconciled, reconcile

MS_PER_DAY = 86_400_000
G_PER_KG = 1000.0
NORMAL_95 = 1.959963984540054


class Accuracy(NamedTuple):
    """How exact scales are, as standard deviations.

    Attributes
    ----------
    ticket_g, ticket_share
        Of one weighing at a counter: a fixed part and a share of the weight.
    load_g, load_share
        Of one load on the weighbridge.

    **Source.** A shop scale of class III with a step of 20 g and a weighbridge with a step of 20 kg
    (OIML R 76-1, tables 6 and 7: the errors allowed in service), taken as two standard deviations.
    """

    ticket_g: float = 20.0
    ticket_share: float = 0.001
    load_g: float = 20_000.0
    load_share: float = 0.0005


SCALES = Accuracy()


class Suspicion(NamedTuple):
    """A load whose weight on arrival does not fit what its tickets say.

    Attributes
    ----------
    lot, site, to, material
        The load, where it left and arrived, and of what.
    sent_g, got_g
        What its tickets sum to, and what it weighed on arrival.
    score
        How far apart, in standard deviations; chance alone does not reach it.
    """

    lot: int
    site: str
    to: str
    material: str
    sent_g: int
    got_g: int
    score: float


class _Loads(NamedTuple):
    lot: list[int]
    key: list[tuple[str, str]]
    to: list[str]
    sent_g: NDArray[np.float64]
    got_g: NDArray[np.float64]
    variance: NDArray[np.float64]


def measured(
    book: Book, from_ms: int, to_ms: int, *, accuracy: Accuracy = SCALES
) -> list[Measured]:
    """Tell what each place took in on an average day, with the interval that holds the truth.

    What a place bought and what its loads weighed on arrival are measurements of the same mass.
    They are reconciled by least squares. Where they cannot be, `suspicions` names the load, and the
    interval spans both weighings.

    Parameters
    ----------
    from_ms, to_ms
        The period: its first moment, and the first after it.
    accuracy
        Of the scales.

    Returns
    -------
    list of Measured
        By site and material, with 95 % intervals.
    """
    days = (to_ms - from_ms) / MS_PER_DAY
    bought = _bought(book, from_ms, to_ms)
    loads, found = _reconciled(book, from_ms, to_ms, accuracy)
    value, variance = {}, {}
    for key, (grams, count, squares) in bought.items():
        value[key] = float(grams)
        variance[key] = _variance(count, squares, accuracy.ticket_g, accuracy.ticket_share)
    wrong = _suspicious(found)
    for k, key in enumerate(loads.key):
        if key not in value:
            continue
        if wrong[k]:
            # Nothing tells which of the two weighings is wrong, so both have to be possible.
            variance[key] += float(loads.sent_g[k] - loads.got_g[k]) ** 2
            continue
        # The part of what was bought that was shipped is known better, from both weighings.
        value[key] += float(found.value[k] - loads.sent_g[k])
        variance[key] += float(found.sd[k] ** 2) - min(float(loads.variance[k]), variance[key])
    lines = []
    for key in sorted(value):
        centre = max(value[key], 0.0) / G_PER_KG / days
        reach = NORMAL_95 * float(np.sqrt(max(variance[key], 0.0))) / G_PER_KG / days
        lines.append(Measured(*key, centre, max(0.0, centre - reach), centre + reach))
    return lines


def suspicions(
    book: Book, from_ms: int, to_ms: int, *, accuracy: Accuracy = SCALES
) -> list[Suspicion]:
    """Name the loads whose weighings cannot both be right, the worst first.

    Parameters
    ----------
    from_ms, to_ms, accuracy
        As for `measured`.
    """
    loads, found = _reconciled(book, from_ms, to_ms, accuracy)
    half = len(loads.lot)
    marked = _suspicious(found)
    score = np.maximum(found.score[:half], found.score[half:])
    return [
        Suspicion(
            loads.lot[k],
            loads.key[k][0],
            loads.to[k],
            loads.key[k][1],
            int(loads.sent_g[k]),
            int(loads.got_g[k]),
            float(score[k]),
        )
        for k in np.argsort(-score, kind="stable")
        if marked[k]
    ]


def _suspicious(found: Reconciled) -> NDArray[np.bool_]:
    """Whether a load has a weighing that was left out."""
    half = len(found.suspicious) // 2
    return found.suspicious[:half] | found.suspicious[half:]


def _bought(book: Book, from_ms: int, to_ms: int) -> dict[tuple[str, str], tuple[int, int, float]]:
    """Grams, number and squared grams of tickets by site and material, less what was reversed."""
    with book.reading() as store:
        rows = store.rows(
            "select a.site, a.what, sum(p.quantity), sum(case when e.kind = 'ticket' then 1 "
            "else -1 end), sum(1.0 * p.quantity * abs(p.quantity)) "
            "from entry e join posting p on p.entry = e.seq "
            "join account a on a.id = p.account left join entry o on o.seq = e.reverses "
            "where e.event_ms >= ? and e.event_ms < ? and a.ledger = 'mass' and a.role = 'stock' "
            "and coalesce(o.kind, e.kind) = 'ticket' group by a.site, a.what "
            "having sum(p.quantity) > 0",
            (from_ms, to_ms),
        )
    return {
        (site, what): (int(grams), int(count), float(squares))
        for site, what, grams, count, squares in rows
    }


def _reconciled(
    book: Book, from_ms: int, to_ms: int, accuracy: Accuracy
) -> tuple[_Loads, Reconciled]:
    """Loads that left in the period and arrived, and their weights after reconciling.

    Values 0 to n - 1 are what tickets say, n to 2 n - 1 what the weighbridge says.
    """
    with book.reading() as store:
        filled = {
            child: (count, squares)
            for child, count, squares in store.rows(
                "select t.child, count(*), sum(1.0 * t.grams * t.grams) "
                "from entry e cross join draw t where e.kind = 'dispatch' and e.kind <> 'ticket' "
                "and e.event_ms >= ? and e.event_ms < ? and t.entry = e.seq group by t.child",
                (from_ms, to_ms),
            )
        }
        these, numbers = store.among("l.id", filled)
        rows = store.rows(
            "select l.id, a.site, a.what, a.party, l.made_g, "
            "(select sum(q.quantity) from posting q join account b on b.id = q.account "
            "where q.entry = i.seq and b.ledger = 'mass' and b.role = 'stock' "
            "and q.lot = d.child) "
            "from lot l join account a on a.id = l.account "
            "join draw d on d.parent = l.id and d.child is not null and d.grams > 0 "
            "join entry i on i.seq = d.entry and i.kind = 'arrival' "
            "left join entry r on r.reverses = i.seq "
            "where a.ledger = 'mass' and a.role = 'transit' and r.seq is null "
            f"and {these} order by l.id",
            numbers,
        )
    sent, got = (np.array([float(row[k]) for row in rows]) for k in (4, 5))
    count, squares = (np.array([float(filled[row[0]][k]) for row in rows]) for k in (0, 1))
    by_ticket = _variance(count, squares, accuracy.ticket_g, accuracy.ticket_share)
    loads = _Loads(
        [row[0] for row in rows],
        [(row[1], row[2]) for row in rows],
        [row[3] for row in rows],
        sent,
        got,
        by_ticket,
    )
    n = len(rows)
    on_bridge = _variance(np.ones(n), got**2, accuracy.load_g, accuracy.load_share)
    pairs = np.arange(n)
    balances = csr_array(
        (
            np.concatenate([np.ones(n), -np.ones(n)]),
            (np.concatenate([pairs, pairs]), np.arange(2 * n)),
        ),
        shape=(n, 2 * n),
    )
    found = reconcile(
        np.concatenate([sent, got]), np.sqrt(np.concatenate([by_ticket, on_bridge])), balances
    )
    return loads, found


def _variance(count, squares, fixed: float, share: float):
    """Of a sum of so many weighings with such a sum of squares."""
    return count * fixed**2 + share**2 * squares
