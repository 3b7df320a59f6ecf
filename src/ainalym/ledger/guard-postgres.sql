-- What is written stays as it is: PostgreSQL itself refuses to change or remove it.

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
