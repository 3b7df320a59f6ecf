"""The chain read by a second program, in another language, written from its page alone."""

import json
import shutil
import sqlite3
import subprocess
from copy import deepcopy
from gzip import decompress as gunzip
from hashlib import sha256
from pathlib import Path

import pytest

from ainalym.ledger import chain, open_book, periods, post, proofs, version1
from ainalym.model.deed import Clock, Close, Erasure
from ainalym.model.entry import Account
from tests.ledger.tell import (
    DAY_MS,
    NOW_MS,
    change,
    deed_id,
    dispatch,
    reversal,
    rule,
    sale,
    shipped,
    stocktake,
    ticket,
)

HERE = Path(__file__).parent
PERL = shutil.which("perl")
NEEDS = ["B", "Config", "Digest::SHA", "Encode", "JSON::PP", "MIME::Base64"]
KEPT = json.loads((HERE / "kept" / "vectors.json").read_text(encoding="utf-8"))


def _lacks() -> str:
    """Why the program cannot run here; nothing where it can."""
    if PERL is None:
        return "there is no perl"
    asked = [PERL, *(f"-M{name}" for name in NEEDS), "-e", "exit(~0 < 2**63)"]
    if subprocess.run(asked, capture_output=True, check=False).returncode:
        return f"this perl lacks integers of 64 bits, or one of {', '.join(NEEDS)}"
    return ""


LACKS = _lacks()


def ask(folder, told, *root):
    """What the program says of a file, and whether it holds; it never stumbles."""
    if LACKS:
        pytest.skip(LACKS)
    path = folder / "told.json"
    path.write_text(told if isinstance(told, str) else json.dumps(told), encoding="utf-8")
    asked = [PERL, str(HERE / "chain.pl"), str(path), *root]
    ran = subprocess.run(asked, capture_output=True, check=False, timeout=60)
    assert ran.stderr == b""
    assert ran.returncode in (0, 1)
    return ran.stdout.decode("utf-8"), ran.returncode == 0


def kept():
    """The vectors, to be changed; entries by number."""
    told = deepcopy(KEPT)
    return told, {row["seq"]: row for row in told["entries"]}


def octets_of(row, before, names):
    """An entry's hash by this program's own chain, from a row as the vectors hold it."""
    head = [row[name] for name in ("seq", "id", "kind", "site", "event_ms", "recorded_ms")]
    back = [row["reverses"], row["corrects"]]
    if row["salt"] is None:
        said = "\n".join(map(str, [*head, row["actor"], *back, row["noted"], row["body"]]))
        return sha256(version1.octets(before, said, row["postings"], row["draws"])).digest()
    salt, goods, money = bytes.fromhex(row["salt"]), [], []
    for number, lot, quantity in row["postings"]:
        name = names[str(number)]
        lines = money if name.startswith("money:") else goods
        lines.append(chain.line(name, lot, quantity))
    sealed = chain.seal_money(salt, ",".join(money))
    drawn = chain.drawn(row["draws"])
    head[1] = chain.seal_id(salt, bytes.fromhex(row["id"]))
    public = chain.public([*head, *back], row["noted"], ",".join(goods), sealed, drawn)
    return sha256(chain.octets(before, public, chain.seal_told(salt, row["body"]))).digest()


def forge(told, first):
    """Hash entries from one on anew, as somebody would who can write to the whole book."""
    before = chain.START
    for row in told["entries"]:
        if row["seq"] >= first:
            row["hash"] = octets_of(row, before, told["accounts"]).hex()
        before = bytes.fromhex(row["hash"])
    told["head"] = before.hex()


def layout(path):
    """A book in a SQLite file, as the vectors are laid out."""
    with sqlite3.connect(path) as store:
        store.row_factory = sqlite3.Row

        def rows(sql, *values):
            return [list(row) for row in store.execute(sql, values)]

        names = {
            str(number): Account(*key).name
            for number, *key in rows("select id, ledger, role, site, what, party from account")
        }
        entries = []
        for found in store.execute(
            "select seq, id, kind, site, event_ms, recorded_ms, actor, noted, body, hash, salt, "
            "coalesce(reverses, 0) reverses, coalesce(corrects, 0) corrects "
            "from entry order by seq"
        ):
            row = dict(found)
            row |= {name: row[name].hex() for name in ("id", "hash", "salt") if row[name]}
            row["postings"] = rows(
                "select account, coalesce(lot, 0), quantity from posting "
                "where entry = ? order by n",
                row["seq"],
            )
            row["draws"] = rows(
                "select coalesce(child, 0), parent, grams from draw where entry = ? order by n",
                row["seq"],
            )
            entries.append(row)
        closed = [
            dict(row) | {"root": row["root"].hex()}
            for row in store.execute(
                "select entry, site, from_ms, to_ms, entries, root from period"
            )
        ]
        erased = [row["seq"] for row in entries if chain.is_erased(row["body"])]
        (head,) = store.execute("select hash from head").fetchone()
    store.close()
    told = {"accounts": names, "entries": entries, "periods": closed}
    return told | {"head": head.hex(), "erased": erased}


def test_the_vectors_are_what_this_program_hashes():
    told, rows = kept()
    before = chain.START
    for row in told["entries"]:
        assert octets_of(row, before, told["accounts"]).hex() == row["hash"], row["seq"]
        before = bytes.fromhex(row["hash"])
    assert told["head"] == before.hex()
    for row in rows.values():
        if row["salt"] is not None and row["seq"] not in told["erased"]:
            assert chain.canonical(json.loads(row["body"])) == row["body"]
    kinds = {(row["kind"], row["salt"] is None) for row in rows.values()}
    assert {kind for kind, old in kinds if old} == set(version1.FIELDS)
    hashes = [bytes.fromhex(row["hash"]) for row in told["entries"]]
    sealed = json.loads(rows[55]["noted"])["root"]
    assert sealed == chain.root(hashes[:54]).hex()


def test_the_program_finds_that_all_vectors_hold(tmp_path):
    said, holds = ask(tmp_path, KEPT)
    assert holds, said
    assert said == (
        "67 entries hold: 54 of version 1, 13 of version 2, 1 of them erased; "
        f"78 accounts, 2 periods; head {KEPT['head']}\n"
    )


def put(number, name, value):
    """Change a column of an entry: to a value, or by a function."""

    def change(told, rows):
        row = rows[number]
        row[name] = value(row[name]) if callable(value) else value
        assert told != KEPT

    return change


def within(number, name, at, part, value):
    """Change one number of a posting or a draw."""

    def change(_told, rows):
        rows[number][name][at][part] = value(rows[number][name][at][part])

    return change


def swapped(number, name, one, other):
    """Exchange two postings or two draws."""

    def change(_told, rows):
        lines = rows[number][name]
        lines[one], lines[other] = lines[other], lines[one]

    return change


def said(old, new):
    """Change a letter of a text that is there."""

    def change(text):
        assert old in text
        return text.replace(old, new, 1)

    return change


def without(number):
    """Leave an entry out."""
    return lambda told, rows: told["entries"].remove(rows[number])


def exchanged(one, other):
    """Let two entries stand in each other's place."""

    def change(told, _rows):
        lines = told["entries"]
        lines[one - 1], lines[other - 1] = lines[other - 1], lines[one - 1]

    return change


def of_period(at, name, value):
    """Change what is kept of a closed period."""

    def change(told, _rows):
        told["periods"][at][name] = value(told["periods"][at][name])

    return change


def of_file(name, value):
    """Change what stands beside the entries."""

    def change(told, _rows):
        told[name] = value(told[name])

    return change


def more(value):
    """One more."""
    return value + 1


def digit(text):
    """Another first hexadecimal digit."""
    return ("1" if text[0] == "0" else "0") + text[1:]


def last_digit(text):
    """Another last hexadecimal digit."""
    return text[:-1] + ("1" if text[-1] == "0" else "0")


CHANGES = {
    "a gram": (5, within(5, "postings", 0, 2, more)),
    "a coin of version 1": (12, within(12, "postings", 3, 2, more)),
    "a lot": (5, within(5, "postings", 0, 1, more)),
    "an account": (7, within(7, "postings", 0, 0, more)),
    "the order of postings": (12, swapped(12, "postings", 0, 1)),
    "a draw": (11, within(11, "draws", 1, 2, more)),
    "the order of draws": (13, swapped(13, "draws", 0, 1)),
    "a draw left out": (16, put(16, "draws", [])),
    "a letter of a body of version 1": (6, put(6, "body", said("dirty", "dirtY"))),
    "a letter in Cyrillic": (5, put(5, "body", said("Қонақ", "Қонак"))),
    "a name in version 1": (1, put(1, "body", said('"b":1', '"c":1'))),
    "an id": (7, put(7, "id", last_digit)),
    "a kind": (9, put(9, "kind", "ticket")),
    "a site": (10, put(10, "site", "P1")),
    "a moment of version 1": (14, put(14, "event_ms", more)),
    "a moment of recording of version 1": (14, put(14, "recorded_ms", more)),
    "who told version 1": (40, put(40, "actor", "nobody")),
    "what is reversed": (9, put(9, "reverses", 7)),
    "what is corrected": (10, put(10, "corrects", 7)),
    "an account's name where it was opened": (11, put(11, "noted", said("P1:pet", "P2:pet"))),
    "a root that was noted": (52, put(52, "noted", last_digit)),
    "a hash": (20, put(20, "hash", digit)),
    "a hash of version 2": (60, put(60, "hash", digit)),
    "an entry of version 1 left out": (30, without(30)),
    "an entry of version 2 left out": (59, without(59)),
    "the upgrade left out": (55, without(55)),
    "the first entry left out": (1, without(1)),
    "the last entry left out": (66, without(67)),
    "two entries exchanged": (44, exchanged(44, 45)),
    "a gram of version 2": (58, within(58, "postings", 0, 2, more)),
    "a gram with a fraction": (58, within(58, "postings", 0, 2, float)),
    "a gram as a text": (58, within(58, "postings", 0, 2, str)),
    "a piece": (61, within(61, "postings", 3, 2, more)),
    "a coin of version 2": (62, within(62, "postings", 4, 2, more)),
    "a coin of what was erased": (57, within(57, "postings", 2, 2, more)),
    "the order of postings of version 2": (60, swapped(60, "postings", 0, 1)),
    "money before grams": (60, swapped(60, "postings", 2, 3)),
    "a draw of version 2": (63, within(63, "draws", 0, 2, more)),
    "a letter of a body": (64, put(64, "body", said("shop", "shap"))),
    "a space in a body": (66, put(66, "body", said(":", ": "))),
    "the salt of money": (62, put(62, "salt", digit)),
    "the salt of what was told": (58, put(58, "salt", last_digit)),
    "a salt left out": (61, put(61, "salt", None)),
    "a salt of version 1": (21, put(21, "salt", "00" * 32)),
    "half a salt": (58, put(58, "salt", lambda salt: salt[:32])),
    "a moment of version 2": (61, put(61, "event_ms", more)),
    "a moment of recording": (67, put(67, "recorded_ms", more)),
    "who told version 2": (55, put(55, "actor", "")),
    "who told what was erased": (57, put(57, "actor", "keeper-1")),
    "where grams are from": (58, put(58, "noted", '{"from":"people"}')),
    "an erased body's seal": (57, put(57, "body", digit)),
    "the salt of what was erased": (57, put(57, "salt", digit)),
    "an erased salt come back": (57, put(57, "salt", lambda salt: salt + "00" * 16)),
    "what an erasure erases": (66, put(66, "noted", '{"erases":58}')),
    "what is erased": (57, of_file("erased", lambda _: [])),
    "a root": (53, of_period(1, "root", digit)),
    "a period's count": (52, of_period(0, "entries", more)),
    "a period's end": (53, of_period(1, "to_ms", more)),
    "a period's site": (53, of_period(1, "site", lambda _: "CP001")),
    "a period left out": (53, of_file("periods", lambda held: held[:1])),
    "a period too many": (54, of_file("periods", lambda held: [*held, held[0] | {"entry": 54}])),
    "the head": (67, of_file("head", digit)),
    "the name of an account": (14, of_file("accounts", lambda held: held | {"17": "mass:sold"})),
}


@pytest.mark.parametrize("name", CHANGES)
def test_one_value_changed_is_refused_with_the_number_of_its_entry(tmp_path, name):
    number, change = CHANGES[name]
    told, rows = kept()
    change(told, rows)
    said, holds = ask(tmp_path, told)
    assert not holds
    assert [line for line in said.splitlines() if line.startswith(f"entry {number}: ")], said


FORGED = {
    "a space": (67, "canonical", put(67, "body", said(":", ": "))),
    "an escape without need": (
        67,
        "canonical",
        put(67, "body", said("looked", "\\u006cooked")),
    ),
    "names out of order": (
        56,
        "canonical",
        put(56, "body", said('"bottle":950000,"loss":50000', '"loss":50000,"bottle":950000')),
    ),
    "a name twice": (58, "canonical", put(58, "body", said('"kind"', '"id":1,"id":2,"kind"'))),
    "a fraction": (58, "not whole", put(58, "body", said("9000", "9000.5"))),
    "a whole number with a point": (58, "not whole", put(58, "body", said("9000", "9000.0"))),
    "a number with an exponent": (58, "canonical", put(58, "body", said("9000", "9e3"))),
    "a number beyond 2^53": (58, "2^53", put(58, "body", said("9000", "9007199254740992"))),
    "a zero character": (67, "U+0000", put(67, "body", said("looked", "\\u0000"))),
    "half a character": (67, "not JSON", put(67, "body", said("looked", "\\ud800"))),
    "no object": (67, "not an object", put(67, "body", "[]")),
    "what is noted": (58, "noted is not canonical", put(58, "noted", '{"from": "container"}')),
    "a posting beyond 2^53": (58, "2^53", within(58, "postings", 0, 2, lambda _: 1 << 53)),
    "another site": (64, "site is not", put(64, "body", said('"site":"S9"', '"site":"S8"'))),
    "another id": (64, "id is not", put(64, "body", said('"id":"0', '"id":"1'))),
    "another kind": (64, "kind is not", put(64, "body", said('"payment"', '"clock"'))),
    "another book's head": (55, "head of the upgrade", put(55, "body", said("302a", "302b"))),
    "fewer entries": (
        55,
        "entries of the upgrade",
        put(55, "body", said(":54,", ":53,")),
    ),
    "another root": (55, "root of the upgrade", put(55, "noted", said("0179", "0178"))),
    "a rule erased": (56, "is not one", put(66, "noted", '{"erases":56}')),
    "version 1 erased": (54, "is not one", put(66, "noted", '{"erases":54}')),
    "a later entry erased": (66, "no entry before it", put(66, "noted", '{"erases":67}')),
    "version 1 after version 2": (67, "after version 2", put(67, "salt", None)),
    "no upgrade": (55, "should be the upgrade", put(55, "kind", "clock")),
    "a second upgrade": (67, "nothing of version 1 before", put(67, "kind", "upgrade")),
    "an account opened again": (
        67,
        "again",
        put(67, "noted", '{"opened":{"1":"a"}}'),
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_chain_hashed_anew_is_refused_where_it_is_not_as_the_page_says(tmp_path, name):
    number, why, change = FORGED[name]
    told, rows = kept()
    change(told, rows)
    forge(told, 55)
    said, holds = ask(tmp_path, told)
    assert not holds
    assert [line for line in said.splitlines() if line.startswith(f"entry {number}: ")]
    assert why in said


@pytest.fixture
def lived(tmp_path):
    """A book with odd characters, pieces, a reversal, an erasure and two periods."""
    with open_book(tmp_path / "book.sqlite", clock=lambda: NOW_MS) as book:
        odd = '\U0001f600\ufb33\u2028\x7f\b\x01"\\\ta/ё\uffff'
        terms = {"\U0001f600": 1, "\ufb33": {"": [], "10": -9, "9": None}, odd: [odd, True]}
        spoken = rule("scale", "S-1", {"verified_until_ms": 2**46 - 1, "most": 2**53 - 1} | terms)
        at_ms = NOW_MS - DAY_MS
        paid = {"price_minor_per_kg": 5_000, "paid_minor": 60_000, "seller": odd, "actor": "Ә"}
        told = ticket(event_ms=at_ms, **paid, scale="S-1", series="P1-A", number=1)
        wrong = ticket(7_000, "P1", event_ms=at_ms)
        taken = reversal(wrong.id, event_ms=at_ms + 1)
        post(book, [spoken, told, wrong, taken])
        lot = shipped(book, 9_000, got=8_960, event_ms=at_ms)
        shares = {"pet": {"bottle": 950_000, "loss": 50_000}}
        mould = rule("process", "mould", {"recipe_ppm": shares, "band_ppm": 1_000_000})
        made = {"process": "mould", "pieces": {"bottle": 95}, "event_ms": NOW_MS}
        post(book, [mould, change({"pet": 2_000}, [("bottle", 1_900)], **made)])
        price = {"price_minor_per_kg": {"pet": 11}, "event_ms": NOW_MS}
        post(book, [sale({lot: 1_000}, buyer="Қағаз plant", **price)])
        post(book, [dispatch({"pet": 40}, "P1", "S1"), stocktake({"pet": 11_950})])
        period = {"from_ms": at_ms, "to_ms": NOW_MS + 1, "event_ms": NOW_MS + 1}
        post(book, [Close(id=deed_id(), site="P1", **period)])
        post(book, [Close(id=deed_id(), site="*", **period)])
        why = {"reason": odd, "event_ms": NOW_MS + 1}
        post(book, [Erasure(id=deed_id(), site="P1", erases=told.id, **why)])
        post(book, [Clock(id=deed_id(), site="*", **why)])
        yield book, tmp_path / "book.sqlite"


def test_a_book_of_odd_characters_reads_the_same_in_both_languages(lived, tmp_path):
    _book, path = lived
    told = layout(path)
    said, holds = ask(tmp_path, told)
    assert holds, said
    assert said.startswith(f"{len(told['entries'])} entries hold: 0 of version 1, ")
    assert "1 of them erased" in said
    assert "2 periods" in said


def proved(book):
    """Every proof of every entry in a closed period."""
    (last,) = book._store.one("select max(seq) from entry")
    return [proof for number in range(1, last + 1) for proof in proofs(book, number)]


def test_proofs_hold_against_the_printed_root_and_no_other(lived, tmp_path):
    book, _path = lived
    one, every = periods(book)
    shown, told = proved(book), set()
    assert len(shown) == one.entries + every.entries
    for proof in shown:
        said, holds = ask(tmp_path, proof.told, proof.period.root)
        assert holds, said
        *lines, end = said.splitlines()
        assert end == f"entry {proof.number} holds: it is under root {proof.period.root}"
        units = {"mass": "g", "count": "pieces"}
        assert lines == [
            f"{name}, lot {lot}: {quantity} {units[name.split(':')[0]]}"
            for name, lot, quantity in json.loads(proof.public)["postings"]
        ]
        told |= {*lines}
    assert not ask(tmp_path, shown[0].told | {"period": shown[-1].told["period"]}, every.root)[1]
    assert {"mass:stock:P1:pet, lot 1: 12000 g", "count:stock:S1:bottle, lot 7: 95 pieces"} <= told


def test_a_proof_with_one_byte_changed_is_refused(lived, tmp_path):
    book, _path = lived
    proof = max(proved(book), key=lambda proof: len(proof.branch))
    root, written = proof.period.root, json.dumps(proof.told)
    assert ask(tmp_path, written, root)[1]
    wrong = {
        "a gram": written.replace("12000", "12001", 1),
        "a letter": written.replace("mass:stock", "mass:stack", 1),
        "the number": written.replace(f'"number": {proof.number}', '"number": 3', 1),
        "a side": written.replace('"right"', '"left"', 1),
        "a hash on the way": written.replace(proof.branch[0][1], digit(proof.branch[0][1])),
        "its own hash": written.replace('"hash": "', '"hash": "0', 1),
        "the root in it": written.replace(root, digit(root)),
    }
    octets = proof.told["entry"]["octets"]
    for k in range(0, len(octets), 11):
        letter = "A" if octets[k] != "A" else "B"
        wrong[f"octet {k}"] = written.replace(octets, octets[:k] + letter + octets[k + 1 :])
    for name, changed in wrong.items():
        assert changed != written, name
        said, holds = ask(tmp_path, changed, root)
        assert not holds, name
        assert said.startswith("proof: "), name
    shorter = proof.told | {"branch": proof.told["branch"][1:]}
    assert not ask(tmp_path, shorter, root)[1]
    # Who takes the public part away cannot make it pass for an entry of version 1.
    bare = proof.told | {"entry": {k: v for k, v in proof.told["entry"].items() if k != "public"}}
    said, holds = ask(tmp_path, bare, root)
    assert not holds
    assert said.startswith("proof: octets "), said


def test_proofs_of_version_1_hold_too(tmp_path):
    path = tmp_path / "book.sqlite"
    path.write_bytes(gunzip((HERE / "kept" / "version-1.sqlite.gz").read_bytes()))
    with open_book(path, read_only=True) as book:
        shown, roots = proved(book), [period.root for period in periods(book)]
    assert roots == [period["root"] for period in KEPT["periods"]]
    assert len(shown) == sum(period["entries"] for period in KEPT["periods"])
    for proof in shown:
        said, holds = ask(tmp_path, proof.told, proof.period.root)
        assert holds, said
        (row,) = (row for row in KEPT["entries"] if row["seq"] == proof.number)
        *lines, _end = said.splitlines()
        assert lines == [f"account {a}, lot {lot}: {grams}" for a, lot, grams in row["postings"]]
