"""Folding: what entries moved on stock is added to sums that are kept, so that it is added up once.

Posting does not do it, so that it costs no poster anything: the writer does, when a reader finds
much that is not folded yet, a few entries in a transaction of their own.
"""

from ainalym.ledger.schema import derived, has
from ainalym.ledger.store import Store

DAY_MS = 86_400_000
BEGINS_MS = 5 * 3_600_000
"""Days begin where they do in Kazakhstan, at UTC+5, so that months there are whole buckets. With
another clock sums are as exact; the ends of a period are then added up from entries."""

SPANS = (1, 8, 64, 512)
"""Days in a bucket. A month is a few buckets of 8 days and of one, a year a few more."""

AT_ONCE = 5_000
"""Entries folded in one transaction. Measured: 0.1 s, in which posters wait."""

ROLE = "stock"
"""Accounts whose sums are kept; entries of the account's own site alone move them."""

MEANT = (
    "coalesce(o.kind, e.kind) as kind, p.account, "
    "case when (p.quantity > 0) = (e.reverses is null) then 1 else -1 end as sign, "
    "case when coalesce(o.kind, e.kind) = 'ticket' then coalesce(l.source, '') else '' end "
    "as source"
)
"""What is told apart: kind, account, sign, and the origin of what a ticket bought."""

POSTED = (
    "join posting p on p.entry = e.seq join account a on a.id = p.account "
    "left join entry o on o.seq = e.reverses left join lot l on l.id = p.lot"
)
KEPT = f"a.ledger = 'mass' and a.role = '{ROLE}'"
DAYS = (
    f"select (e.event_ms + {BEGINS_MS}) / {DAY_MS} as day, {MEANT}, sum(p.quantity) as quantity "
    f"from entry e {POSTED} where e.seq > ? and e.seq <= ? and {KEPT} group by 1, 2, 3, 4, 5"
)
"""Sums of each day, over the entries after one number and up to another."""

LEVELS = " union all ".join(f"select {days} as days" for days in SPANS)
KEY = "days, kind, bucket, account, sign, source"
FOLD = (
    f"insert into total ({KEY}, quantity) "
    "select s.days, m.kind, m.day / s.days, m.account, m.sign, m.source, sum(m.quantity) "
    f"from ({DAYS}) m cross join ({LEVELS}) s where 1 = 1 group by 1, 2, 3, 4, 5, 6 "
    "order by 1, 2, 3, 4, 5, 6 "
    f"on conflict ({KEY}) do update set quantity = total.quantity + excluded.quantity"
)


def upto(store: Store) -> int:
    """Tell up to which entry sums are folded; 0 where there are none."""
    found = store.one("select upto from folded") if has(store, "folded") else None
    return found[0] if found else 0


def fold(store: Store) -> bool:
    """Fold the next entries, in a transaction of its own, and tell whether there are more.

    Sums that were dropped are begun anew.
    """
    with store.writing():
        head = "select seq from head" + " for update" * (store.engine == "postgres")
        last = store.one(head)[0]
        derived(store)
        begun = upto(store)
        if begun < last:
            ended = min(last, begun + AT_ONCE)
            store.run(FOLD, (begun, ended))
            store.run("update folded set upto = ?", (ended,))
            return ended < last
    return False
