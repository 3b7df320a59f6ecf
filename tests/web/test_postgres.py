"""PostgreSQL goes away and comes back: at most the request under way fails, in words."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ainalym.ledger import open_book, stock, verify
from tests.ledger import servers
from tests.web.between import Between
from tests.web.counter.cases import told
from tests.web.test_serve import Visitor, free_port, passwords

AT_ONCE = 32
"""Twice the site's threads, so that each of them answers."""

PAGES = {
    "auditor": ("/audit/", "/audit/entries", "/api/v1/entries", "/api/v1/stock?site=pt-012", "/"),
    "department": ("/office/trail", "/department/closing/pt-012", "/api/v1/lots", "/"),
    "keeper-12": ("/counter/pt-012/", "/counter/pt-012/day", "/api/v1/stock?site=pt-012"),
}


class Site:
    """A demo on PostgreSQL, with somebody signed in for each role."""

    def __init__(self, address: str, between: Between, words: dict[str, str]) -> None:
        self.between = between
        self.visitors = {name: Visitor(address) for name in PAGES}
        for name, visitor in self.visitors.items():
            visitor.sign_in(name, words[name])
        self._asked = itertools.cycle(
            [(name, page) for name, pages in PAGES.items() for page in pages]
        )

    def ask(self, *_: object) -> tuple[int, str, str]:
        """Ask for the next page: status, address, text."""
        name, page = next(self._asked)
        status, text = self.visitors[name].ask(page)
        return status, page, text

    def ask_all(self, pool: ThreadPoolExecutor) -> Counter:
        """Ask so often that every thread answers; what came, and what broke."""
        answers = [*pool.map(self.ask, range(2 * AT_ONCE))]
        return Counter(
            status if status in (200, 503) else (status, page, text)
            for status, page, text in answers
        )

    def cookie(self, language: str) -> str:
        """The auditor's cookies, in a language."""
        known = {one.name: one.value for one in self.visitors["auditor"].jar}
        return f"sessionid={known['sessionid']}; django_language={language}"

    def buy(self, body: dict) -> int:
        """Send a ticket; its status."""
        return self.visitors["keeper-12"].send("/counter/pt-012/tickets", body)[0]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site that runs, and the way between it and its server."""
    data = tmp_path_factory.mktemp("site") / "data"
    with servers.schema(servers.wheel()) as server, closing(Between(server)) as between:
        words = ("--demo", "--requests-per-minute", "100000")
        with serving(data, *words, database=between.address) as (address, said):
            one = Site(address, between, passwords(data))
            keeper = one.visitors["keeper-12"]
            assert keeper.send("/counter/pt-012/series", {"device": "1" * 32})[0] == 200
            one.server = server
            yield one
            # Every failure was told in words: none was a surprise.
            assert not [line for line in said if "Internal Server Error" in line]


@contextmanager
def serving(data: Path, *words: str, database: str) -> Iterator[tuple[str, list[str]]]:
    """Run the command until the end of the block; gives the site's address and what it says."""
    port, said = free_port(), []
    order = [sys.executable, "-m", "ainalym", "serve", "--data", data, "--port", port, *words]
    process = subprocess.Popen(
        [*map(str, order)],
        env={**os.environ, "DATABASE_URL": database},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        said.append(line)
        if line.startswith("Open "):
            break
    assert process.poll() is None, "".join(said)
    # Whoever is not listened to stops to speak, and to work.
    ear = threading.Thread(target=lambda: said.extend(process.stderr))
    ear.start()
    try:
        yield f"http://127.0.0.1:{port}", said
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
        ear.join()
        process.stderr.close()
    assert code == 0


@pytest.fixture(scope="module")
def pool():
    """As many as ask at the same time."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        yield threads


@pytest.mark.slow
def test_connections_cut_between_requests_are_nobodys_trouble(site, pool):
    for _ in range(20):
        assert site.ask_all(pool) == {200: 2 * AT_ONCE}
        if site.between.cut() >= 20:
            break
    else:
        pytest.fail("the site's threads were never all at work")
    assert site.ask_all(pool) == {200: 2 * AT_ONCE}
    for number in range(1, 9):
        site.between.cut()
        assert site.buy(told(number=number)) == 201
        site.between.cut()
        status, page, text = site.ask()
        assert status == 200, (page, text)


@pytest.mark.slow
def test_what_is_under_way_fails_in_words_and_is_recorded_once(site, pool):
    bodies = [told(number=number) for number in range(100, 140)]
    sent = [pool.submit(site.buy, body) for body in bodies]
    asked = [pool.submit(site.ask) for _ in range(40)]
    for done in sent[::4]:
        done.result()
        site.between.cut()
    assert {one.result() for one in sent} <= {201, 503}
    answers = [one.result() for one in asked]
    assert {status for status, *_ in answers} <= {200, 503}, answers
    again = [site.buy(body) for body in bodies]
    assert {*again} <= {200, 201}
    with open_book(site.server, read_only=True) as book:
        verdict = verify(book)
        assert verdict.whole
        with book.reading() as store:
            for body in bodies:
                asked = "select count(*) from entry where id = ?"
                raw = bytes.fromhex(body["id"].replace("-", ""))
                assert store.one(asked, (raw,)) == (1,)
        assert stock(book, "pt-012")["pet.presorted"] % 12_000 == 0


@pytest.mark.slow
def test_while_the_server_is_away_pages_say_so_and_then_all_is_well_at_once(site, pool):
    languages = []
    with site.between.away():
        found = site.ask_all(pool)
        assert found == {503: 2 * AT_ONCE}
        for language in ("en", "ru", "kk"):
            status, text = site.visitors["auditor"].ask("/audit/", Cookie=site.cookie(language))
            assert status == 503
            assert f'<html lang="{language}">' in text
            languages.append(text.partition("<h1>")[2].partition("</h1>")[0])
        status, text = site.visitors["auditor"].ask("/api/v1/entries")
        assert (status, json.loads(text)["status"]) == (503, 503)
        body = told(number=200)
        assert site.buy(body) == 503
    assert site.ask_all(pool) == {200: 2 * AT_ONCE}
    assert site.buy(body) == 201
    assert len({*languages} - {""}) == 3


@pytest.mark.parametrize("kind", ["OperationalError", "InterfaceError"])
@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "The book cannot be reached"),
        ("ru", "Книга сейчас недоступна"),
        ("kk", "Кітап қазір қолжетімсіз"),
    ],
)
def test_a_database_that_fails_is_told_in_the_readers_language(browse, kind, language, title):
    import django.db

    def fail(*_):
        raise getattr(django.db, kind)("the connection is closed")

    client = browse("department", language=language)
    with django.db.connection.execute_wrapper(fail):
        page = client.get("/department/")
        machine = client.get("/department/", headers={"accept": "application/json"})
        lost = client.get("/nowhere")
        form = client.post("/people/sign-in", {"name": "department", "password": "x"})
        program = client.get("/api/v1/entries", headers={"authorization": "Bearer x"})
    for answer in (page, machine, form, program):
        assert answer.status_code == 503, answer.content
    assert lost.status_code in (404, 503)
    assert title in page.content.decode()
    assert machine.json()["title"] == title
    assert client.get("/department/").status_code == 200
