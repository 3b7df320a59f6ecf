-- What is written stays as it is: SQLite itself refuses to change or remove it.

create trigger entry_update before update on entry
when new.seq is not old.seq or new.id is not old.id or new.kind is not old.kind
    or new.site is not old.site or new.event_ms is not old.event_ms
    or new.recorded_ms is not old.recorded_ms or new.reverses is not old.reverses
    or new.corrects is not old.corrects or new.noted is not old.noted or new.hash is not old.hash
    -- All but the private part stays; that may be erased once an entry says so.
    or new.actor <> '' or new.series is not null or new.number is not null
    or length(new.body) <> 64 or length(old.salt) <> 32
    or new.salt is not substr(old.salt, 1, 16)
    or not exists (
        select 1 from entry e
        where e.kind = 'erasure' and e.seq > old.seq
            and e.noted = '{"erases":' || old.seq || '}'
    )
begin select raise(abort, 'the book is append-only: an entry cannot be changed'); end;

create trigger entry_delete before delete on entry
begin select raise(abort, 'the book is append-only: an entry cannot be removed'); end;

create trigger posting_update before update on posting
begin select raise(abort, 'the book is append-only: a posting cannot be changed'); end;

create trigger posting_delete before delete on posting
begin select raise(abort, 'the book is append-only: a posting cannot be removed'); end;

create trigger draw_update before update on draw
begin select raise(abort, 'the book is append-only: a draw cannot be changed'); end;

create trigger draw_delete before delete on draw
begin select raise(abort, 'the book is append-only: a draw cannot be removed'); end;

create trigger period_update before update on period
begin select raise(abort, 'the book is append-only: a period cannot be changed'); end;

create trigger period_delete before delete on period
begin select raise(abort, 'the book is append-only: a period cannot be removed'); end;

create trigger lot_update before update on lot
when new.id is not old.id or new.entry is not old.entry or new.account is not old.account
    or new.made_g is not old.made_g or new.event_ms is not old.event_ms
    or new.source is not old.source or new.verified is not old.verified
begin select raise(abort, 'the book is append-only: a lot cannot be changed'); end;

create trigger lot_delete before delete on lot
begin select raise(abort, 'the book is append-only: a lot cannot be removed'); end;

create trigger account_update before update on account
when new.id is not old.id or new.ledger is not old.ledger or new.role is not old.role
    or new.site is not old.site or new.what is not old.what or new.party is not old.party
    or new.owes is not old.owes
begin select raise(abort, 'the book is append-only: an account cannot be changed'); end;

create trigger account_delete before delete on account
begin select raise(abort, 'the book is append-only: an account cannot be removed'); end;

create trigger head_delete before delete on head
begin select raise(abort, 'the book is append-only: its head cannot be removed'); end;

create trigger head_update before update on head
when new.one is not old.one or new.version is not old.version
    or new.seq < old.seq or new.lots < old.lots
    or new.seq is not (select max(seq) from entry)
    or new.lots is not (select coalesce(max(id), 0) from lot)
    or not exists (
        select 1 from entry where seq = new.seq and hash = new.hash and recorded_ms = new.recorded_ms
    )
begin select raise(abort, 'the book is append-only: its head follows its last entry'); end;

create trigger entry_closed before insert on entry when exists (
    select 1 from period
    where site in (new.site, '') and new.event_ms >= from_ms and new.event_ms < to_ms
)
begin select raise(abort, 'the period is closed: nothing in it changes any more'); end;

-- By its key the head is found in a third of the time: these run for each row.
-- `insert or replace` removes what stands in its way without a delete: nothing may stand there.
create trigger head_insert before insert on head when exists (select 1 from head)
begin select raise(abort, 'the book is append-only: it has one head'); end;

create trigger entry_insert before insert on entry
when new.seq <= (select seq from head where one = 1)
    or exists (select 1 from entry where id = new.id)
    or new.salt is null and (select seq from head where one = 1) > 0
begin select raise(abort, 'the book is append-only: an entry cannot be written over'); end;

create trigger entry_reversal before insert on entry when new.reverses is not null
    and exists (select 1 from entry where reverses = new.reverses)
begin select raise(abort, 'an entry is reversed once'); end;

create trigger entry_number before insert on entry when new.series is not null
    and exists (select 1 from entry where series = new.series and number = new.number)
begin select raise(abort, 'a number of a series is given once (entry_slip)'); end;

create trigger posting_insert before insert on posting
when new.entry <= (select seq from head where one = 1)
begin select raise(abort, 'the book is append-only: a posting cannot be written over'); end;

create trigger draw_insert before insert on draw
when new.entry <= (select seq from head where one = 1)
begin select raise(abort, 'the book is append-only: a draw cannot be written over'); end;

create trigger lot_insert before insert on lot
when new.id <= (select lots from head where one = 1)
    or new.entry <= (select seq from head where one = 1)
begin select raise(abort, 'the book is append-only: a lot cannot be written over'); end;

create trigger period_insert before insert on period
when new.entry <= (select seq from head where one = 1)
begin select raise(abort, 'the book is append-only: a period cannot be written over'); end;

create trigger account_insert before insert on account
when exists (
    select 1 from account where id = new.id or (
        ledger = new.ledger and role = new.role and site = new.site
        and what = new.what and party = new.party
    )
)
begin select raise(abort, 'the book is append-only: an account cannot be written over'); end;

-- The name another program gave an entry goes only with the private part it stands in.
create trigger alias_update before update on alias
begin select raise(abort, 'the book is append-only: a name cannot be changed'); end;

create trigger alias_delete before delete on alias
when (select length(body) from entry where seq = old.entry) is not 64
begin select raise(abort, 'the book is append-only: a name cannot be removed'); end;

create trigger alias_insert before insert on alias
when new.entry <= (select seq from head) or exists (select 1 from alias where alias = new.alias)
begin select raise(abort, 'the book is append-only: a name cannot be written over'); end;
