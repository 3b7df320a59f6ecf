-- The tables and guards of a book of version 1 on PostgreSQL, as they were made.

create table head (
    one integer primary key check (one = 1),
    version integer not null,
    seq bigint not null,
    lots bigint not null,
    recorded_ms bigint not null,
    hash bytea not null
);

create table account (
    id integer primary key,
    ledger text not null check (ledger in ('mass', 'money')),
    role text not null,
    site text not null,
    what text not null,
    party text not null,
    owes integer not null check (owes in (0, 1)),
    balance bigint not null default 0,
    unique (ledger, role, site, what, party),
    -- Kept beside the postings as a guard and a short cut; `verify` derives it anew.
    check (owes = 1 or balance >= 0)
);

create table entry (
    seq integer primary key,
    id bytea not null unique,
    kind text not null,
    site text not null,
    event_ms bigint not null,
    recorded_ms bigint not null,
    actor text not null,
    reverses integer references entry (seq),
    corrects integer references entry (seq),
    series text,
    number integer,
    noted text not null,
    body text not null,
    hash bytea not null
);

create index entry_site on entry (site, event_ms);

create unique index entry_reverses on entry (reverses) where reverses is not null;

create unique index entry_slip on entry (series, number) where series is not null;

create table lot (
    id integer primary key,
    entry integer not null references entry (seq),
    account integer not null references account (id),
    made_g bigint not null check (made_g > 0),
    left_g bigint not null check (left_g between 0 and made_g),
    event_ms bigint not null,
    since_ms bigint not null,
    source text not null,
    verified integer not null check (verified in (0, 1))
);

create index lot_open on lot (account, id) where left_g > 0;

create table posting (
    entry integer not null references entry (seq),
    n integer not null,
    account integer not null references account (id),
    lot integer references lot (id),
    quantity bigint not null,
    primary key (entry, n)
);

create table draw (
    entry integer not null references entry (seq),
    n integer not null,
    child integer references lot (id),
    parent integer not null references lot (id),
    grams bigint not null,
    primary key (entry, n)
);

create index draw_parent on draw (parent);

create table period (
    entry integer primary key references entry (seq),
    site text not null,
    from_ms bigint not null,
    to_ms bigint not null,
    entries bigint not null,
    root bytea not null,
    check (from_ms < to_ms)
);

create function book_refuse() returns trigger language plpgsql as $$
begin raise exception 'the book is append-only: % cannot be changed or removed', tg_table_name; end
$$;

create trigger entry_refuse before update or delete or truncate on entry
for each statement execute function book_refuse();

create trigger posting_refuse before update or delete or truncate on posting
for each statement execute function book_refuse();

create trigger draw_refuse before update or delete or truncate on draw
for each statement execute function book_refuse();

create trigger period_refuse before update or delete or truncate on period
for each statement execute function book_refuse();

create trigger lot_refuse
before delete or truncate or update of id, entry, account, made_g, event_ms, source, verified
on lot for each statement execute function book_refuse();

create trigger account_refuse
before delete or truncate or update of id, ledger, role, site, what, party, owes
on account for each statement execute function book_refuse();

create trigger head_refuse before delete or truncate on head
for each statement execute function book_refuse();

create trigger head_back before update on head
for each row when (new.seq < old.seq) execute function book_refuse();

create function book_closed() returns trigger language plpgsql as $$
begin
    if exists (
        select 1 from period p join fresh f on p.site in (f.site, '')
        where f.event_ms >= p.from_ms and f.event_ms < p.to_ms
    ) then
        raise exception 'the period is closed: nothing in it changes any more';
    end if;
    return null;
end
$$;

create trigger entry_closed after insert on entry referencing new table as fresh
for each statement execute function book_closed();
