"""What did happen: the book of every gram and every coin.

    with open_book("book.sqlite") as book:             # or postgresql://...
        receipt = post(book, [Ticket(id=new_id(), site="CP017", event_ms=now_ms(), actor="aigul",
                                     material="pet", gross_g=12_400, tare_g=400,
                                     price_minor_per_kg=5_000, paid_minor=60_000,
                                     scale="S-17", series="CP017-A", number=1)])[0]
        stock(book, "CP017")                           # {"pet": 12000}

Nouns (`ainalym.model.deed`, `ainalym.model.entry`). A *deed* is what somebody says happened; the
teller's device names it (`new_id`), so telling it twice records it once:

    Ticket     a keeper weighs and pays             Sale      mass leaves the book for money
    Dispatch   a load leaves for another site       Count     a stock-take
    Arrival    a load under way is weighed in       Payment   money between accounts of a site
    Change     a process: weighed outputs           Reversal  an entry is taken back whole
    Rule       scale, process, custody, tolerance   Close     a period is sealed for good
    Erasure    a private part goes, on request      Clock     somebody looked at the clock

`read_deed(dict)` makes a deed of parsed JSON and `deed.told` is that dict again. Grams and minor
money are whole numbers, moments are milliseconds since 1970 UTC (`ms(datetime)`, `moment(ms)`).

Verbs, all of which may be called from any thread:

    open_book(where)                   a SQLite path, postgresql://... or a connection -> Book
    post(book, deeds)                  -> [Receipt(id, seq, recorded_ms, lots, hash, repeated)]
    knows(book, id)                    whether a deed is in the book
    balances(book, ...)                {Account: grams, pieces or minor}, as of and as known at
    stock(book, site, ...)             {material: grams}; pieces(book, site) {product: pieces}
    book.fold()                        sums that are kept brought up to date; nothing depends on it
    lots(book, site=, material=, to=)  [Lot], oldest first; `to` for loads under way to a site
    lot(book, number), entry(book, id or seq), entries(book, site=, kind=, after=, most=, ...)
    slip(book, series, number)         the entry of a slip's ticket
    aliased(book, alias)               the entry that another program named so
    rules(book, about), periods(book)  {name: terms} in force; the closed periods with their roots
    trace(book, lot)                   Path back to the tickets: ends_g, links, share("recycled")
    follow(book, lot)                  Path on to where the grams are now, or left
    claim(book, lot)                   Claim: what may be said of it under its model of custody
    mass_balance(book, site, material, from_ms, to_ms)
    monthly_form(book, from_ms, to_ms) [FormLine]: received, produced, written off, sold, ...
    received(book, from_ms, to_ms)     {(site, material): grams} that sites took in
    measured(book, from_ms, to_ms)     [Measured]: kg a day with intervals, for the next plan
    overtaken(book, site=, as_of_ms=)  [Overtaken]: stock-takes that later told deeds contradict
    suspicions(book, from_ms, to_ms)   [Suspicion]: loads whose two weighings cannot both be right
    verify(book)                       Verdict: everything derived anew; faults in words
    proofs(book, number)               [Proof]: that an entry stands in a closed period
    holds(book, hash)                  whether a hash or root that was written down is still there
    clocks(book)                       this computer's, the last entry's, the database server's
    backup(book, path), restore(path, where), last_of(path)
    upgrade(where)                     takes a book of version 1 over -> Upgraded
    write_tables(book, folder), write_journal(book, path), write_events(book, path, root)

`ledger.epcis` speaks EPCIS 2.0: `document(entries, root)` and `read_document(parsed) -> [Deed]`.

Errors: `InputError` (a deed has faults, all listed), `ConflictError` (the same id with another
body; not enough in stock; a rule, a tolerance or a closed period is against it), `NotFoundError`
(no such lot or entry), `OutsideError` (the database failed). A refused post records nothing.
"""

from collections.abc import Sequence

from ainalym.errors import ConflictError, InputError
from ainalym.ledger.alias import aliased
from ainalym.ledger.ask import (
    Seen,
    balances,
    clocks,
    entries,
    entry,
    knows,
    lot,
    lots,
    periods,
    pieces,
    rules,
    slip,
    stock,
)
from ainalym.ledger.book import Book, open_book
from ainalym.ledger.custody import Claim, claim, mass_balance, refuse_claims, refuse_closes
from ainalym.ledger.export import write_events, write_journal, write_tables
from ainalym.ledger.form import FormLine, monthly_form, received
from ainalym.ledger.keep import backup, last_of, restore
from ainalym.ledger.laws import refuse_all
from ainalym.ledger.measure import Suspicion, measured, suspicions
from ainalym.ledger.overtaken import Overtaken, overtaken, refuse_overtaken
from ainalym.ledger.proof import Proof, proofs
from ainalym.ledger.provenance import Path, follow, trace
from ainalym.ledger.upgrade import Upgraded, upgrade
from ainalym.ledger.verify import Verdict, holds, verify
from ainalym.model.deed import Close, Deed
from ainalym.model.entry import Receipt

__all__ = [
    "Book",
    "Claim",
    "FormLine",
    "Overtaken",
    "Path",
    "Proof",
    "Seen",
    "Suspicion",
    "Upgraded",
    "Verdict",
    "aliased",
    "backup",
    "balances",
    "claim",
    "clocks",
    "entries",
    "entry",
    "follow",
    "holds",
    "knows",
    "last_of",
    "lot",
    "lots",
    "mass_balance",
    "measured",
    "monthly_form",
    "open_book",
    "overtaken",
    "periods",
    "pieces",
    "post",
    "proofs",
    "received",
    "restore",
    "rules",
    "slip",
    "stock",
    "suspicions",
    "trace",
    "upgrade",
    "verify",
    "write_events",
    "write_journal",
    "write_tables",
]


def post(book: Book, deeds: Sequence[Deed]) -> list[Receipt]:
    """Record deeds together: all of them, or none.

    As `Book.post`, and held to custody: no sale claims more than the book computes, and no period
    is closed on a mass balance that broke its limits, or on a stock-take that was overtaken.

    Raises
    ------
    ConflictError, InputError, NotFoundError, OutsideError
        As for `Book.post`, or a claim or a close is refused. Nothing is recorded.
    """
    held = any(
        isinstance(deed, Close) or getattr(deed, "claimed_ppm", None) is not None for deed in deeds
    )
    return book.post(deeds, check=_check if held else None)


def _check(book: Book, deeds: Sequence[Deed]) -> None:
    """Refuse what custody and stock-takes are against, all at once."""
    said: list[Exception] = []
    for refuse in (refuse_claims, refuse_closes, refuse_overtaken):
        try:
            refuse(book, deeds)
        except (ConflictError, InputError) as error:
            said.append(error)
    refuse_all(said)
