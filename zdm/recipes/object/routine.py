"""Functions and procedures that are there: which one a statement means, and what uses it.

PostgreSQL knows which indexes, constraints, defaults, triggers and views call a function, not
which functions do, since most bodies are text (manual, Dependency Tracking).
"""

import re
from collections.abc import Iterator, Sequence

from zdm.model.schema import Function, Name, Snapshot, Table
from zdm.model.statement import Action
from zdm.model.syntax import CreateObject, DropObjects
from zdm.parse import emit
from zdm.parse.emit import Constant, Part, Qualified, TypeText
from zdm.schema import lookup, routines, signatures

_ROUTINE = "SELECT pg_catalog.to_regprocedure({n}) IS NOT NULL"
_OWNED = (
    "SELECT pg_catalog.pg_has_role(p.proowner, 'USAGE') FROM pg_catalog.pg_proc AS p"
    " WHERE p.oid = pg_catalog.to_regprocedure({n})"
)
_DEFINER = re.compile(r"\bSECURITY\s+DEFINER\b", re.IGNORECASE)
KINDS = ("function", "procedure")


def made(action: Action, snapshot: Snapshot) -> Name | None:
    """The name of the routine that a CREATE makes."""
    said = action.said
    if not isinstance(said, CreateObject) or said.kind not in KINDS or not said.words:
        return None
    return lookup.made(lookup.relation(said.words), snapshot, action.statement.settings)


def same(action: Action, snapshot: Snapshot) -> Function | None:
    """The one of the same name and types of arguments, which OR REPLACE would replace."""
    name, said = made(action, snapshot), action.said
    if name is None or not isinstance(said, CreateObject):
        return None
    settings = action.statement.settings
    found = routines.named(snapshot, name, said.arguments, settings)
    return found[0] if found else None


def mistaken(action: Action, snapshot: Snapshot) -> tuple[Function, ...]:
    """Others of the name that a call may mean as well as the one that the CREATE makes: with
    the same number of arguments, since a constant of no type fits many types."""
    name, said = made(action, snapshot), action.said
    if name is None or not isinstance(said, CreateObject):
        return ()
    new = signatures.of(said, snapshot, action.statement.settings)
    found = []
    for other in snapshot.functions:
        if other.name == name:
            old = signatures.of_function(other, snapshot)
            if old is None or old.may_be_called_as(new):
                found.append(other)
    return tuple(found)


def meant(action: Action, snapshot: Snapshot) -> tuple[Name, tuple[Function, ...]] | None:
    """The name in a DROP FUNCTION of one routine, and those that it may mean."""
    said, settings = action.said, action.statement.settings
    if not isinstance(said, DropObjects) or len(said.objects) != 1:
        return None
    names = lookup.Names(snapshot.functions)
    name = lookup.among(lookup.relation(said.objects[0]), names, snapshot, settings)
    return name, routines.named(snapshot, name, said.arguments[0], settings)


def kind(function: Function) -> str:
    """`function`, `procedure`, or `aggregate`."""
    said = signatures.said(function)
    return "aggregate" if said is None else said.kind


def drop(function: Function, snapshot: Snapshot) -> str:
    """DROP of exactly this one, without CASCADE."""
    return _of("DROP", function, snapshot)


def touch(function: Function, snapshot: Snapshot) -> str:
    """ALTER that changes nothing but its row in the catalog, so each session that has prepared
    it for a column's type prepares it again (measured 14, 18)."""
    if kind(function) == "function":
        return _of("ALTER", function, snapshot, function.volatility.value.upper())
    definer = _DEFINER.search(function.definition.partition("AS $")[0])
    security = "SECURITY DEFINER" if definer else "SECURITY INVOKER"
    return _of("ALTER", function, snapshot, security)


def _of(verb: str, function: Function, snapshot: Snapshot, change: str = "") -> str:
    types = routines.types(function, snapshot)
    parts: dict[str, Part] = {f"a{n}": TypeText(text) for n, text in enumerate(types)}
    arguments = ", ".join(f"{{{part}}}" for part in parts)
    words = f"{verb} {kind(function).upper()} {{f}}({arguments}) {change}".rstrip()
    return emit.sql(words, f=Qualified(function.name), **parts)


def there(function: Function, snapshot: Snapshot) -> str:
    """A SELECT that says whether it is there."""
    return emit.sql(_ROUTINE, n=_signature(function, snapshot))


def owned(function: Function, snapshot: Snapshot) -> str:
    """A SELECT that says whether the role may alter it."""
    return emit.sql(_OWNED, n=_signature(function, snapshot))


def _signature(function: Function, snapshot: Snapshot) -> Constant:
    types = ", ".join(routines.types(function, snapshot))
    return Constant(f"{function.name.sql}({types})")


def again(function: Function) -> tuple[str, ...]:
    """Put its definition back, as PostgreSQL printed it: its owner, rights and comment stay.
    Names in its body were looked up with the search_path of its author, so the body is not
    looked at (manual, check_function_bodies)."""
    return "SET LOCAL check_function_bodies = off", function.definition


def callers(function: Function, snapshot: Snapshot) -> frozenset[str]:
    """Its name, and those of functions whose text names it, at all depths."""
    words = {f.name.name: routines.body_names(f) for f in snapshot.functions}
    found = {function.name.name}
    left = set(found)
    while left:
        left = {name for name, own in words.items() if own & left} - found
        found |= left
    return frozenset(found)


def stored(function: Function, snapshot: Snapshot) -> Iterator[str]:
    """What keeps its results, or was checked with them, and is not computed again."""
    called = _called(callers(function, snapshot))
    yield from (what for what, text in _keeping(snapshot) if called.search(text))


def running(function: Function, snapshot: Snapshot) -> Iterator[str]:
    """What calls it each time for statements that do not name it."""
    names = callers(function, snapshot)
    called = _called(names)
    for table in snapshot.tables:
        for trigger in table.triggers:
            if trigger.function.name in names:
                yield f"trigger {trigger.name} of {table.name}"
    yield from (what for what, text in _computing(snapshot) if called.search(text))


def _called(names: frozenset[str]) -> re.Pattern[str]:
    words = "|".join(re.escape(name) for name in sorted(names))
    return re.compile(rf'(?<!\w)"?(?:{words})"?\s*\(')


def _keeping(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Each of them, and its text."""
    yield from (pair for table in snapshot.tables for pair in _of_table(table))
    for view in snapshot.views:
        if view.kind == "materialized view":
            yield f"materialized view {view.name}", view.definition
    for one in snapshot.types:
        if one.kind == "domain":
            yield f"domain {one.name}", one.definition


def _of_table(table: Table) -> Iterator[tuple[str, str]]:
    of = f"of {table.name}"
    for index in table.indexes:
        yield f"index {index.name} {of}", index.definition.partition(" USING ")[2]
    yield from ((f"constraint {c.name} {of}", c.definition) for c in table.constraints)
    for column in table.columns:
        if column.generated:
            yield f"generated column {column.name} {of}", column.default or ""
    yield f"the partition key {of}", table.partition_key or ""
    yield from ((f"statistics {of}", text) for text in table.statistics)


def _computing(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    for table in snapshot.tables:
        for column in table.columns:
            if not column.generated:
                yield f"the default of {table.name}.{column.name}", column.default or ""
        yield from ((f"policy {p.name} of {table.name}", p.definition) for p in table.policies)
        yield from ((f"a rule of {table.name}", rule) for rule in table.rules)
    for view in snapshot.views:
        if view.kind == "view":
            yield f"view {view.name}", view.definition


def listed(things: Sequence[str]) -> str:
    """Some of them, in words."""
    first, more = things[:5], len(things) - 5
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")
