"""What PostgreSQL's own catalog says of a book's guards, held against how they are made.

PostgreSQL keeps no statements: it writes them anew from what it keeps. So both are brought to the
same words. Held on PostgreSQL 15 and 18.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping

from ainalym.ledger.store import Store

Lost = tuple[str, str, str]
"""Kind and name of a guard, and what is wrong with it."""

GONE, OTHER, OFF, MORE = "missing", "not as made", "switched off", "not ours"

_HERE = "relnamespace = current_schema()::regnamespace"
_WORDS = re.compile(r"--[^\n]*|'(?:[^']|'')*'|\w+|[^\w\s]")
_TRIGGER = re.compile(r"create trigger (\w+)\s+(\w+) (.*?)\son (\w+)\s(.*)", re.I | re.S)
_COLUMN = re.compile(r"^    (\w+) (integer|bigint|bytea|text)\b(.*?),?$", re.M)
_WHOLE = re.compile(r"^    ((?:unique|primary key|check) \(.*\))", re.M)
_REFERS = re.compile(r"references (\w+) \((\w+)\)")
_CHECK = re.compile(r"check \((?:[^()]|\([^()]*\))*\)")


def words(statement: str) -> list[str]:
    """Split a statement into what counts: all but its spaces, its comments and its case."""
    found = _WORDS.findall(statement)
    return [one if one[0] == "'" else one.lower() for one in found if not one.startswith("--")]


def held(store: Store, made: Mapping[str, str]) -> Iterator[Lost]:
    """Yield what is not as the statements make it.

    Parameters
    ----------
    made
        Statements by the name of what they create.

    Raises
    ------
    OutsideError
        The database failed.
    """
    kinds = {
        kind: {n: said for n, said in made.items() if re.match(f"create (unique )?{kind}", said)}
        for kind in ("table", "index", "function", "trigger")
    }
    tables = [*kinds["table"]]
    yield from _session(store)
    yield from _triggers(store, kinds["trigger"], tables)
    yield from _functions(store, kinds["function"])
    yield from _indexes(store, kinds["index"], tables)
    yield from _tables(store, tables)
    for name, statement in kinds["table"].items():
        yield from _columns(store, name, statement)
        yield from _constraints(store, name, statement)


def held_of_old(
    store: Store, triggers: Iterable[str], indexes: Mapping[str, str], tables: Iterable[str]
) -> Iterator[Lost]:
    """As `held`, for a book of version 1, whose triggers are known by name only.

    Parameters
    ----------
    triggers, tables
        Their names.
    indexes
        Statements by name.
    """
    yield from _session(store)
    yield from _triggers(store, dict.fromkeys(triggers, ""), tables)
    yield from _indexes(store, indexes, tables)
    yield from _tables(store, tables)


def _session(store: Store) -> Iterator[Lost]:
    """Under another role of replication, no trigger and no reference is looked at."""
    if store.one("select current_setting('session_replication_role')")[0] != "origin":
        yield "setting", "session_replication_role", OTHER


def _triggers(store: Store, made: Mapping[str, str], tables: Iterable[str]) -> Iterator[Lost]:
    rows = store.rows(
        "select t.tgname, c.relname, t.tgenabled::text, pg_get_triggerdef(t.oid, true) "
        f"from pg_trigger t join pg_class c on c.oid = t.tgrelid where {_HERE} "
        "and not t.tgisinternal"
    )
    there = {name: rest for name, *rest in rows}
    for name, statement in made.items():
        if name not in there:
            yield "trigger", name, GONE
        elif there[name][1] != "O":
            yield "trigger", name, OFF
        elif statement and _shape(there[name][2]) != _shape(statement):
            yield "trigger", name, OTHER
    for name, table, *_ in rows:
        # One of our names on another table is not ours either.
        on = _TRIGGER.match(made.get(name, ""))
        if table in tables and (name not in made or (on and on[4] != table)):
            yield "trigger", f"{name} on {table}", MORE
    yield from [
        ("constraint", f"{table} {name}", OFF)
        for name, table in store.rows(
            "select k.conname, c.relname from pg_trigger t join pg_class c on c.oid = t.tgrelid "
            f"join pg_constraint k on k.oid = t.tgconstraint where {_HERE} "
            "and t.tgisinternal and t.tgenabled <> 'O'"
        )
        if table in tables
    ]
    yield from [
        ("rule", f"{name} on {table}", MORE)
        for name, table in store.rows(
            "select r.rulename, c.relname from pg_rewrite r join pg_class c on c.oid = r.ev_class "
            f"where {_HERE}"
        )
        if table in tables
    ]


def _shape(statement: str) -> tuple | None:
    """What a trigger's statement says, however its events are ordered."""
    said = _TRIGGER.match(statement)
    if said is None:
        return None
    events = frozenset(tuple(words(one)) for one in re.split(r"\bor\b", said[3], flags=re.I))
    return said[2].lower(), events, said[4], tuple(words(said[5]))


def _functions(store: Store, made: Mapping[str, str]) -> Iterator[Lost]:
    there = {
        name: rest
        for name, *rest in store.rows(
            "select p.proname, p.prosrc, l.lanname, p.prosecdef, p.prorettype::regtype::text, "
            "array_to_string(p.proconfig, ';') from pg_proc p join pg_language l "
            "on l.oid = p.prolang where p.pronamespace = current_schema()::regnamespace "
            "and p.pronargs = 0"
        )
    }
    for name, statement in made.items():
        _, source, _ = statement.split("$$")
        paths = "search_path=pg_catalog, pg_temp"
        if name not in there:
            yield "function", name, GONE
            continue
        kept, *how = there[name]
        if how != ["plpgsql", False, "trigger", paths] or words(kept) != words(source):
            yield "function", name, OTHER


def _indexes(store: Store, made: Mapping[str, str], tables: Container[str]) -> Iterator[Lost]:
    there = {
        name: (said, good)
        for name, said, good in store.rows(
            "select c.relname, pg_get_indexdef(c.oid, 0, true), i.indisvalid and i.indisready "
            f"from pg_index i join pg_class c on c.oid = i.indexrelid where c.{_HERE}"
        )
    }
    yield from [
        ("index", f"{name} on {table}", MORE)
        for name, table in store.rows(
            "select c.relname, t.relname from pg_index i join pg_class c on c.oid = i.indexrelid "
            f"join pg_class t on t.oid = i.indrelid where t.{_HERE} and i.indisunique "
            "and not exists (select 1 from pg_constraint k where k.conindid = i.indexrelid)"
        )
        if table in tables and name not in made
    ]
    for name, statement in made.items():
        if name not in there:
            yield "index", name, GONE
        elif not there[name][1] or _bare(there[name][0]) != _bare(statement):
            yield "index", name, OTHER


def _bare(statement: str) -> list[str]:
    """Words of a statement without what PostgreSQL adds to them."""
    said = re.sub(r" using btree|::text", "", statement, flags=re.I)
    return [one for one in words(said) if one not in "()"]


def _tables(store: Store, tables: Iterable[str]) -> Iterator[Lost]:
    """Tables are plain ones, kept on disk, whose rows everybody sees and nobody inherits."""
    plain = {
        name
        for (name,) in store.rows(
            f"select relname from pg_class c where {_HERE} and relkind = 'r' "
            "and relpersistence = 'p' and not relrowsecurity and not exists "
            "(select 1 from pg_inherits h where c.oid in (h.inhparent, h.inhrelid))"
        )
    }
    yield from [("table", name, OTHER) for name in tables if name not in plain]


def _columns(store: Store, table: str, statement: str) -> Iterator[Lost]:
    """Columns are of their types, and those that may not be empty may not."""
    said = store.rows(
        "select attname, atttypid::regtype::text, attnotnull from pg_attribute a "
        f"join pg_class c on c.oid = a.attrelid where {_HERE} and c.relname = ? "
        "and attnum > 0 and not attisdropped",
        (table,),
    )
    there = {name: (kind, full) for name, kind, full in said}
    keys = re.findall(r"^    primary key \((.*)\)", statement, re.M)
    for name, kind, rest in _COLUMN.findall(statement):
        full = "not null" in rest or "primary key" in rest or name in ", ".join(keys).split(", ")
        if there.get(name) != (kind, full):
            yield "column", f"{table}.{name}", OTHER if name in there else GONE
        there.pop(name, None)
    yield from [("column", f"{table}.{name}", MORE) for name in there]


def _constraints(store: Store, table: str, statement: str) -> Iterator[Lost]:
    there = {
        name: _bare(said)
        for name, said in store.rows(
            "select k.conname, pg_get_constraintdef(k.oid, true) from pg_constraint k "
            f"join pg_class c on c.oid = k.conrelid where {_HERE} and c.relname = ? "
            "and k.contype in ('c', 'f', 'p', 'u', 'x')",
            (table,),
        )
    }
    made = {said: _bare(_as_kept(said)) for said in _said(statement)}
    for said, bare in made.items():
        if bare not in there.values():
            yield "constraint", f"{table} {said}", GONE
    for name, bare in there.items():
        if bare not in made.values():
            yield "constraint", f"{table} {name}", MORE


def _said(statement: str) -> Iterator[str]:
    """Yield what a table's statement refuses, each as if it stood at the table's end."""
    yield from _WHOLE.findall(statement)
    for name, _, rest in _COLUMN.findall(statement):
        for word in ("primary key", "unique"):
            if word in rest:
                yield f"{word} ({name})"
        for table, column in _REFERS.findall(rest):
            yield f"foreign key ({name}) references {table} ({column})"
        yield from _CHECK.findall(rest)


def _as_kept(said: str) -> str:
    """Say a check with the words that PostgreSQL has for it."""
    said = re.sub(r"(\w+) in \((.*?)\)", r"\1 = any (array[\2])", said)
    return re.sub(r"(\w+) between (\w+) and (\w+)", r"\1 >= \2 and \1 <= \3", said)
