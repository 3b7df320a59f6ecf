-- What PostgreSQL refuses; several statements run in one transaction. {here} is the schema.

truncate head cascade;

truncate account cascade;

truncate entry cascade;

truncate lot cascade;

truncate posting cascade;

truncate draw cascade;

truncate period cascade;

truncate head, account, entry, lot, posting, draw, period, alias;

merge into posting p using posting s on p.entry = s.entry and p.n = s.n when matched then update
set quantity = 0;

merge into posting p using posting s on p.entry = s.entry and p.n = s.n when matched then delete;

merge into entry e using entry s on e.seq = s.seq when matched then update set actor = 'X';

merge into lot l using lot s on l.id = s.id when matched then update set made_g = 1;

merge into head h using head s on h.one = s.one when matched then update set lots = 1;

merge into posting p using posting s on false when not matched then insert values (s.entry, s.n +
90, s.account, s.lot, 0);

insert into entry (seq, id, kind, site, event_ms, recorded_ms, actor, reverses, corrects, series,
number, noted, body, hash, salt) select 0, '\x00', kind, site, event_ms, recorded_ms, actor,
reverses, corrects, series, number, noted, body, hash, salt from entry where seq = 62;

insert into entry (seq, id, kind, site, event_ms, recorded_ms, actor, reverses, corrects, series,
number, noted, body, hash) select 5000, '\x00', kind, site, event_ms, recorded_ms, actor,
reverses, corrects, series, number, noted, body, hash from entry where seq = 62;

with gone as (delete from draw returning *) insert into draw select * from gone;

set constraints all deferred;
delete from posting where entry = 62;

create temporary table head as select -9 as seq;
insert into {here}.posting select entry, 90 + n,
account, lot, 0 from {here}.posting where entry = 30;

create temporary table entry as select 'erasure' as kind, 5000 as seq, '{"erases":62}'::text as
noted;
update {here}.entry set actor = '', series = null, number = null, body = repeat('a', 64),
salt = substring(salt from 1 for 16) where seq = 62;

create temporary table period as select 1 as site;
insert into {here}.entry (seq, id, kind, site,
event_ms, recorded_ms, actor, reverses, corrects, series, number, noted, body, hash, salt) select
5000, '\x00', kind, site, event_ms, recorded_ms, actor, reverses, corrects, series, number, noted,
body, hash, salt from {here}.entry
where kind = 'ticket' and series is null and salt is not null order by seq limit 1;
