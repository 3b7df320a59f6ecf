"""`ainalym serve`: one command from nothing to a site that people work in, on both databases."""

import http.cookiejar
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ainalym.ledger import open_book, stock, verify
from tests.ledger import servers
from tests.web.counter.cases import told

pytestmark = pytest.mark.slow


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def serving(data: Path, *words: str, database: str = "") -> Iterator[str]:
    """Run the command until the end of the block; gives the site's address."""
    port = free_port()
    order = [sys.executable, "-m", "ainalym", "serve", "--data", data, "--port", port, *words]
    environment = {**os.environ, "DATABASE_URL": database}
    process = subprocess.Popen(
        [*map(str, order)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    said = []
    for line in process.stderr:
        said.append(line)
        if line.startswith("Open "):
            break
    try:
        assert process.poll() is None, "".join(said)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(20)
        process.stderr.close()
    assert code == 0


class Visitor:
    """A browser of the simplest kind: cookies and forms."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.jar = http.cookiejar.CookieJar()
        cookies = urllib.request.HTTPCookieProcessor(self.jar)
        self.opener = urllib.request.build_opener(cookies)

    def ask(self, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
        """Ask for a page; gives its status and text."""
        request = urllib.request.Request(self.address + path, body, headers)
        try:
            with self.opener.open(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def sign_in(self, name: str, password: str) -> None:
        """Sign in by the form."""
        _, page = self.ask("/people/sign-in")
        token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        form = {"csrfmiddlewaretoken": token, "name": name, "password": password}
        status, page = self.ask("/people/sign-in", urllib.parse.urlencode(form).encode())
        assert status == 200
        assert name in page

    def send(self, path: str, body: dict) -> tuple[int, dict]:
        """Send JSON as the counter's page does."""
        token = next(one.value for one in self.jar if one.name == "csrftoken")
        kind = {"Content-Type": "application/json", "Accept": "application/json"}
        status, text = self.ask(path, json.dumps(body).encode(), **kind, **{"X-CSRFToken": token})
        return status, json.loads(text)


def passwords(data: Path) -> dict[str, str]:
    """Passwords of the first people."""
    lines = (data / "first-passwords.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request) -> Iterator[str]:
    """An empty database of each engine; empty text for SQLite."""
    if request.param == "sqlite":
        yield ""
        return
    with servers.schema(servers.wheel()) as address:
        yield address


def test_from_nothing_to_a_ticket_and_on_after_a_restart(tmp_path, database):
    data = tmp_path / "data"
    body = told(series="pt-012-A")
    with serving(data, "--demo", database=database) as address:
        keeper = Visitor(address)
        keeper.sign_in("keeper-12", passwords(data)["keeper-12"])
        assert keeper.send("/counter/pt-012/series", {"device": "1" * 32}) == (
            200,
            {"series": "pt-012-A"},
        )
        assert keeper.send("/counter/pt-012/tickets", body)[0] == 201
        again = told(id=body["id"] + "x")
        assert keeper.send("/counter/pt-012/tickets", again)[0] == 422
        number = told(series="pt-012-A")
        assert keeper.send("/counter/pt-012/tickets", number)[1]["code"] == "number"
    with serving(data, database=database) as address:
        keeper = Visitor(address)
        keeper.sign_in("keeper-12", passwords(data)["keeper-12"])
        assert keeper.send("/counter/pt-012/tickets", body)[0] == 200
    with open_book(database or data / "book.sqlite", read_only=True) as book:
        assert stock(book, "pt-012") == {"pet.presorted": 12_000}
        assert verify(book).faults == ()


def test_without_a_demo_the_department_comes_first(tmp_path):
    data = tmp_path / "data"
    with serving(data) as address:
        assert [*passwords(data)] == ["department"]
        visitor = Visitor(address)
        _, page = visitor.ask("/people/sign-in")
        token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        form = {"csrfmiddlewaretoken": token, "name": "department"}
        form["password"] = passwords(data)["department"]
        _, page = visitor.ask("/people/sign-in", urllib.parse.urlencode(form).encode())
        assert 'name="again"' in page, "who got a password from others chooses a new one"


def test_one_folder_is_served_once(tmp_path):
    data = tmp_path / "data"
    with serving(data):
        order = [sys.executable, "-m", "ainalym", "serve", "--data", str(data), "--port"]
        second = subprocess.run(
            [*order, str(free_port())],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "DATABASE_URL": ""},
        )
    assert second.returncode == 1
    assert "another process" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_foreign_database_is_refused_with_a_sentence(tmp_path):
    order = [sys.executable, "-m", "ainalym", "serve", "--data", str(tmp_path / "data")]
    refused = subprocess.run(
        order,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "DATABASE_URL": "mysql://root@localhost/x"},
    )
    assert refused.returncode == 2
    assert "'mysql' is no database of ours" in refused.stderr


def test_behind_a_proxy_everything_is_https(tmp_path):
    data = tmp_path / "data"
    with serving(data, "--name", "book.example.kz") as address:
        visitor = Visitor(address)
        host = {"Host": "book.example.kz"}
        opener = urllib.request.build_opener(NoRedirect)
        plain = opener.open(urllib.request.Request(address + "/", headers=host))
        assert plain.status == 301
        assert plain.headers["Location"] == "https://book.example.kz/"
        through = {**host, "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
        page = opener.open(urllib.request.Request(address + "/people/sign-in", headers=through))
        assert page.status == 200
        assert "max-age=31536000" in page.headers["Strict-Transport-Security"]
        assert "Secure" in page.headers["Set-Cookie"]
        assert visitor.ask("/", Host="elsewhere.example")[0] == 400


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves redirections and refusals as they are."""

    def http_error_301(self, request, file, code, message, headers):
        """Give the answer itself."""
        return file
