-- The book: accounts, entries, postings, lots, draws and closed periods, on SQLite and PostgreSQL.
-- docs/reference/chain.md says of every column what it is derived from. A lot of the ledger `count`
-- has pieces where its columns say grams.
-- {whole} {bytes} {strict} {clustered} are each engine's words for 64-bit integers, octets, typed
-- tables and rows stored in the order of their key.

create table head (
    one integer primary key check (one = 1),
    version integer not null,
    seq {whole} not null,
    lots {whole} not null,
    recorded_ms {whole} not null,
    hash {bytes} not null
) {strict};

create table account (
    id integer primary key,
    ledger text not null check (ledger in ('mass', 'money', 'count')),
    role text not null,
    site text not null,
    what text not null,
    party text not null,
    owes integer not null check (owes in (0, 1)),
    balance {whole} not null default 0,
    unique (ledger, role, site, what, party),
    -- Kept beside the postings as a guard and a short cut; `verify` derives it anew.
    check (owes = 1 or balance >= 0)
) {strict};

create table entry (
    seq integer primary key,
    id {bytes} not null unique,
    kind text not null,
    site text not null,
    event_ms {whole} not null,
    recorded_ms {whole} not null,
    actor text not null,
    reverses integer references entry (seq),
    corrects integer references entry (seq),
    series text,
    number {whole},
    noted text not null,
    body text not null,
    hash {bytes} not null,
    salt {bytes}
) {strict};

create index entry_site on entry (site, event_ms);
create unique index entry_reverses on entry (reverses) where reverses is not null;
create unique index entry_slip on entry (series, number) where series is not null;
create index entry_erasure on entry (noted) where kind = 'erasure';
create index entry_upgrade on entry (noted) where kind = 'upgrade';

create table lot (
    id integer primary key,
    entry integer not null references entry (seq),
    account integer not null references account (id),
    made_g {whole} not null check (made_g > 0),
    left_g {whole} not null check (left_g between 0 and made_g),
    event_ms {whole} not null,
    since_ms {whole} not null,
    source text not null,
    verified integer not null check (verified in (0, 1))
) {strict};

create index lot_open on lot (account, id) where left_g > 0;

create table posting (
    entry integer not null references entry (seq),
    n integer not null,
    account integer not null references account (id),
    lot integer references lot (id),
    quantity {whole} not null,
    primary key (entry, n)
) {clustered};

create table draw (
    entry integer not null references entry (seq),
    n integer not null,
    child integer references lot (id),
    parent integer not null references lot (id),
    grams {whole} not null,
    primary key (entry, n)
) {clustered};

create index draw_parent on draw (parent);

create table period (
    entry integer primary key references entry (seq),
    site text not null,
    from_ms {whole} not null,
    to_ms {whole} not null,
    entries {whole} not null,
    root {bytes} not null,
    check (from_ms < to_ms)
) {strict};

-- Names that other programs gave to entries.
create table alias (
    alias text primary key,
    entry integer not null references entry (seq)
) {strict};
