-- What both databases refuse. {seal} and {half} are the words of each for a seal and half a salt.

update head set one = 2;

update head set version = 1;

update head set version = 3;

update head set seq = seq - 1;

update head set seq = seq + 1;

update head set lots = lots - 1;

update head set lots = lots + 1;

update head set recorded_ms = recorded_ms + 1;

update head set recorded_ms = 0;

update head set hash = (select hash from entry where seq = 1);

update head set seq = 5, (hash, recorded_ms) = (select hash, recorded_ms from entry where seq = 5);

insert into head select 2, version, seq, lots, recorded_ms, hash from head;

insert into head select * from head;

insert into head select * from head where true on conflict (one) do update set lots = 1;

delete from head;

insert into posting select entry, 90 + n, account, lot, 0 from posting where entry = 30;

insert into posting values (0, 0, 1, null, 0);

insert into posting values (-1, 0, 1, null, 0);

insert into draw select entry, 90 + n, child, parent, 0 from draw where entry = 11;

insert into lot select id + 1000, entry, account, made_g, left_g, event_ms, since_ms, source,
verified from lot where id = 3;

insert into lot select -id, 104, account, made_g, left_g, event_ms, since_ms, source, verified
from lot where id = 3;

insert into period select 30, site, from_ms + 1, to_ms + 1, entries, root from period limit 1;

update entry set site = 'X' where seq = 62;

update entry set body = '{}' where seq = 62;

update entry set actor = '' where seq = 62;

update entry set seq = 5000 where seq = 62;

update entry set hash = salt where seq = 62;

update entry set salt = null where seq = 62;

update posting set quantity = 0;

update posting set entry = 5000 where entry = 62;

update draw set grams = 0;

update period set to_ms = to_ms + 1;

update lot set made_g = made_g + 1;

update lot set id = id + 1000 where id = 3;

update account set site = 'X' where id = 1;

update account set owes = 1;

delete from entry where seq = 62;

delete from posting;

delete from draw;

delete from lot;

delete from period;

delete from account where id = 90;

insert into posting select * from posting where entry = 62 on conflict (entry, n) do update set
quantity = 0;

insert into lot select * from lot where id = 3 on conflict (id) do update set made_g = 9;

insert into account select * from account where id = 3 on conflict (id) do update set site = 'X';

insert into period select * from period where true on conflict (entry) do update set to_ms = 0;

insert into draw select * from draw where true on conflict (entry, n) do update set grams = 0;

insert into entry select * from entry where seq = 62 on conflict (seq) do update set body = '';

update entry set actor = '', series = null, number = null, body = {seal}, salt = {half} where seq
= 60;

update entry set body = {seal} where length(body) = 64;
