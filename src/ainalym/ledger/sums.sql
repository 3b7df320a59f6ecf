-- Sums that are kept beside the postings. They are derived: dropped, they are folded anew.

-- What moved on stock in so many days (`days`; see `ledger/fold.py` for when a day begins), by the
-- kind of entry and the sign as they were meant: a reversal is taken off where its entry stood.
create table total (
    days integer not null,
    kind text not null,
    bucket integer not null,
    account integer not null,
    sign integer not null,
    source text not null,
    quantity {whole} not null,
    primary key (days, kind, bucket, account, sign, source)
) {clustered};

-- Up to which entry they are folded.
create table folded (
    one integer primary key check (one = 1),
    upto {whole} not null
) {strict};

-- Tickets are nearly all entries; this finds the others and costs a ticket nothing.
create index if not exists entry_rare on entry (kind, event_ms) where kind <> 'ticket';
