"""Whoever has the file in hands is found out: every column, every row, every guard, every bit."""

import os
import random
import re
import sqlite3
import sys
from contextlib import closing

import pytest

from ainalym import cli
from ainalym.errors import OutsideError
from ainalym.ledger import open_book, verify
from ainalym.ledger.book import Within
from ainalym.ledger.guards import missing
from tests.ledger import every, servers, tell
from tests.ledger.thief import TABLES, Thief, content, ways
from tests.ledger.thief import where as which

verifying = sys.modules[verify.__module__]

ROWS = int(os.environ.get("AINALYM_ROWS", "1"))
"""Rows of each table in which every column is changed in every way."""

FLIPS = int(os.environ.get("AINALYM_FLIPS", "80"))
"""Bits that are flipped, one at a time."""


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """A book of version 1."""
    return every.old(tmp_path_factory.mktemp("old") / "book.sqlite")


@pytest.fixture(params=["old", "made"])
def thief(request):
    """Somebody who has a book of either version."""
    return Thief(request.getfixturevalue(request.param).read_bytes())


def is_found(book):
    """Tell whether a verification of a book that was changed says so, in words."""
    with closing(book):
        try:
            with open_book(book, read_only=True) as opened:
                verdict = verify(opened)
        except OutsideError:
            return True
    assert all(len(fault) <= 300 and fault.isprintable() for fault in verdict.faults)
    return not verdict.whole


def chosen(rows, few, seed):
    """Give the numbers of a few rows by chance, the same in every run."""
    return sorted(random.Random(seed).sample(range(len(rows)), min(few, len(rows))))


def test_a_book_in_which_everything_happened_is_whole(old, made):
    for path in (old, made):
        with open_book(path, read_only=True) as book:
            assert verify(book).faults == ()
    with open_book(made, read_only=True) as book, book.reading() as store:
        kinds = store.rows("select distinct kind from entry where salt is not null")
        assert len(kinds) == 13
        assert len(verify(book).erased) == 2


@pytest.mark.parametrize("table", TABLES)
def test_no_column_can_be_changed_unseen(thief, table):
    if table not in thief.rows:
        pytest.skip("books of version 1 have no such table")
    columns, rows, missed, tried = thief.columns[table], thief.rows[table], [], 0
    for at in chosen(rows, ROWS, table):
        row, beside = rows[at], rows[(at + 1) % len(rows)]
        said, key = which(table, columns, row)
        for column, (_, value), (_, other) in zip(columns, row, beside, strict=True):
            for new in ways(column.kind, value, [other]):
                sql = f"update {table} set {column.name} = ? where {said}"
                book = thief.tampered(
                    lambda b, sql=sql, new=new, key=key: b.execute(sql, [new, *key])
                )
                if book is not None:
                    tried += 1
                    if not is_found(book):
                        missed.append((column.name, key, new))
    assert missed == []
    assert tried > 10 * len(columns)


def test_what_is_left_of_an_erased_entry_cannot_be_changed_unseen(made):
    thief = Thief(made.read_bytes())
    with open_book(made, read_only=True) as book:
        seq = verify(book).erased[0]
    sql = "update entry set {} = ? where seq = ?"
    for k, name in ((6, "actor"), (9, "series"), (10, "number"), (12, "body"), (14, "salt")):
        kind = thief.columns["entry"][k].kind
        for new in ways(kind, thief.rows["entry"][seq - 1][k][1], ["aigul"]):
            said = sql.format(name)
            book = thief.tampered(lambda b, said=said, new=new: b.execute(said, (new, seq)))
            assert book is None or is_found(book), (name, new)
    for said in ("upper(body)", "substr(body, 1, 63) || ' '"):
        book = thief.tampered(lambda b, said=said: b.execute(f"update entry set body = {said}"))
        assert is_found(book)


@pytest.mark.parametrize("table", TABLES)
def test_no_row_can_be_removed_added_or_swapped_unseen(thief, table):
    if table not in thief.rows:
        pytest.skip("books of version 1 have no such table")
    columns, rows = thief.columns[table], thief.rows[table]
    names = [column.name for column in columns]
    put = f"insert into {table} values ({', '.join('?' * len(names))})"
    for at in chosen(rows, 8, table):
        row, beside = ([value for _, value in rows[k % len(rows)]] for k in (at, at + 1))
        said, key = which(table, columns, rows[at])
        changes = [
            lambda b, said=said, key=key: b.execute(f"delete from {table} where {said}", key)
        ]
        for last in TABLES[table]:
            usual = row[names.index(last)]
            beyond = f"{usual}x" if isinstance(usual, str) else usual + 1
            for number in (-1, 0, beyond, len(rows) + 1, 1 << 61):
                more = [*row]
                more[names.index(last)] = number
                if table == "entry":
                    more[1], more[7], more[9], more[10] = bytes(16), None, None, None
                if table == "account":
                    more[5] = "another"
                changes.append(lambda b, more=more: b.execute(put, more))
        if row != beside:
            changes.append(lambda b, row=row, beside=beside: _swap(b, table, names, row, beside))
        done = [book for book in map(thief.tampered, changes) if book is not None]
        assert len(done) > 2 or table == "head"
        assert all(map(is_found, done)), (table, key)


def _swap(book, table, names, row, beside):
    """Let two rows change places: all but their keys."""
    keys = [names.index(key) for key in TABLES[table]]
    said = " and ".join(f"{names[key]} = ?" for key in keys)
    one, other = [*beside], [*row]
    for key in keys:
        one[key], other[key] = row[key], beside[key]
        book.execute(f"delete from {table} where {said}", [row[k] for k in keys])
        book.execute(f"delete from {table} where {said}", [beside[k] for k in keys])
    for new in (one, other):
        book.execute(f"insert into {table} values ({', '.join('?' * len(names))})", new)


def test_an_account_whose_name_reads_the_same_is_another(made):
    thief = Thief(made.read_bytes())
    change = "update account set site = site || ':' || what, what = party, party = '' "
    book = thief.tampered(lambda b: b.execute(f"{change} where party <> ''"))
    assert is_found(book)


def test_a_seal_that_was_written_by_hand_is_found(made, tmp_path):
    """The database cannot tell a wrong seal from a right one; the chain can."""
    thief = Thief(made.read_bytes())
    with closing(thief.copy()) as book:
        last = book.execute("select * from entry where kind = 'erasure'").fetchone()
        victim = book.execute(
            "select seq from entry where kind = 'ticket' and length(salt) = 32 limit 1"
        ).fetchone()[0]
        top = book.execute("select seq from head").fetchone()[0]
        more = [top + 1, bytes(16), *last[2:]]
        more[4], more[11] = every.BEGIN_MS + tell.DAY_MS, f'{{"erases":{victim}}}'
        book.execute(f"insert into entry values ({', '.join('?' * len(more))})", more)
        book.execute(
            "update entry set actor = '', series = null, number = null, body = ?, "
            "salt = substr(salt, 1, 16) where seq = ?",
            ("ab" * 32, victim),
        )
        with open_book(book, read_only=True) as opened:
            faults = verify(opened).faults
    assert f"entry {victim} was changed: its bytes do not give its hash" in faults


POSTGRES = [
    ("entry", "seq = 10000 where seq = 60"),
    ("entry", "id = '\\x00112233445566778899aabbccddeeff' where seq = 60"),
    ("entry", "kind = 'sale' where seq = 60"),
    ("entry", "site = site || ' ' where seq = 60"),
    ("entry", "event_ms = event_ms - 1 where seq = 60"),
    ("entry", "recorded_ms = recorded_ms + 1 where seq = 60"),
    ("entry", "actor = 'somebody' where seq = 62"),
    ("entry", "reverses = 1 where seq = 62"),
    ("entry", "corrects = 0 where seq = 62"),
    ("entry", "series = lower(series) where series is not null"),
    ("entry", "number = number + 100 where series is not null"),
    ("entry", "noted = '{}' where seq = 62"),
    ("entry", "body = replace(body, '\":', '\": ') where seq = 62"),
    ("entry", "body = upper(body) where length(body) = 64"),
    ("entry", "hash = sha256(hash) where seq = 62"),
    ("entry", "salt = sha256(salt) where seq = 62"),
    ("entry", "salt = null where seq = 62"),
    ("posting", "entry = 0 where entry = 62"),
    ("posting", "n = n + 1000"),
    ("posting", "account = account + 1 where entry = 62"),
    ("posting", "lot = -1 where lot is null and entry = 62"),
    ("posting", "lot = null where entry = 62"),
    ("posting", "quantity = 0 where entry = 62"),
    ("draw", "entry = -entry"),
    ("draw", "n = n + 1000"),
    ("draw", "child = 0 where child is null"),
    ("draw", "parent = parent - 1"),
    ("draw", "grams = grams + 1"),
    ("lot", "id = id + 1000 where id = 40"),
    ("lot", "entry = entry - 1 where id = 40"),
    ("lot", "account = account - 1 where id = 40"),
    ("lot", "made_g = made_g + 1 where id = 40"),
    ("lot", "left_g = left_g - 1 where left_g > 0"),
    ("lot", "event_ms = event_ms + 1 where id = 40"),
    ("lot", "since_ms = since_ms + 1 where id = 40"),
    ("lot", "source = 'virgin' where id = 40"),
    ("lot", "verified = 1 - verified where id = 40"),
    ("account", "id = id + 1000 where id = 40"),
    ("account", "ledger = 'count' where id = 1"),
    ("account", "role = 'transit' where id = 1"),
    ("account", "site = 'p1' where site = 'P1'"),
    ("account", "what = 'usd' where id = 9"),
    ("account", "party = 'x' where id = 1"),
    ("account", "owes = 1 - owes where balance >= 0"),
    ("account", "balance = balance + 1 where id = 1"),
    ("period", "entry = 1 where entry = 52"),
    ("period", "site = '' where site <> ''"),
    ("period", "from_ms = from_ms - 1"),
    ("period", "to_ms = to_ms + 1"),
    ("period", "entries = entries + 1"),
    ("period", "root = sha256(root)"),
    ("head", "version = 1"),
    ("head", "seq = seq - 1"),
    ("head", "lots = lots + 1"),
    ("head", "recorded_ms = recorded_ms + 1"),
    ("head", "hash = sha256(hash)"),
]


@pytest.mark.parametrize(("table", "change"), POSTGRES)
def test_no_column_can_be_changed_unseen_on_postgres(server, table, change):
    with servers.undone(server):
        # What a superuser does to get around every trigger and every reference.
        server.run("set local session_replication_role = replica")
        server.run(f"update {table} set {change}")
        said = [*missing(server, 2)]
        assert said == ["the setting session_replication_role is not as made"]
        server.run("set local session_replication_role = origin")
        assert missing(server, 2) == []
        assert verify(Within(server)).faults


def read(path):
    """Read every row of a file's tables, or what is wrong with it; texts as octets."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as book:
        book.text_factory = bytes
        try:
            return content(book)
        except sqlite3.Error as error:
            return str(error)


def flipped(octets, chance):
    """Flip one bit."""
    at = chance.randrange(8 * len(octets))
    changed = bytearray(octets)
    changed[at // 8] ^= 1 << at % 8
    return at, bytes(changed)


@pytest.mark.parametrize("version", ["old", "made"])
def test_no_bit_that_is_kept_can_be_flipped_unseen(request, tmp_path, version):
    octets = request.getfixturevalue(version).read_bytes()
    path, chance, missed, found = tmp_path / "book.sqlite", random.Random(version), [], 0
    path.write_bytes(octets)
    before = read(path)
    for _ in range(FLIPS):
        at, changed = flipped(octets, chance)
        path.write_bytes(changed)
        try:
            with open_book(path, read_only=True) as book:
                whole = verify(book).whole
        except OutsideError as error:
            assert "Traceback" not in str(error)
            whole = False
        found += not whole
        if whole and read(path) != before:
            missed.append(at)
    assert missed == []
    assert found > FLIPS // 10


def test_a_large_file_is_told_of_as_a_small_one_is(made, tmp_path, monkeypatch):
    """A large one is looked at by SQLite and walked by several at the same time."""
    octets, path, chance = made.read_bytes(), tmp_path / "book.sqlite", random.Random(3)
    said = {0: [], 1 << 40: []}
    for _ in range(FLIPS // 10):
        path.write_bytes(flipped(octets, chance)[1])
        for large, told in said.items():
            monkeypatch.setattr(verifying, "LONG_OCTETS", large)
            try:
                with open_book(path, read_only=True) as book:
                    told.append(verify(book, processes=1 if large else 2).whole)
            except OutsideError:
                told.append(None)
    assert said[0] == said[1 << 40]
    assert {True, False} <= {*said[0]}


def test_a_log_with_a_flipped_bit_gives_an_earlier_book_or_none(made, tmp_path):
    """SQLite itself leaves out what its sums do not fit; what is left ends earlier."""
    clock, path = every.Clocked(), tmp_path / "book.sqlite"
    clock.now_ms += every.HOUR_MS
    path.write_bytes(made.read_bytes())
    with open_book(path, clock=clock) as book:
        for k in range(5):
            said = {"id": every.deed_id(800 + k), "event_ms": clock.now_ms}
            whole = book.post([tell.ticket(**said)])[0].seq
        octets, log = path.read_bytes(), path.with_name("book.sqlite-wal").read_bytes()
    copy, chance = tmp_path / "copy.sqlite", random.Random(1)
    for _ in range(FLIPS // 4):
        copy.with_name("copy.sqlite-shm").unlink(missing_ok=True)
        copy.write_bytes(octets)
        copy.with_name("copy.sqlite-wal").write_bytes(flipped(log, chance)[1])
        with open_book(copy, read_only=True) as book:
            verdict = verify(book)
        assert verdict.whole
        assert verdict.entries < whole


def test_the_command_never_ends_in_a_trace_of_python(made, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    octets, path, chance = made.read_bytes(), tmp_path / "book.sqlite", random.Random(2)
    codes = set()
    for _ in range(FLIPS // 2):
        path.write_bytes(flipped(octets, chance)[1])
        with pytest.raises(SystemExit) as left:
            cli.main(["book", "verify", "--quiet", "--book", str(path)])
        told = capsys.readouterr()
        codes.add(left.value.code)
        assert left.value.code in (0, 1, 3), told.err
        assert "Traceback" not in told.err
        assert len(told.out + told.err) < 10_000
    assert len(codes) > 1


@pytest.mark.tampers
def test_what_somebody_added_that_may_refuse_a_row_is_told(book):
    added = ["create unique index once_a_site on entry (site, kind) where seq > 2"]
    if book._store.engine == "postgres":
        added.append("alter table entry add constraint few check (seq < 9)")
    for statement in added:
        book._store.run(statement)
    faults = verify(book).faults
    assert len(faults) == len(added)
    assert all(re.search("once_a_site|few", fault) for fault in faults)
