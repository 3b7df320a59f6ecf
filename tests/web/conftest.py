"""A programme for each test: the demo, in a folder of its own, with clients signed in to it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ainalym.ledger import open_book, verify
from ainalym.web.serve import first_people, ready
from tests.web.programs import Program


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Path:
    """The demo programme as it begins; made once, copied for each test."""
    folder = tmp_path_factory.mktemp("demo")
    ready(folder, database="")
    first_people(folder, demo=True)
    _let_go()
    return folder


@pytest.fixture
def programme(demo, tmp_path, request) -> Iterator[Path]:
    """A fresh demo programme: its folder, with the site settled in it."""
    from django.conf import settings
    from django.db import connections

    for name in ("site.sqlite", "book.sqlite", "first-passwords.txt"):
        shutil.copy(demo / name, tmp_path / name)
    connections.databases["default"]["NAME"] = str(tmp_path / "site.sqlite")
    settings.BOOK = str(tmp_path / "book.sqlite")
    yield tmp_path
    _let_go()
    # Whatever a test told the site, the book it leaves is whole, but for one it tampered with.
    with open_book(tmp_path / "book.sqlite", read_only=True) as book:
        faults = verify(book).faults
    assert bool(faults) == bool(request.node.get_closest_marker("tampers")), faults


@pytest.fixture
def passwords(programme) -> dict[str, str]:
    """Passwords of the demo's people."""
    lines = (programme / "first-passwords.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines)


@pytest.fixture
def browse(programme) -> Callable:
    """Give a client that is signed in as a person, or as nobody; `strict` minds forged forms."""
    from django.test import Client

    from ainalym.web.people.models import Person

    def signed_in(name: str = "", *, language: str = "en", strict: bool = False) -> Client:
        client = Client(
            enforce_csrf_checks=strict,
            raise_request_exception=False,
            SERVER_NAME="localhost",
            HTTP_ACCEPT_LANGUAGE=language,
        )
        if name:
            client.force_login(Person.objects.get(name=name))
        return client

    return signed_in


@pytest.fixture
def program(programme) -> Callable[[str], Program]:
    """Give a program with a token of a person."""
    from ainalym.web.people.models import Person
    from ainalym.web.people.tokens import issue

    return lambda name: Program(issue(Person.objects.get(name=name), "test", days=1))


def _let_go() -> None:
    from django.db import connections

    from ainalym.web.book import close_book

    close_book()
    connections.close_all()
