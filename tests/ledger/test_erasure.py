"""What somebody asked to be erased is gone from the file, and the chain stays whole."""

import random
import subprocess
from dataclasses import replace

import pytest

from ainalym.errors import ConflictError, InputError, NotFoundError, OutsideError
from ainalym.ledger import (
    backup,
    balances,
    chain,
    entries,
    entry,
    open_book,
    post,
    slip,
    trace,
    verify,
)
from ainalym.ledger.elsewhere import Elsewhere
from ainalym.ledger.ids import raw_of
from ainalym.ledger.store import Store
from ainalym.model.deed import Close, Erasure, Payment, read_deed
from tests.ledger import tell

SECRETS = ("Seller-So-And-So", "keeper-of-old", "P1-SLIP", "a reason of theirs")


def erasure(deed, **said):
    """The private part of a deed is erased."""
    said = {"reason": "the seller asked"} | said
    return Erasure(id=tell.deed_id(), site=deed.site, event_ms=tell.NOW_MS, erases=deed.id, **said)


def secret(**said):
    """A ticket with much that is nobody else's business."""
    told = {"price_minor_per_kg": 5_000, "paid_minor": 60_000, "consent": True, "number": 12}
    told |= dict(zip(("seller", "actor", "series", "reason"), SECRETS, strict=True))
    return tell.ticket(12_000, **(told | said))


def test_the_private_part_goes_and_all_else_stays(book):
    told = secret()
    post(book, [told, tell.ticket(500)])
    before, hashed, money = entry(book, told.id), verify(book).hash, balances(book)
    post(book, [erasure(told)])
    after = entry(book, told.id)
    assert after.hash == before.hash
    assert after.postings == before.postings
    assert (after.actor, after.body["material"], after.body["net_g"]) == ("", "pet", 12_000)
    assert after.body["erased"]
    assert not {"seller", "series", "reason"} & after.body.keys()
    assert balances(book) == money
    verdict = verify(book)
    assert verdict.faults == ()
    assert verdict.erased == (1,)
    assert verdict.hash != hashed
    with pytest.raises(NotFoundError, match="no slip"):
        slip(book, "P1-SLIP", 12)
    assert trace(book, 1).share("recycled") == 1.0


def test_nothing_of_it_is_left_in_the_file(tmp_path):
    path = tmp_path / "book.sqlite"
    with open_book(path, clock=lambda: tell.NOW_MS) as book:
        told = secret()
        post(book, [told, *(tell.ticket(500) for _ in range(50))])
        assert any(SECRETS[0].encode() in one.read_bytes() for one in tmp_path.iterdir())
        post(book, [erasure(told)])
        for one in tmp_path.iterdir():
            assert not any(text.encode() in one.read_bytes() for text in SECRETS), one
        backup(book, tmp_path / "copy.sqlite")
    with open_book(tmp_path / "copy.sqlite", read_only=True) as copy:
        assert verify(copy).erased == (1,)


def test_who_tells_it_again_hears_that_it_is_there(book):
    told = secret()
    first = post(book, [told])[0]
    post(book, [erasure(told)])
    assert post(book, [told])[0] == first._replace(repeated=True)
    assert verify(book).whole


def test_every_kind_that_may_be_erased_still_says_what_it_moved(book):
    post(book, [tell.rule("process", "sort", {"recipe_ppm": {"pet": {"bale": 1_000_000}}})])
    bought = tell.ticket(9_000)
    post(book, [bought])
    sent = tell.dispatch({"pet": 9_000}, vehicle="123")
    load = post(book, [sent])[0].lots[0]
    got = tell.arrival({load: 8_990}, price_minor_per_kg={"pet": 700})
    post(book, [got])
    made = tell.change({"pet": 8_000}, [("bale", 8_000)], pieces={"bale": 4})
    post(book, [made])
    sold = tell.sale({"bale": 2_000}, pieces={"bale": 1}, price_minor_per_piece={"bale": 10})
    paid = Payment(id=tell.deed_id(), site="S1", event_ms=tell.NOW_MS, payer="buyer",
                   payee="cash", party="plant", paid_minor=10)  # fmt: skip
    post(book, [sold, paid])
    taken_back = tell.reversal(sold.id, "S1")
    post(book, [taken_back])
    all_told = (bought, sent, got, made, sold, paid, taken_back)
    money = balances(book)
    post(book, [erasure(deed) for deed in all_told])
    said = {one.kind: one.body for one in entries(book, most=100) if one.body.get("erased")}
    assert said["ticket"]["net_g"] == 9_000
    assert (said["dispatch"]["to"], said["dispatch"]["loads"]) == ("S1", {"pet": 9_000})
    assert said["arrival"]["lots"] == {str(load): 8_990}
    assert said["change"]["process"] == "sort"
    assert (said["change"]["outputs"], said["change"]["pieces"]) == ([["bale", 8_000]], {"bale": 4})
    assert (said["sale"]["buyer"], said["sale"]["pieces"]) == ("plant", {"bale": 1})
    assert (said["payment"]["payer"], said["payment"]["paid_minor"]) == ("buyer", 10)
    assert balances(book) == money
    assert len(verify(book).erased) == 7
    assert verify(book).whole


def test_what_the_book_goes_by_is_not_erased(book):
    rule = tell.rule("tolerance", "", {"tolerance_ppm": 9}, site="P1")
    told, counted = secret(), tell.stocktake({"pet": 12_000})
    post(book, [rule, told, counted])
    lot = entry(book, told.id).postings[0].lot
    claimed = tell.sale({lot: 100}, "P1", claimed_ppm=1_000_000)
    post(book, [claimed])
    close = Close(id=tell.deed_id(), site="P1", event_ms=tell.NOW_MS, from_ms=1, to_ms=2)
    done = erasure(told)
    post(book, [close, done])
    for deed in (rule, counted, claimed, close, done):
        with pytest.raises(ConflictError, match="the book goes by what this"):
            post(book, [erasure(deed)])
    with pytest.raises(ConflictError, match="is erased already"):
        post(book, [erasure(told)])
    with pytest.raises(NotFoundError, match="there is no entry"):
        post(book, [erasure(tell.ticket())])
    with pytest.raises(ConflictError, match="happened at P1; erase it there"):
        there = {"id": tell.deed_id(), "site": "P2", "event_ms": tell.NOW_MS, "reason": "x"}
        post(book, [Erasure(erases=told.id, **there)])
    with pytest.raises(InputError, match="say who asked for it, and why"):
        erasure(told, reason="")
    assert verify(book).whole


def test_an_erased_deed_can_be_taken_back_and_closed(book):
    told = secret(event_ms=tell.NOW_MS - 10)
    post(book, [told])
    post(book, [erasure(told)])
    post(book, [tell.reversal(told.id)])
    close = {"from_ms": tell.NOW_MS - 20, "to_ms": tell.NOW_MS - 5, "event_ms": tell.NOW_MS}
    post(book, [Close(id=tell.deed_id(), site="*", **close)])
    assert {name: n for name, n in balances(book).items() if n} == {}
    assert verify(book).whole
    other = read_deed(secret(event_ms=tell.NOW_MS).told)
    post(book, [other])
    assert verify(book).whole


@pytest.mark.parametrize(
    "other", [{"gross_g": 12_001}, {"event_ms": tell.NOW_MS - 1}, {"site": "P2"}]
)
def test_an_erased_entry_does_not_answer_for_another_deed(book, other):
    told = secret()
    post(book, [told])
    post(book, [erasure(told)])
    (again,) = post(book, [told])
    assert (again.repeated, again.seq) == (True, 1)
    changed = replace(told, **other, reason="another one")
    with pytest.raises(ConflictError, match="is in the book with another body"):
        post(book, [changed])


def test_what_is_erased_while_the_book_is_verified_is_no_fault(where, monkeypatch):
    told = [secret(alias=f"theirs-{k}", number=12 + k) for k in range(8)]
    with open_book(where, clock=lambda: tell.NOW_MS) as book:
        post(book, told)
        begun = Elsewhere.__init__

        def late(process, *asked):
            post(book, [erasure(told[-1])])
            begun(process, *asked)

        monkeypatch.setattr(Elsewhere, "__init__", late)
        before = verify(book, processes=2)
        assert (before.faults, before.erased, before.entries) == ((), (), 8)
        monkeypatch.undo()
        after = verify(book, processes=2)
        assert (after.faults, after.erased, after.entries) == ((), (8,), 9)


def test_where_no_process_can_be_had_one_does_it_all(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError("no more processes")

    with open_book(tmp_path / "book.sqlite", clock=lambda: tell.NOW_MS) as book:
        post(book, [tell.ticket(k) for k in range(1, 9)])
        monkeypatch.setattr(subprocess, "Popen", full)
        assert verify(book, processes=4).entries == 8


def test_a_log_that_cannot_be_emptied_now_is_tried_again(tmp_path, monkeypatch):
    path = tmp_path / "book.sqlite"
    with open_book(path, clock=lambda: tell.NOW_MS) as book:
        told = secret()
        post(book, [told])

        def fail(_):
            raise OutsideError("the disk has a fault")

        with monkeypatch.context() as patched:
            patched.setattr(Store, "forget", fail)
            post(book, [erasure(told)])
        post(book, [tell.ticket(1)])
        log = path.with_name("book.sqlite-wal")
        assert not any(said.encode() in log.read_bytes() + path.read_bytes() for said in SECRETS)
        assert verify(book).erased == (1,)


def test_nothing_of_many_is_left_in_the_gaps_of_pages(tmp_path):
    """Where pages are split the database leaves copies of rows behind."""
    chance = random.Random(50)
    path = tmp_path / "book.sqlite"

    def word():
        return f"{chance.getrandbits(64):016x}"

    with open_book(path, clock=lambda: tell.NOW_MS) as book:
        gone = []
        for _ in range(20):
            told = [
                secret(alias=word() + "x" * chance.randrange(60), series=word(), number=7)
                for _ in range(200)
            ]
            post(book, told)
            gone += chance.sample(told, 60)
        for k in range(0, len(gone), 300):
            post(book, [erasure(one) for one in gone[k : k + 300]])
        assert verify(book).faults == ()
    left = path.read_bytes()
    words = [word for one in gone for word in (one.series, one.alias[:16])]
    assert not [one for one in words if one.encode() in left]


def forged(book, victim, site):
    """Whoever may write to the database adds an erasure that the program refuses."""
    with book._store.writing():
        seq, hashed = book._store.one("select seq, hash from head")
        deed = Erasure(id=tell.deed_id(), site=site, event_ms=tell.NOW_MS, erases=tell.deed_id(),
                       reason="mine")  # fmt: skip
        salt, body, noted = bytes(32), chain.body(deed), f'{{"erases":{victim}}}'
        head = (seq + 1, raw_of(deed.id), "erasure", site, tell.NOW_MS, tell.NOW_MS)
        hashed = chain.entered(hashed, (*head, 0, 0), noted, "", "", "", salt, body)
        columns = "seq, id, kind, site, event_ms, recorded_ms, actor, noted, body, hash, salt"
        book._store.append("entry", columns, [(*head, "", noted, body, hashed, salt)])
        book._store.run("update head set seq = ?, hash = ?", (seq + 1, hashed))


@pytest.mark.tampers
@pytest.mark.parametrize(("site", "fault"), [
    ("P2", "entry 3 erases entry 1, which is not its site's"),
    ("P1", "entry 3 erases entry 1, which 2 erased already"),
])  # fmt: skip
def test_an_erasure_that_the_program_refuses_is_found(quick, site, fault):
    told = secret()
    post(quick, [told])
    post(quick, [erasure(told)])
    forged(quick, 1, site)
    assert fault in verify(quick).faults
