"""What entries of version 1 say of lots: their words, and the rules that were told before."""

from ainalym.ledger import version1
from ainalym.ledger.rules import Rules
from ainalym.ledger.store import Store
from ainalym.model.entry import Source

USUAL = {"kind": "ticket"} | version1.ALL | version1.FIELDS["ticket"]
"""What a ticket's body lists, in that order, and what counts where it is left out."""

AT = {name: at for at, name in enumerate(USUAL)}
SLIP = ("source", "scale", "series", "number")

SOURCES = {"": 0} | {source.value: k for k, source in enumerate(Source, 1)}
"""Where a lot comes from, by number."""


class Old:
    """What entries of version 1 say of lots only through the rules that were told before.

    Parameters
    ----------
    store
        To read the rules from.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rules: Rules | None = None
        self._scales: dict[str, tuple[int, int]] = {}

    def ticket(
        self, seq: int, event_ms: int, body: str
    ) -> tuple[int, bool, str | None, int | None]:
        """Tell where a ticket's lot comes from, whether its scale was verified, and its slip."""
        if self._rules is None:
            self._learn_before(seq)
        said = version1.values(body)
        # A list with names would take half as long again.
        source, scale, series, number = [
            said[AT[name]] if AT[name] < len(said) else USUAL[name] for name in SLIP
        ]
        source, verified = SOURCES.get(source, -1), False
        if scale:
            from_ms, to_ms = self._scales.get(scale, (0, 0))
            verified = from_ms <= event_ms < to_ms or self._rules.verified(scale, event_ms)
        return source, verified, series or None, number or None

    def learn(self, seq: int, body: str) -> None:
        """Learn a rule."""
        if self._rules is None:
            self._learn_before(seq)
        told = version1.told(body)
        about, name, event_ms = told["about"], told["name"], told["event_ms"]
        self._rules.add(about, name, event_ms, seq, told["terms"])
        if about == "scale":
            # A span of time that is settled, to look at first; a second rule unsettles it.
            until_ms = 0 if name in self._scales else told["terms"]["verified_until_ms"]
            self._scales[name] = (event_ms, until_ms)

    def _learn_before(self, seq: int) -> None:
        self._rules = Rules()
        known = "select seq, body from entry where kind = 'rule' and seq < ? order by seq"
        for before, body in self._store.rows(known, (seq,)):
            self.learn(before, body)
