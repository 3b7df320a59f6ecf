"""The guards of a book: what the database itself has to refuse, and whether it still would.

A book whose triggers or indexes are gone looks like any other until somebody changes it.
"""

import re
from collections.abc import Container, Iterator, Mapping

from ainalym.ledger import catalog, version1
from ainalym.ledger.catalog import GONE, MORE, OTHER, Lost, words
from ainalym.ledger.schema import statements
from ainalym.ledger.store import Store

CREATED = re.compile(
    r"create (?:unique )?(?P<kind>table|index|trigger|function) (?P<name>\w+)", re.IGNORECASE
)

PLURAL = {"index": "indexes"}


def missing(store: Store, version: int) -> list[str]:
    """List the guards that are gone, or are not as they were made; a sentence each.

    Triggers, indexes and what tables themselves refuse are held against the statements that make
    them; told too are triggers, rules and what else somebody added that may refuse a row, such as a
    unique index.

    Parameters
    ----------
    version
        Of the book. Of version 1 triggers are known by name.

    Raises
    ------
    OutsideError
        The database failed.
    """
    made = {CREATED.match(one)["name"]: one for one in statements(store.engine)}
    if version == 1:
        lost = _of_old(store, made)
    elif store.engine == "sqlite":
        lost = _on_sqlite(store, made)
    else:
        lost = catalog.held(store, made)
    found: dict[tuple[str, str], list[str]] = {}
    for kind, name, how in dict.fromkeys(lost):
        found.setdefault((kind, how), []).append(name)
    return [_sentence(kind, sorted(names), how) for (kind, how), names in found.items()]


def _sentence(kind: str, names: list[str], how: str) -> str:
    if len(names) == 1:
        return f"the {kind} {names[0]} is {how}"
    return f"the {PLURAL.get(kind, f'{kind}s')} {', '.join(names)} are {how}"


def _on_sqlite(store: Store, made: Mapping[str, str], also: Container[str] = ()) -> Iterator[Lost]:
    """Yield what is not as made; a guard with an empty statement is known by name only.

    Parameters
    ----------
    also
        Names of triggers that may be there besides.
    """
    there = {
        (kind, name): said
        for kind, name, said in store.rows(
            # A damaged file may keep octets where texts belong; what has any is not as made.
            "select cast(type as text), coalesce(cast(name as text), ''), "
            "case when typeof(type) || typeof(name) || typeof(sql) = 'texttexttext' "
            "then sql else '' end from sqlite_master where sql is not null"
        )
    }
    for name, statement in made.items():
        kind = CREATED.match(statement)["kind"].lower() if statement else "trigger"
        if (kind, name) not in there:
            yield kind, name, GONE
        elif statement and words(there[kind, name]) != words(statement):
            yield kind, name, OTHER
    yield from [
        (kind, name, MORE)
        for (kind, name), said in there.items()
        if kind == "trigger" or words(said)[:2] == ["create", "unique"]
        if name not in made and name not in also
    ]


def _of_old(store: Store, made: Mapping[str, str]) -> Iterator[Lost]:
    """Guards of version 1: triggers are known by name, indexes by how they are made."""
    indexes = {name: made[name] for name in version1.INDEXES}
    triggers = dict.fromkeys(version1.TRIGGERS[store.engine], "")
    if store.engine == "sqlite":
        # A copy from a server has the tables of today, guards included.
        return _on_sqlite(store, triggers | indexes, made)
    return catalog.held_of_old(store, triggers, indexes, (*version1.TABLES, "head"))
