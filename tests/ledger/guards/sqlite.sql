-- What SQLite refuses.

insert or replace into entry select seq, id, kind, site, event_ms, recorded_ms, 'X', reverses,
corrects, series, number, noted, body, hash, salt from entry where seq = 62;

insert or replace into entry (seq, id, kind, site, event_ms, recorded_ms, actor, reverses,
corrects, series, number, noted, body, hash, salt) select 5000, id, kind, site, event_ms,
recorded_ms, actor, reverses, corrects, series, number, noted, body, hash, salt from entry where
seq = 62;

insert or replace into entry (seq, id, kind, site, event_ms, recorded_ms, actor, reverses,
corrects, series, number, noted, body, hash, salt) select 5000, zeroblob(16), kind, site,
event_ms, recorded_ms, actor, reverses, corrects, series, number, noted, body, hash, salt from
entry where series is not null limit 1;

replace into entry (seq, id, kind, site, event_ms, recorded_ms, actor, reverses, corrects, series,
number, noted, body, hash, salt) select 5000, zeroblob(16), kind, site, event_ms, recorded_ms,
actor, reverses, corrects, series, number, noted, body, hash, salt from entry where reverses is
not null limit 1;

insert into entry (seq, id, kind, site, event_ms, recorded_ms, actor, reverses, corrects, series,
number, noted, body, hash, salt) select null, zeroblob(16), kind, site, event_ms, recorded_ms,
actor, reverses, corrects, series, number, noted, body, hash, salt from entry where seq = 62;

insert into entry (seq, id, kind, site, event_ms, recorded_ms, actor, reverses, corrects, series,
number, noted, body, hash) select 5000, zeroblob(16), kind, site, event_ms, recorded_ms, actor,
reverses, corrects, series, number, noted, body, hash from entry where seq = 62;

replace into posting select entry, n, account, lot, quantity + 1 from posting where entry = 62;

insert or replace into draw select entry, n, child, parent, grams + 1 from draw;

insert or replace into lot select id, entry, account, made_g + 1, left_g, event_ms, since_ms,
source, verified from lot where id = 3;

replace into lot select null, entry, account, made_g, left_g, event_ms, since_ms, source, verified
from lot where id = 3;

replace into account select id, ledger, role, 'X', what, party, owes, balance from account where
id = 3;

replace into account select 5000, ledger, role, site, what, party, owes, balance from account
where id = 3;

replace into period select entry, site, from_ms, to_ms + 1, entries, root from period;

insert or replace into head select one, version, seq, lots, recorded_ms + 1, hash from head;

replace into head select 2, version, seq, lots, recorded_ms, hash from head;

update or replace entry set seq = 63 where seq = 62;

update or replace entry set id = (select id from entry where seq = 63) where seq = 62;

update or replace posting set n = 1 where n = 0;

update or replace draw set n = 1 where n = 0;

update or replace lot set id = 4 where id = 3;

update or replace account set id = 4 where id = 3;

update or replace period set entry = 52 where entry = 53;

update or ignore posting set quantity = 0;

delete from posting where entry = 62 returning *;
