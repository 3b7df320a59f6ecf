"""The guards of a book: what the database itself has to refuse, and whether it still would.

A book whose triggers or indexes are gone looks like any other until somebody changes it.
"""

import re

from ainalym.ledger import version1
from ainalym.ledger.schema import statements
from ainalym.ledger.store import Store

CREATED = re.compile(
    r"create (?:unique )?(?P<kind>table|index|trigger|function) (?P<name>\w+)", re.IGNORECASE
)


def missing(store: Store, version: int) -> list[str]:
    """List the guards that are gone, or are not as they were made; a sentence each.

    Parameters
    ----------
    version
        Of the book.

    Raises
    ------
    OutsideError
        The database failed.
    """
    if version == 1:
        lost = _of_old(store)
    else:
        made = {CREATED.match(one)["name"]: one for one in statements(store.engine)}
        look = _on_sqlite if store.engine == "sqlite" else _on_postgres
        lost = look(store, made)
    found: dict[tuple[str, str], list[str]] = {}
    for kind, name, how in lost:
        found.setdefault((kind, how), []).append(name)
    return [_sentence(kind, sorted(names), how) for (kind, how), names in found.items()]


Lost = tuple[str, str, str]
"""Kind and name of a guard, and what is wrong with it."""

GONE, OTHER, OFF, MORE = "missing", "not as made", "switched off", "not ours"


def _sentence(kind: str, names: list[str], how: str) -> str:
    several = len(names) > 1
    return f"the {kind}{'s' * several} {', '.join(names)} {'are' if several else 'is'} {how}"


def _on_sqlite(store: Store, made: dict[str, str]) -> list[Lost]:
    there = dict(store.rows("select name, sql from sqlite_master where sql is not null"))
    lost = []
    for name, statement in made.items():
        kind = CREATED.match(statement)["kind"]
        if name not in there:
            lost.append((kind, name, GONE))
        elif _plain(there[name]) != _plain(statement):
            lost.append((kind, name, OTHER))
    return lost + [
        (kind, name, MORE)
        for kind, name in store.rows("select type, name from sqlite_master where type = 'trigger'")
        if name not in made
    ]


def _on_postgres(store: Store, made: dict[str, str]) -> list[Lost]:
    triggers = dict(
        store.rows(
            "select t.tgname, t.tgenabled from pg_trigger t join pg_class c on c.oid = t.tgrelid "
            "where c.relnamespace = current_schema()::regnamespace and not t.tgisinternal"
        )
    )
    indexes = dict(
        store.rows("select indexname, indexdef from pg_indexes where schemaname = current_schema()")
    )
    functions = dict(
        store.rows(
            "select proname, prosrc from pg_proc "
            "where pronamespace = current_schema()::regnamespace"
        )
    )
    lost = []
    for name, statement in made.items():
        kind = CREATED.match(statement)["kind"].lower()
        if kind == "trigger":
            if name not in triggers:
                lost.append((kind, name, GONE))
            elif triggers[name] != "O":
                lost.append((kind, name, OFF))
        elif kind == "index":
            if name not in indexes:
                lost.append((kind, name, GONE))
            elif (" unique " in statement) != (" UNIQUE " in indexes[name]):
                lost.append((kind, name, OTHER))
        elif kind == "function":
            if name not in functions:
                lost.append((kind, name, GONE))
            elif _plain(functions[name]) != _plain(statement.split("$$")[1]):
                lost.append((kind, name, OTHER))
    return lost


def _of_old(store: Store) -> list[Lost]:
    """Guards of version 1 are known by name."""
    if store.engine == "sqlite":
        there = {name for (name,) in store.rows("select name from sqlite_master")}
    else:
        triggers = "select tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid "
        triggers += "where c.relnamespace = current_schema()::regnamespace and tgenabled = 'O'"
        indexes = "select indexname from pg_indexes where schemaname = current_schema()"
        there = {name for (name,) in store.rows(f"{triggers} union {indexes}")}
    wanted = {"trigger": version1.TRIGGERS[store.engine], "index": version1.INDEXES}
    return [
        (kind, name, GONE) for kind, names in wanted.items() for name in names if name not in there
    ]


def _plain(statement: str) -> str:
    """Put a statement as it reads without its spaces and the case of its words."""
    return re.sub(r"\s+", "", statement).lower()
