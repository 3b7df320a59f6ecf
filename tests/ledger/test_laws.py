"""Whatever is told in whatever order, mass and money are conserved and every question agrees.

Hypothesis makes up the stories; a plain list of what was posted is the oracle.
"""

import sqlite3
from collections import Counter
from contextlib import closing

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ainalym.errors import ConflictError, InputError, NotFoundError
from ainalym.ledger import (
    balances,
    entries,
    entry,
    follow,
    lots,
    open_book,
    periods,
    stock,
    trace,
    verify,
)
from ainalym.ledger.store import Store, connect
from ainalym.model.deed import Close
from tests.ledger import servers, tell

SITES, MATERIALS = ("P1", "P2", "S1"), ("pet", "glass")
GRAMS = st.integers(1, 5_000)
BACK_MS = st.integers(0, 5_000)
REFUSED = (ConflictError, InputError, NotFoundError)


class Story(RuleBasedStateMachine):
    """Keepers, drivers, sorters and auditors, all at one book."""

    def __init__(self):
        super().__init__()
        self.now_ms = tell.NOW_MS
        self.store = self.connect()
        self.book = open_book(self.store.connection, clock=lambda: self.now_ms)
        self.told = {}
        self.closed_ms = 0

    def connect(self):
        """A store of its own, with nothing in it."""
        return Store(sqlite3.connect(":memory:", isolation_level=None))

    def teardown(self):
        assert verify(self.book).faults == ()
        self.book.close()
        self.store.close()

    def tell(self, deed):
        """Post a deed; tell whether it was taken. What is refused must leave no trace."""
        self.now_ms += 1_000
        before = balances(self.book)
        try:
            receipt = self.book.post([deed])[0]
        except REFUSED as error:
            assert str(error)
            assert balances(self.book) == before
            return None
        assert not receipt.repeated
        self.told[receipt.seq] = deed
        return receipt

    @initialize()
    def rules(self):
        self.tell(tell.sorting())
        self.tell(tell.rule("tolerance", "", {"tolerance_ppm": 100_000}))

    @rule(site=st.sampled_from(SITES[:2]), material=st.sampled_from(MATERIALS), grams=GRAMS,
          price=st.integers(0, 9_000), back=BACK_MS)  # fmt: skip
    def buy(self, site, material, grams, price, back):
        paid = (grams * price + 500) // 1000
        deed = tell.ticket(grams, site, material, price_minor_per_kg=price, paid_minor=paid,
                           event_ms=self.now_ms - back)  # fmt: skip
        assert self.tell(deed) or deed.event_ms < self.closed_ms

    @rule(site=st.sampled_from(SITES[:2]), material=st.sampled_from(MATERIALS), grams=GRAMS,
          back=BACK_MS)  # fmt: skip
    def send(self, site, material, grams, back):
        has = stock(self.book, site).get(material, 0)
        deed = tell.dispatch({material: grams}, site, event_ms=self.now_ms - back)
        if self.tell(deed):
            assert grams <= has
        elif not back:
            assert grams > has

    @rule(off=st.integers(-120_000, 120_000), data=st.data())
    def weigh_in(self, off, data):
        waiting = lots(self.book, to="S1")
        if not waiting:
            return
        lot = data.draw(st.sampled_from(waiting))
        got = max(1, lot.left_g + lot.left_g * off // 1_000_000)
        taken = self.tell(tell.arrival({lot.id: got}, event_ms=self.now_ms))
        assert bool(taken) == (abs(got - lot.left_g) * 1_000_000 <= 100_000 * lot.left_g)

    @rule(grams=GRAMS, shares=st.tuples(st.integers(0, 100), st.integers(0, 100)))
    def sort(self, grams, shares):
        clear, mixed = (grams * share // 100 for share in shares)
        made = [pair for pair in (("pet.clear", clear), ("pet.mixed", mixed)) if pair[1]]
        has = stock(self.book, "S1").get("pet", 0)
        taken = self.tell(tell.change({"pet": grams}, made, event_ms=self.now_ms))
        assert bool(taken) == (clear + mixed <= grams <= has)

    @rule(grams=GRAMS, material=st.sampled_from(["pet.clear", "pet.mixed", "glass"]),
          price=st.integers(-5_000, 5_000))  # fmt: skip
    def sell(self, grams, material, price):
        has = stock(self.book, "S1").get(material, 0)
        deed = tell.sale({material: grams}, price_minor_per_kg={material: price},
                         event_ms=self.now_ms)  # fmt: skip
        assert bool(self.tell(deed)) == (grams <= has)

    @rule(site=st.sampled_from(SITES), material=st.sampled_from(MATERIALS),
          grams=st.integers(0, 5_000))  # fmt: skip
    def take_stock(self, site, material, grams):
        if self.tell(tell.stocktake({material: grams}, site, event_ms=self.now_ms)):
            assert stock(self.book, site).get(material, 0) == grams

    @precondition(lambda self: len(self.told) > 2)
    @rule(data=st.data())
    def take_back(self, data):
        seq = data.draw(st.sampled_from(sorted(self.told)))
        deed = self.told[seq]
        was_reversed = entry(self.book, seq).reversed_by is not None
        before = balances(self.book)
        taken = self.tell(tell.reversal(deed.id, deed.site, event_ms=self.now_ms))
        if was_reversed or deed.kind in ("rule", "reversal", "close"):
            assert taken is None
        if taken:
            moved = Counter()
            for posting in entry(self.book, seq).postings:
                moved[posting.account] -= posting.quantity
            after = balances(self.book)
            for account in before.keys() | after.keys():
                assert after.get(account, 0) - before.get(account, 0) == moved[account]

    @precondition(lambda self: len(self.told) > 8)
    @rule(back=st.integers(0, 3_000))
    def close(self, back):
        to_ms = self.now_ms - back
        if to_ms <= self.closed_ms:
            return
        deed = Close(id=tell.deed_id(), site="*", event_ms=self.now_ms, from_ms=self.closed_ms,
                     to_ms=to_ms)  # fmt: skip
        assert self.tell(deed)
        sealed = [d for d in self.told.values() if self.closed_ms <= d.event_ms < to_ms]
        assert periods(self.book)[-1].entries == len(sealed)
        self.closed_ms = to_ms

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def repeat(self, data):
        seq = data.draw(st.sampled_from(sorted(self.told)))
        again = self.book.post([self.told[seq]])[0]
        assert again.repeated
        assert again.seq == seq
        assert again.hash == entry(self.book, seq).hash

    @invariant()
    def every_ledger_sums_to_zero(self):
        sums = Counter()
        for account, amount in balances(self.book).items():
            sums[account.ledger] += amount
            if account.role in ("stock", "transit"):
                assert amount > 0
        assert not any(sums.values())

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def ask_about_the_past(self, data):
        """What was so, and what was known, at any moments: against a plain sum of postings."""
        moments = st.integers(tell.NOW_MS - 5_000, self.now_ms)
        as_of, as_known = data.draw(moments), data.draw(moments)
        expected = Counter()
        for one in entries(self.book, most=10_000):
            if one.event_ms <= as_of and one.recorded_ms <= as_known:
                for posting in one.postings:
                    expected[posting.account] += posting.quantity
        found = balances(self.book, as_of_ms=as_of, as_known_ms=as_known)
        assert found == {account: amount for account, amount in expected.items() if amount}
        was = balances(self.book, ledger="mass", role="stock", as_of_ms=as_of)
        assert all(grams > 0 for grams in was.values())

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def follow_a_lot(self, data):
        known = [lot for site in SITES for lot in lots(self.book, site=site)]
        if known:
            lot = data.draw(st.sampled_from(known))
            for path in (trace(self.book, lot.id), follow(self.book, lot.id)):
                assert sum(path.ends_g.values()) == lot.made_g
                assert all(grams > 0 for grams in path.ends_g.values())


def test_any_story_keeps_the_laws():
    run_state_machine_as_test(
        Story, settings=settings(max_examples=60, stateful_step_count=40, deadline=None)
    )


@pytest.mark.slow
def test_any_story_keeps_the_laws_on_postgres():
    with servers.schema(servers.wheel()) as address, closing(connect(address)) as setting:

        class There(Story):
            def connect(self):
                tables = ("alias", "period", "draw", "posting", "lot", "entry", "account", "head")
                for table in tables:
                    setting.run(f"drop table if exists {table} cascade")
                for name in ("book_refuse", "book_closed"):
                    setting.run(f"drop function if exists {name} cascade")
                return connect(address)

        run_state_machine_as_test(
            There, settings=settings(max_examples=8, stateful_step_count=30, deadline=None)
        )
