"""What is claimed, row by row: how close to the best, proven within how many seconds.

`At least` has to hold, the aim is beyond. A gap of 0 means proven optimal (1e-6). Claims with a
module of their own are run by it, and read from its results.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from bench import published
from bench.kinds import Kind

PROVEN = 1e-6
OURS_S, PEER_S, SHORT_PEER_S = 30.0, 300.0, 60.0
ABOVE = "Its figures stand above."


@dataclass(frozen=True, slots=True)
class Goal:
    """A gap, and within how many seconds and megabytes; None for no matter.

    Attributes
    ----------
    gap
        As a share; 0 for proven.
    """

    gap: float
    seconds: float | None = None
    megabytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One instance of a claim.

    Attributes
    ----------
    instance
        Its name, by which `bench.job` or the claim's module knows it.
    asked, aim
        At least, and beyond; None where nothing was asked.
    seconds
        How long ours may search.
    known
        The published optimum, as it is shown.
    """

    instance: str
    kind: Kind | None = None
    asked: Goal | None = None
    aim: Goal | None = None
    seconds: float = OURS_S
    known: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Rows that are told together.

    Attributes
    ----------
    about
        What is measured, in a sentence.
    module
        What runs them, if not this benchmark's own runner.
    absent
        Why there are no rows, if there are none.
    peer_s
        How long each exact peer may search.
    asked
        What is asked of all rows together, in words.
    """

    name: str
    about: str
    rows: Callable[[], tuple[Row, ...]] = tuple
    module: str = ""
    absent: str = ""
    peer_s: float = PEER_S
    asked: str = ""


def _rows(kind: Kind | None, *rows: tuple) -> Callable[[], tuple[Row, ...]]:
    """Make rows of (instance, asked, aim, seconds)."""
    made = tuple(
        Row(instance=name, kind=kind, asked=asked, aim=aim, seconds=seconds)
        for name, asked, aim, seconds in rows
    )
    return partial(tuple, made)


def _pmed() -> tuple[Row, ...]:
    """One row for each graph of OR-Library that is there."""
    return tuple(
        Row(instance=name, kind=Kind.MEDIAN, known=known, aim=Goal(0), seconds=10.0)
        for name, known in published.pmed().items()
    )


def _tsplib() -> tuple[Row, ...]:
    """The two that are asked for, if they are there; of the others, p of 100 and 500."""
    asked = {
        "usa13509/1000": (Goal(0.00045, 5), Goal(0.0001, 20)),
        "rl5934/200": (Goal(0.00065, 5), Goal(0.0001, 20)),
    }
    return tuple(
        Row(instance=name, kind=Kind.MEDIAN, known=known, asked=pair[0], aim=pair[1])
        for name, known in published.tsplib().items()
        if (pair := asked.get(name, (None, None)))[0] or name.split("/")[1] in ("100", "500")
    )


CLAIMS = (
    Claim(
        name="p-median",
        about="Open p sites so that the sum of distances to the nearest is least.",
        rows=_rows(
            Kind.MEDIAN,
            ("p-median 1000/100", Goal(0, 1), Goal(0, 0.3), 30),
            ("p-median 2000/100", None, None, 30),
            ("p-median 5000/100", Goal(0.001, 3), Goal(0), 60),
            ("p-median 20000/100", Goal(0.003, 20), Goal(0.001), 60),
            ("p-median 5934/200 floored", Goal(0.00065, 5), Goal(0.0001, 20), 30),
            ("p-median 13509/1000 floored", Goal(0.00045, 5), Goal(0.0001, 20), 30),
        ),
    ),
    Claim(
        name="million",
        about="The p-median of a million clustered homes.",
        rows=_rows(
            Kind.MEDIAN,
            ("p-median 1000000x1000/100", Goal(0.002, 30, 1200), Goal(0.0005, 30), 30),
            ("p-median 1000000x10000/1000", Goal(0.008, 60), Goal(0.002, 60), 60),
        ),
    ),
    Claim(
        name="pmed",
        about="OR-Library's p-medians on graphs, whose optima are published.",
        rows=_pmed,
        absent="OR-Library's instances are not in the folder `shared` beside the repository.",
        peer_s=SHORT_PEER_S,
        asked="at least: every optimum found, all in 60 s, most proven; aim: all proven",
    ),
    Claim(
        name="tsplib",
        about="The p-median of TSPLIB's points, distances rounded down.",
        rows=_tsplib,
        absent="TSPLIB's instances are not in the folder `shared` beside the repository.",
        peer_s=SHORT_PEER_S,
    ),
    Claim(
        name="facility",
        about="Open any number of sites, each at its cost.",
        rows=_rows(
            Kind.FACILITY,
            ("facility 1000x300", Goal(0.0001, 0.1), Goal(0, 1), 30),
            ("facility 10000x1000", Goal(0.0002, 3), Goal(0, 30), 30),
            ("facility 50000x1000", Goal(0.001, 10), Goal(0, 120), 120),
        ),
    ),
    Claim(
        name="gradual",
        about="Cover residents with p sites, the less the farther.",
        rows=_rows(
            Kind.GRADUAL,
            ("gradual 10000x500", Goal(0.0015, 2), Goal(0.0002), 30),
            ("gradual 100000x2000", Goal(0.005, 30), Goal(0.001), 60),
            ("gradual 1000000x10000", Goal(0.01, 90), Goal(0.003), 90),
        ),
    ),
    Claim(
        name="cover",
        about="Cover residents with p sites, wholly or not at all.",
        rows=_rows(
            Kind.COVER,
            ("cover 10000x500", Goal(0.003, 5), Goal(0, 60), 60),
            ("cover 1000000x100 R 5.5", Goal(0, 15), Goal(0, 5), 30),
            ("cover 1000000x100 R 6.25", Goal(0, 15), Goal(0, 5), 30),
        ),
    ),
    Claim(
        name="capacity",
        about="Sites that can take only so much.",
        module="capacity",
        rows=_rows(None, ("capa 8000", Goal(0.001, 5), Goal(0, 10), 60)),
    ),
    Claim(
        name="network",
        about="Stations, lines, flows and years: zones/stations/years/materials.",
        module="network",
        rows=_rows(
            None,
            ("1000/12/5/5", Goal(0.001, 30), Goal(0.001, 10), 30),
            ("5000/20/10/6", Goal(0.01, 300), Goal(0.001, 120), 300),
        ),
    ),
    Claim(
        name="plan",
        about="Whole cities: points and network together.",
        module="plan",
        rows=_rows(
            None,
            ("almaty", Goal(0.01, 60), Goal(0.003, 60), 60),
            ("almaty-osm", None, None, 300),
            ("drawn-1500x250", Goal(0.01, 60), Goal(0.003, 60), 60),
            ("drawn-10000x1000", Goal(0.01, 600), Goal(0.003, 600), 600),
        ),
    ),
    Claim(name="oracles", about="Published networks, to the published optimum.", module="oracles"),
    Claim(name="book", about="The book of every kilogram.", module="book", absent=ABOVE),
    Claim(
        name="http", about="The site, with sixteen clients at once.", module="http", absent=ABOVE
    ),
    Claim(
        name="small",
        about="So small that every peer that can do it ends: a check of the benchmark itself.",
        rows=lambda: tuple(
            Row(instance=f"small {kind} {size}", kind=kind, seconds=20.0)
            for kind, size in (
                (Kind.MEDIAN, "200/20"),
                (Kind.FACILITY, "200x50"),
                (Kind.COVER, "1000x50"),
                (Kind.GRADUAL, "1000x50"),
            )
        ),
        peer_s=20.0,
    ),
)
BY_NAME = {claim.name: claim for claim in CLAIMS}


def of_instance(name: str) -> Claim | None:
    """Make a claim of one instance alone; None where no claim has it."""
    for claim in CLAIMS:
        found = () if claim.module else tuple(r for r in claim.rows() if r.instance == name)
        if found:
            return replace(claim, name=name, rows=partial(tuple, found))
    return None
