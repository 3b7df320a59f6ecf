"""Which solver can do what: the one table of peers. None is imported before it is asked."""

import importlib.metadata
import importlib.util
from dataclasses import dataclass

from bench.kinds import Kind

OURS = "ours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A solver that others offer.

    Attributes
    ----------
    name
        As it stands in tables.
    module, call
        Where its adapter is.
    package
        What has to be installed.
    kinds
        What it can be asked.
    copies
        Full matrices of eight bytes a pair that it holds at once at least; 0 where it needs none.
    is_exact
        Whether it proves anything. Those that do not get the time ours gets, not the peers' longer.
    """

    name: str
    module: str
    package: str
    kinds: frozenset[Kind]
    call: str = "solve"
    copies: int = 0
    is_exact: bool = True

    @property
    def is_installed(self) -> bool:
        """Whether its package is there."""
        return version(self.package) != ""


ALL = frozenset(Kind)
DISTANCES = frozenset({Kind.MEDIAN, Kind.COVER})
MEDIAN = frozenset({Kind.MEDIAN})

PEERS = (
    Peer(name="HiGHS", module="highs", call="by_pairs", package="highspy", kinds=ALL),
    Peer(name="HiGHS steps", module="highs", call="by_steps", package="highspy", kinds=ALL),
    Peer(name="SCIP", module="scip", package="pyscipopt", kinds=ALL),
    Peer(name="CP-SAT", module="cpsat", package="ortools", kinds=ALL),
    Peer(name="OR-Tools MIP", module="mathopt", package="ortools", kinds=ALL),
    Peer(name="spopt", module="spopt", package="spopt", kinds=DISTANCES, copies=1),
    Peer(
        name="kmedoids",
        module="kmedoids",
        package="kmedoids",
        kinds=MEDIAN,
        copies=1,
        is_exact=False,
    ),
    Peer(name="pbp-pmedian", module="pbp", package="pbp-pmedian", kinds=MEDIAN, copies=2),
    Peer(
        name="lokigi",
        module="lokigi",
        package="lokigi",
        kinds=DISTANCES,
        copies=2,
        is_exact=False,
    ),
)
BY_NAME = {peer.name: peer for peer in PEERS}


def able(kind: Kind) -> tuple[Peer, ...]:
    """List the peers that can be asked this."""
    return tuple(peer for peer in PEERS if kind in peer.kinds)


def version(package: str) -> str:
    """Say which version of a package is installed; nothing if none is."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
