-- What is written stays as it is: PostgreSQL itself refuses to change or remove it.
-- Guards name the tables of their own schema: a session's temporary table called `head`, or another
-- search path, must not answer for the book's.

create function book_refuse() returns trigger language plpgsql
set search_path = pg_catalog, pg_temp as $$
begin raise exception 'the book is append-only: % cannot be changed or removed', tg_table_name; end
$$;

create trigger entry_refuse before delete or truncate on entry
for each statement execute function book_refuse();

-- All but the private part stays; that may be erased once an entry says so.
create function book_erase() returns trigger language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare said boolean;
begin
    execute format(
        'select exists (select 1 from %I.entry e where e.kind = ''erasure'' and e.seq > $1 '
        'and e.noted = $2)', tg_table_schema
    ) into said using old.seq, '{"erases":' || old.seq || '}';
    if (new.seq, new.id, new.kind, new.site, new.event_ms, new.recorded_ms, new.reverses,
        new.corrects, new.noted, new.hash) is distinct from
       (old.seq, old.id, old.kind, old.site, old.event_ms, old.recorded_ms, old.reverses,
        old.corrects, old.noted, old.hash)
        or new.actor <> '' or new.series is not null or new.number is not null
        or length(new.body) <> 64 or length(old.salt) is distinct from 32
        or new.salt is distinct from substring(old.salt from 1 for 16)
        or not said
    then
        raise exception 'the book is append-only: an entry cannot be changed';
    end if;
    return new;
end
$$;

create trigger entry_update before update on entry
for each row execute function book_erase();

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

create function book_head() returns trigger language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare follows boolean;
begin
    execute format(
        'select exists (select 1 from %1$I.entry where seq = $1 and hash = $2 '
        'and recorded_ms = $3) and $1 = (select max(seq) from %1$I.entry) '
        'and $4 = (select coalesce(max(id), 0) from %1$I.lot)', tg_table_schema
    ) into follows using new.seq, new.hash, new.recorded_ms, new.lots;
    if new.one <> old.one or new.version <> old.version
        or new.seq < old.seq or new.lots < old.lots or not follows
    then
        raise exception 'the book is append-only: its head follows its last entry';
    end if;
    return new;
end
$$;

create trigger head_update before update on head
for each row execute function book_head();

create function book_salted() returns trigger language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare late boolean;
begin
    execute format(
        'select exists (select 1 from fresh where salt is null) and (select seq from %I.head) > 0',
        tg_table_schema
    ) into late;
    if late then
        raise exception 'the book is append-only: an entry of version 1 comes too late';
    end if;
    return null;
end
$$;

create trigger entry_salted after insert on entry referencing new table as fresh
for each statement execute function book_salted();

-- Numbers of what is new, in a column, are above those that the head knows of.
create function book_late() returns trigger language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare late boolean;
begin
    execute format(
        'select exists (select 1 from fresh where %I <= (select %I from %I.head))',
        tg_argv[0], tg_argv[1], tg_table_schema
    ) into late;
    if late then
        raise exception 'the book is append-only: nothing is added to a % of before', tg_table_name;
    end if;
    return null;
end
$$;

create trigger entry_late after insert on entry referencing new table as fresh
for each statement execute function book_late('seq', 'seq');

create trigger posting_late after insert on posting referencing new table as fresh
for each statement execute function book_late('entry', 'seq');

create trigger draw_late after insert on draw referencing new table as fresh
for each statement execute function book_late('entry', 'seq');

create trigger lot_late after insert on lot referencing new table as fresh
for each statement execute function book_late('entry', 'seq');

create trigger lot_number after insert on lot referencing new table as fresh
for each statement execute function book_late('id', 'lots');

create trigger period_late after insert on period referencing new table as fresh
for each statement execute function book_late('entry', 'seq');

create function book_closed() returns trigger language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare closed boolean;
begin
    execute format(
        'select exists (select 1 from %I.period p join fresh f on p.site in (f.site, '''') '
        'where f.event_ms >= p.from_ms and f.event_ms < p.to_ms)', tg_table_schema
    ) into closed;
    if closed then
        raise exception 'the period is closed: nothing in it changes any more';
    end if;
    return null;
end
$$;

create trigger entry_closed after insert on entry referencing new table as fresh
for each statement execute function book_closed();

create trigger alias_refuse before update or truncate on alias
for each statement execute function book_refuse();

-- The name another program gave an entry goes only with the private part it stands in.
create function book_name() returns trigger language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare left_over integer;
begin
    execute format('select length(body) from %I.entry where seq = $1', tg_table_schema)
        into left_over using old.entry;
    if left_over is distinct from 64 then
        raise exception 'the book is append-only: a name cannot be removed';
    end if;
    return old;
end
$$;

create trigger alias_delete before delete on alias
for each row execute function book_name();

create trigger alias_late after insert on alias referencing new table as fresh
for each statement execute function book_late('entry', 'seq');
