"""Proofs: an entry's place in a sealed period, checked with nothing but SHA-256."""

import json
from hashlib import sha256

import pytest

from ainalym.errors import ConflictError, NotFoundError
from ainalym.ledger import chain, entries, entry, open_book, periods, post, proofs
from ainalym.ledger.proof import branch
from ainalym.model.deed import Close
from ainalym.model.entry import new_id
from tests.ledger.tell import NOW_MS, deed_id, ticket
from tests.ledger.towns import BEGIN_MS, DAY_MS, Town


def climbed(octets: bytes, way) -> str:
    """The root that an entry's bytes and its branch give, as a stranger computes it."""
    found = sha256(b"\0" + sha256(octets).digest()).digest()
    for side, other in way:
        raw = bytes.fromhex(other)
        pair = found + raw if side == "right" else raw + found
        found = sha256(b"\1" + pair).digest()
    return found.hex()


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 9, 31, 33])
def test_every_branch_of_every_size_of_tree_gives_its_root(count):
    bodies = [bytes([k]) for k in range(count)]
    hashes = [sha256(body).digest() for body in bodies]
    root = chain.root(hashes).hex()
    for k, body in enumerate(bodies):
        way = branch(hashes, k)
        assert climbed(body, way) == root
        assert len(way) <= (count - 1).bit_length()
        assert climbed(body + b"x", way) != root


@pytest.fixture
def closed(where):
    """A book of each engine with two closed periods: of one site, then of all."""
    with open_book(where) as book:
        Town(book.post, points=4, stations=1, tickets=30).live(6)
        same = {"from_ms": BEGIN_MS - 2 * DAY_MS, "event_ms": BEGIN_MS + 9 * DAY_MS}
        to_ms = BEGIN_MS + 4 * DAY_MS
        post(book, [Close(id=new_id(), site="CP001", to_ms=to_ms, **same)])
        post(book, [Close(id=new_id(), site="*", to_ms=to_ms, **same)])
        yield book


def test_every_entry_of_a_closed_period_is_proved_by_the_root_on_paper(closed):
    one, every = periods(closed)
    held = {one.root: 0, every.root: 0}
    for found in entries(closed, most=10_000):
        for proof in proofs(closed, found.seq):
            assert sha256(proof.octets).hexdigest() == found.hash
            assert climbed(proof.octets, proof.branch) == proof.period.root
            held[proof.period.root] += 1
    assert held == {one.root: one.entries, every.root: every.entries}


def test_what_is_open_has_no_proof_and_what_is_not_there_is_said(closed):
    last = entries(closed, most=1, newest_first=True)[0]
    assert proofs(closed, last.seq) == []
    with pytest.raises(NotFoundError, match="no entry 100000"):
        proofs(closed, 100_000)


def test_the_bytes_hold_the_deed_and_the_hash_before(closed):
    found = entries(closed, kind="ticket", site="CP001")[2]
    proof = proofs(closed, found.seq)[0]
    assert proof.octets[:1] == b"\x02"
    assert proof.octets[1:33].hex() == entry(closed, found.seq - 1).hash
    assert proof.octets[33:65] == sha256(proof.public.encode()).digest()
    shown = json.loads(proof.public)
    site, material = found.site, found.body["material"]
    assert [f"mass:stock:{site}:{material}", *found.postings[0][1:]] in shown["postings"]


def test_a_proof_gives_away_no_price_and_no_name(quick):
    at_ms = NOW_MS - 1_000
    paid = {"price_minor_per_kg": 7_654_321, "paid_minor": 91_851_852}
    who = {"actor": "keeper-of-P1", "seller": "Seller Whose Name It Is", "consent": True}
    told = ticket(event_ms=at_ms, **paid, **who, series="P1-XYZ", number=4_711)
    (receipt,) = post(quick, [told])
    close = Close(id=deed_id(), site="*", event_ms=NOW_MS, from_ms=at_ms, to_ms=NOW_MS)
    post(quick, [close])
    (proof,) = proofs(quick, receipt.seq)
    said = json.dumps(proof.told)
    for secret in ("7654321", "91851852", "keeper-of-P1", "Seller", "P1-XYZ", "4711"):
        assert secret not in said
        assert secret.encode() not in proof.octets
    assert json.loads(proof.public)["postings"][0][2] == told.net_g


@pytest.mark.tampers
def test_an_entry_whose_period_somebody_changed_gets_no_proof(quick):
    at_ms = NOW_MS - 1_000
    post(quick, [ticket(event_ms=at_ms) for _ in range(3)])
    post(quick, [Close(id=deed_id(), site="*", event_ms=NOW_MS, from_ms=at_ms, to_ms=NOW_MS)])
    for (name,) in quick._store.rows("select name from sqlite_master where type = 'trigger'"):
        quick._store.run(f"drop trigger {name}")
    quick._store.run("update entry set hash = ? where seq = 3", (bytes(32),))
    with pytest.raises(ConflictError, match="the period that entry 4 closed no longer gives its"):
        proofs(quick, 1)


@pytest.mark.tampers
def test_an_entry_that_somebody_changed_gets_no_proof(quick):
    at_ms = NOW_MS - 1_000
    (receipt,) = post(quick, [ticket(event_ms=at_ms)])
    close = Close(id=deed_id(), site="*", event_ms=NOW_MS, from_ms=at_ms, to_ms=NOW_MS)
    post(quick, [close])
    assert len(proofs(quick, receipt.seq)) == 1
    for (name,) in quick._store.rows("select name from sqlite_master where type = 'trigger'"):
        quick._store.run(f"drop trigger {name}")
    quick._store.run("update entry set body = '{}' where seq = ?", (receipt.seq,))
    with pytest.raises(ConflictError, match=f"entry {receipt.seq} was changed"):
        proofs(quick, receipt.seq)
