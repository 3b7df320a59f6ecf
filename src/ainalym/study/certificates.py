"""Certificates: what a file of open sites and prices proves of an instance."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """What was proven, all sums recomputed and rounded outwards.

    Attributes
    ----------
    clients, sites, open
        How many there are, and how many are open.
    worth, bound
        The choice is worth at least the one, and no allowed choice more than the other.
    digest
        Of the instance, SHA-256, hexadecimal.
    """

    clients: int
    sites: int
    open: int
    worth: float
    bound: float
    digest: str

    @property
    def gap(self) -> float:
        """How far from the best the choice can be, relative to its worth."""
        over = self.bound - self.worth
        return over / abs(self.worth) if self.worth else float("inf") * (over > 0)


def check_certificate(instance: Path, certificate: Path) -> Certified:
    """Read an instance and a certificate, and recompute what is claimed.

    Parameters
    ----------
    instance
        A NumPy archive, as `ainalym.plan.certificate.save` writes it.
    certificate
        A JSON file, as `ainalym.plan.certificate.text_of` words it.

    Raises
    ------
    InputError
        A file is missing or damaged, the two do not belong together, or more is claimed than
        proven.
    """
    from ainalym.plan import certificate as files

    given, claimed = files.load(instance), files.read(certificate)
    proven = files.check(given, claimed)
    return Certified(
        clients=given.gains.clients,
        sites=given.gains.sites,
        open=len(claimed.open),
        worth=proven.worth,
        bound=proven.bound,
        digest=claimed.digest,
    )
