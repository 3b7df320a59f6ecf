"""Whatever the book refuses has a sentence of the site's own, in each of its languages."""

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path

import pytest
from django.utils import translation

from ainalym import ledger
from ainalym.errors import ConflictError
from ainalym.web.refusals import in_words

ROOM = Path(ledger.__file__).parent
FILES = ("laws", "custody", "writer", "earlier", "clock", "shelf", "overtaken")
ERRORS = {"ConflictError", "NotFoundError", "OutsideError"}
NUMBER, SHARE = "7", "7.0%"

Values = dict[str, list[ast.expr]]


def refusals() -> list[str]:
    """Every sentence that the book's rules refuse with, with numbers for what they fill in."""
    found = []
    for name in FILES:
        tree = ast.parse((ROOM / f"{name}.py").read_text(encoding="utf-8"))
        constants = named(tree.body)
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                known = constants | named(ast.walk(function))
                for said, beside in raised(function):
                    found += spelled(said, known | beside)
    lines = {line for one in found for line in one.split("\n")}
    return sorted(lines - {NUMBER})


def named(nodes: Iterable[ast.AST]) -> Values:
    """What names may stand for, and what lists are filled with."""
    found: Values = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
        called = node.func if isinstance(node, ast.Call) else None
        if getattr(called, "attr", "") == "append" and isinstance(called.value, ast.Name):
            found.setdefault(called.value.id, []).append(node.args[0])
    return found


def raised(function: ast.FunctionDef) -> Iterator[tuple[ast.expr, Values]]:
    """Sentences of errors and issues that a function makes, and what is named right before."""
    for block in ast.walk(function):
        if not isinstance(block, ast.stmt | ast.ExceptHandler):
            continue
        for statements in (getattr(block, "body", []), getattr(block, "orelse", [])):
            simple = [one for one in statements if not hasattr(one, "body")]
            for statement in simple:
                beside = {name: said[-1:] for name, said in named(simple).items()}
                yield from ((said, beside) for said in sentences(statement))


def sentences(statement: ast.stmt) -> Iterator[ast.expr]:
    """Sentences of errors and issues that a statement makes."""
    for node in ast.walk(statement):
        name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
        if name in ERRORS:
            yield node.args[0]
        elif name == "Issue":
            where, fault, mend = node.args
            between = [ast.Constant(one) for one in (": ", " (", ")")]
            whole = [where, between[0], fault, between[1], mend, between[2]]
            yield ast.JoinedStr([ast.FormattedValue(one, -1) for one in whole])


def spelled(said: ast.expr, known: Values) -> list[str]:
    """Spell an expression in each way it may come out; a number for what is not known here."""
    if isinstance(said, ast.Constant):
        return [str(said.value)]
    if isinstance(said, ast.Name) and said.id in known:
        values = [one for one in known[said.id] if not isinstance(one, ast.List)]
        return [text for one in values for text in spelled(one, known)] or [NUMBER]
    if isinstance(said, ast.IfExp):
        return spelled(said.body, known) + spelled(said.orelse, known)
    if isinstance(said, ast.BinOp) and isinstance(said.op, ast.Add):
        sides = spelled(said.left, known), spelled(said.right, known)
        return ["".join(pair) for pair in product(*sides)]
    if isinstance(said, ast.JoinedStr):
        return ["".join(parts) for parts in product(*(spelled(one, known) for one in said.values))]
    if isinstance(said, ast.FormattedValue):
        if said.format_spec is not None:
            return [SHARE if ast.unparse(said.format_spec).rstrip("'\"").endswith("%") else NUMBER]
        quote = "'" if said.conversion == ord("r") else ""
        return [f"{quote}{one}{quote}" for one in spelled(said.value, known)]
    if isinstance(said, ast.Call) and getattr(said.func, "attr", "") == "join":
        return spelled(said.args[0], known)
    return [NUMBER]


def test_all_refusals_are_found():
    said = refusals()
    assert len(said) > 35
    for part in ("of their weight", "left to claim", "7 pieces left", "apart; set them right"):
        assert any(part in one for one in said), part


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("said", refusals(), ids=lambda said: said[:60])
def test_no_refusal_is_quoted_as_the_book_says_it(said):
    for language in ("ru", "kk"):
        with translation.override(language):
            (sentence,) = in_words(ConflictError(said))
        assert said not in sentence, f"no room has a sentence for: {said}"
        assert re.search("[а-яё]{3}", sentence), sentence
        assert "%(" not in sentence


LOST = "book.sqlite: the guards of this book are not whole: the trigger posting_update is missing"
LATE = "the period cannot be closed:\npet.clean at st-08: "


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (f"{LOST}; nothing is written to it; verify it, and restore a backup",
         "(the trigger posting_update is missing)"),
        (f"{LATE}the period has 120 days; a mass balance closes within three months", "120"),
        (f"{LATE}40 g more were claimed than were recycled; the balance is below zero", "40"),
        (f"{LATE}a stock-take was 0.70% off the book; at most 0.50% is allowed", "0.70%"),
    ],
)  # fmt: skip
def test_what_other_files_refuse_with_is_said_too(said, wanted):
    for language in ("ru", "kk"):
        with translation.override(language):
            sentences = in_words(ConflictError(said))
        assert wanted in sentences[-1]
        for sentence in sentences:
            assert re.search("[а-яё]{3}", sentence), sentence
            assert "period" not in sentence
