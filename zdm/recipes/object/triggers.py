"""Triggers of the author on tables in use: whether they may refuse a write, and how one is made
as it was.

A trigger fires for the writes of both versions, with the rights of the role that writes. Its
function is not known to do nothing but what its text says: a word of it that raises an error,
or leaves out a row, shows that it may refuse a write; that there is none proves nothing.
"""

import re
from collections.abc import Iterator

from zdm.model.schema import Function, Name, Snapshot, Table, Trigger
from zdm.model.statement import Action
from zdm.model.syntax import CreateTrigger
from zdm.parse import emit
from zdm.parse.emit import Constant, Ident, Part, Qualified
from zdm.parse.readers import fired
from zdm.schema import lookup, routines

_RAISES = re.compile(
    r"\bRAISE\b(?!\s+(?:DEBUG|LOG|INFO|NOTICE|WARNING)\b)|\bASSERT\b|\bINTO\s+STRICT\b",
    re.IGNORECASE,
)
_SET_PATH = re.compile(r"\bSET\s+search_path\b", re.IGNORECASE)
_LANGUAGES = frozenset({"sql", "plpgsql"})
_STATES = {
    "O": "ENABLE TRIGGER {g}",
    "D": "DISABLE TRIGGER {g}",
    "R": "ENABLE REPLICA TRIGGER {g}",
    "A": "ENABLE ALWAYS TRIGGER {g}",
}


def named(table: Table, name: str) -> Trigger | None:
    """The table's trigger of that name."""
    return next((t for t in table.triggers if t.name == name), None)


def function(said: CreateTrigger, action: Action, snapshot: Snapshot) -> Name:
    """The function that it runs."""
    names = lookup.Names(snapshot.functions)
    relation = lookup.relation(said.function)
    return lookup.among(relation, names, snapshot, action.statement.settings)


def may_refuse(definition: str, runs: Name, snapshot: Snapshot) -> bool:
    """Whether a write may fail by it, or change no row; also of what is not known."""
    found = routines.reached(snapshot, [runs])
    own = tuple(one for one in found if one.name == runs)
    return not own or any(map(may_raise, found)) or any(_skips(definition, f) for f in own)


def may_raise(one: Function) -> bool:
    """Whether its text raises an error, or is not read."""
    if one.language not in _LANGUAGES or routines.is_dynamic(one, rows=False):
        return True
    return _RAISES.search(one.definition) is not None


def _skips(definition: str, runs: Function) -> bool:
    on = fired.trigger(definition)
    if not (on.before or on.keeps):
        return False
    return routines.may_skip(runs, writes=on.before, deletes=on.keeps)


def by_search_path(runs: Name, snapshot: Snapshot) -> str:
    """A name without schema in its function's text, or in one that this names, which a session
    with another search_path does not find; empty where there is none."""
    found = (name for one in routines.reached(snapshot, [runs]) for name in bare(one, snapshot))
    return next(found, "")


def bare(one: Function, snapshot: Snapshot) -> Iterator[str]:
    """The names without schema in its text, unless it has a search_path of its own."""
    if _SET_PATH.search(one.definition):
        return
    words = routines.body_names(one)
    for name in dict.fromkeys(thing.name for thing in things(snapshot)):
        if name in words and _bare(name).search(one.definition.partition("AS ")[2]):
            yield name


def things(snapshot: Snapshot) -> Iterator[Name]:
    """What a name in a text may mean."""
    for found in (snapshot.tables, snapshot.views, snapshot.functions):
        yield from (one.name for one in found)


def _bare(name: str) -> re.Pattern[str]:
    return re.compile(rf'(?<![\w."]){re.escape(name)}(?!\w)|(?<!\.)"{re.escape(name)}"')


def drop(table: Name, name: str, *, if_exists: bool = True) -> str:
    """DROP TRIGGER."""
    words = "DROP TRIGGER IF EXISTS" if if_exists else "DROP TRIGGER"
    return emit.sql(f"{words} {{g}} ON {{t}}", g=Ident(name), t=Qualified(table))


def state(table: Name, name: str, enabled: str) -> str:
    """ENABLE or DISABLE, as `enabled` says."""
    return emit.sql(f"ALTER TABLE {{t}} {_STATES[enabled]}", t=Qualified(table), g=Ident(name))


def again(table: Name, former: Trigger) -> Iterator[str]:
    """In the place of one of its name, as it was."""
    parts: dict[str, Part] = {"g": Ident(former.name), "t": Qualified(table)}
    yield drop(table, former.name)
    yield former.definition
    if former.enabled != "O":
        yield state(table, former.name, former.enabled)
    if former.comment is not None:
        comment = "COMMENT ON TRIGGER {g} ON {t} IS {c}"
        yield emit.sql(comment, c=Constant(former.comment), **parts)
