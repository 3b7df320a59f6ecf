-- Guards of PostgreSQL that somebody took away, and what is said of each.

-- the function book_late is missing
drop function book_late() cascade;

-- constraint lot check (left_g between 0 and made_g)
alter table lot drop constraint lot_check;

-- constraint account check (owes = 1 or
alter table account drop constraint account_check;

-- account check (ledger in
alter table account drop constraint account_ledger_check;

-- constraint head check (one = 1) is missing
alter table head drop constraint head_one_check;

-- constraint period check (from_ms < to_ms)
alter table period drop constraint period_check;

-- constraint entry unique (id) is missing
alter table entry drop constraint entry_id_key;

-- posting primary key (entry, n) is missing
alter table posting drop constraint posting_pkey;

-- foreign key (lot) references lot (id)
alter table posting drop constraint posting_lot_fkey;

-- the column entry.noted is not as made
alter table entry alter noted drop not null;

-- the column entry.x is not ours
alter table entry add column x text;

-- entry_refuse, entry_salted, entry_update are switched
alter table entry disable trigger all;

-- posting_late, posting_refuse are switched off
alter table posting disable trigger user;

-- the constraints draw draw_child_fkey, 
alter table draw disable trigger all;

-- the trigger lot_late is switched off
alter table lot enable replica trigger lot_late;

-- the setting session_replication_role is not
set local session_replication_role = replica;

-- the function book_refuse is not as made
create or replace function book_refuse() returns trigger language plpgsql
set search_path = pg_catalog, pg_temp as $$ begin return old; end $$;

-- the function book_late is not as made
alter function book_late() security definer;

-- the function book_late is not as made
alter function book_late() reset search_path;

-- rule quiet on posting is not ours
create rule quiet as on delete to posting do instead nothing;

-- the table entry is not as made
alter table entry enable row level security;

-- the table posting is not as made
create table more () inherits (posting);

-- the trigger helper on entry is not ours
create trigger helper after insert on entry execute function book_late('seq', 'seq');

-- the trigger posting_refuse is not as made
drop trigger posting_refuse on posting;
create trigger posting_refuse before truncate on posting
execute function book_refuse();

-- the trigger lot_refuse is not as made
drop trigger lot_refuse on lot;
create trigger lot_refuse before delete or truncate or update of
id on lot execute function book_refuse();

-- the trigger entry_update is not as made
drop trigger entry_update on entry;
create trigger entry_update before update on entry for each
row when (false) execute function book_erase();

-- the index entry_slip is not as made
drop index entry_slip;
create unique index entry_slip on entry (series, number) where series = '';

-- the index entry_slip is not as made
drop index entry_slip;
create index entry_slip on entry (series, number) where series is not null;
