"""What can go wrong, and whose turn it is to act.

AinalymError
├── InputError      the given data is wrong            -> the caller mends it
├── ConflictError   the book already says otherwise    -> the caller decides
├── NotFoundError   no such name here                  -> the caller looks again
└── OutsideError    a solver, file or server failed    -> the operator mends it
BrokenLaw           we are wrong                       -> stop, report, fix the code
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Issue:
    """One fault in given data: where it is, what is wrong, what would mend it."""

    where: str
    fault: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.fault}" + (f" ({self.mend})" if self.mend else "")


class AinalymError(Exception):
    """Base of every error this package raises on purpose."""

    exit_code = 3


class InputError(AinalymError):
    """The given data cannot be used. Carries every fault found, never only the first."""

    exit_code = 2

    def __init__(self, issues: Iterable[Issue]) -> None:
        self.issues = tuple(issues)
        super().__init__("\n".join(map(str, self.issues)))


class ConflictError(AinalymError):
    """What is asked contradicts what is already recorded."""

    exit_code = 1


class NotFoundError(AinalymError):
    """Nothing of that name is known here."""

    exit_code = 2


class OutsideError(AinalymError):
    """Something outside this package failed: a solver, a file system, a server."""

    exit_code = 3


class BrokenLaw(AssertionError):
    """A law of ours does not hold, so the code is wrong. Never caught, never stripped by -O."""

    exit_code = 70


def refuse(issues: Iterable[Issue]) -> None:
    """Raise one `InputError` that carries all `issues`; do nothing when there are none."""
    if found := tuple(issues):
        raise InputError(found)


def law(holds: bool, *, said: str) -> None:
    """Stop if a law of ours does not hold.

    Parameters
    ----------
    holds
        Whether it does.
    said
        The law in words, with the numbers that broke it.

    Raises
    ------
    BrokenLaw
        It does not hold.
    """
    if not holds:
        raise BrokenLaw(said)
