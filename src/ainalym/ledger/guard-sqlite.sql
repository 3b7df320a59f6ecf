-- What is written stays as it is: SQLite itself refuses to change or remove it.

create trigger entry_update before update on entry
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

create trigger lot_update
before update of id, entry, account, made_g, event_ms, source, verified on lot
begin select raise(abort, 'the book is append-only: a lot cannot be changed'); end;

create trigger lot_delete before delete on lot
begin select raise(abort, 'the book is append-only: a lot cannot be removed'); end;

create trigger account_update before update of id, ledger, role, site, what, party, owes on account
begin select raise(abort, 'the book is append-only: an account cannot be changed'); end;

create trigger account_delete before delete on account
begin select raise(abort, 'the book is append-only: an account cannot be removed'); end;

create trigger head_delete before delete on head
begin select raise(abort, 'the book is append-only: its head cannot be removed'); end;

create trigger head_update before update on head when new.seq < old.seq
begin select raise(abort, 'the book is append-only: its head cannot go back'); end;

create trigger entry_closed before insert on entry when exists (
    select 1 from period
    where site in (new.site, '') and new.event_ms >= from_ms and new.event_ms < to_ms
)
begin select raise(abort, 'the period is closed: nothing in it changes any more'); end;
