"""Rights that the function of a trigger needs in the sessions that fire it.

A trigger's function that is not SECURITY DEFINER has the rights of the role that writes the
table, so a role that may not write where the function writes cannot write the table any more.
Where a function writes or reads is found in its text, as PostgreSQL does not know it before it
runs (manual, CREATE FUNCTION, SECURITY INVOKER). The role also needs USAGE of the sequence that
the default of a column draws from, and EXECUTE of each function that is called, but for the
trigger's own (42501; measured 14, 18).
"""

import re
from collections.abc import Iterator
from functools import partial

from msgspec import Struct

from zdm.model.schema import Function, Name, Sequence, Snapshot, Table, Trigger
from zdm.model.sql import ident
from zdm.parse.readers import fired
from zdm.recipes.access import drawn
from zdm.recipes.reading import held
from zdm.schema import routines, sequences

_DEFINER = re.compile(r"\bSECURITY\s+DEFINER\b", re.IGNORECASE)
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_VERBS = {
    "INSERT": r"\bINSERT\s+INTO\s+",
    "UPDATE": r"\bUPDATE\s+(?:ONLY\s+)?",
    "DELETE": r"\bDELETE\s+FROM\s+(?:ONLY\s+)?",
    "SELECT": r"(?<!\bDELETE\s)(?<!\bDISTINCT\s)\b(?:FROM|JOIN)\s+(?:ONLY\s+)?",
}


class Lack(Struct, frozen=True, kw_only=True):
    """A right that a role which fires the trigger has not."""

    table: Name
    function: Name
    role: str  # empty: PUBLIC
    right: str
    of: str  # as a person names it
    on: str  # as GRANT names it

    @property
    def grant(self) -> str:
        """What gives it."""
        return (
            f"GRANT {self.right} ON {self.on} TO {ident(self.role) if self.role else 'PUBLIC'}"
        )


def lacking(snapshot: Snapshot, given: frozenset[tuple[str, str]]) -> Iterator[Lack]:
    """Of triggers on tables in use that are made or changed, or whose functions are; `given`:
    schemas and the roles to which the train gives USAGE of them."""
    for table in snapshot.tables:
        for trigger in table.triggers if not table.created else ():
            runs = tuple(_invoked(trigger.function, snapshot))
            if trigger.enabled != "D" and (trigger.changed or any(f.changed for f in runs)):
                for role in _writers(table, trigger):
                    yield from _of(role, (table, trigger), runs, snapshot, given)


def _invoked(start: Name, snapshot: Snapshot) -> Iterator[Function]:
    """Those that run with the rights of the role that writes."""
    left = [f for f in snapshot.functions if f.name == start]
    seen: set[tuple[Name, str]] = set()
    while left:
        function = left.pop()
        key = (function.name, function.arguments)
        if key not in seen and not _DEFINER.search(function.definition):
            seen.add(key)
            yield function
            words = routines.body_names(function)
            left += [f for f in snapshot.functions if f.name.name in words]


def _writers(table: Table, trigger: Trigger) -> tuple[str, ...]:
    on = fired.trigger(trigger.definition)
    events = {"INSERT": on.on_insert, "UPDATE": on.on_update, "DELETE": on.on_delete}
    return held.writers(table, *(right for right, fires in events.items() if fires))


def _of(
    role: str,
    of: tuple[Table, Trigger],
    runs: tuple[Function, ...],
    snapshot: Snapshot,
    given: frozenset[tuple[str, str]],
) -> Iterator[Lack]:
    table, trigger = of
    roles = {role, *held.groups(role, snapshot)}
    lack = partial(Lack, table=table.name, function=trigger.function, role=role)
    for right, other in _touched(runs, snapshot):
        if not _may(other, right, roles, snapshot):
            yield lack(right=right, of=str(other.name), on=other.name.sql)
        schema = other.name.schema
        usage = held.schema_grants(schema, snapshot)
        inside = held.has(usage, "USAGE", roles, public=schema == "public")
        if not inside and not given & {(schema, one) for one in (*roles, "")}:
            on = f"SCHEMA {ident(schema)}"
            yield lack(right="USAGE", of=f"schema {schema}", on=on)

    for sequence in _drawn(runs, snapshot):
        rights = ("USAGE", "UPDATE")
        if not any(held.has(sequence.grants, right, roles) for right in rights):
            name = sequence.name
            yield lack(right="USAGE", of=f"sequence {name}", on=f"SEQUENCE {name.sql}")
    for function in _called(runs, snapshot, trigger.function):
        if not held.has(function.grants, "EXECUTE", roles, public=True):
            name, arguments = function.name, function.arguments
            on = f"FUNCTION {name.sql}({arguments})"
            yield lack(right="EXECUTE", of=f"function {name}", on=on)


def _drawn(runs: tuple[Function, ...], snapshot: Snapshot) -> Iterator[Sequence]:
    """The sequences of defaults that an INSERT draws from; those of identity columns need no
    right. Default privileges may give it on a new one."""
    for right, table in _touched(runs, snapshot):
        if right == "INSERT" and not (
            table.created and _by_default(table, "sequences", snapshot)
        ):
            left = frozenset[str]().union(
                *(drawn.columns(routines.body(f), table) for f in runs)
            )
            defaults = [c.default for c in table.columns if c.name in left and c.default]
            for sequence in snapshot.sequences:
                if any(sequences.uses(text, sequence.name) for text in defaults):
                    yield sequence


def _called(runs: tuple[Function, ...], snapshot: Snapshot, own: Name) -> Iterator[Function]:
    """The functions that are called, where no other has the name."""
    for function in snapshot.functions:
        name = function.name.name
        alone = sum(f.name.name == name for f in snapshot.functions) == 1
        call = re.compile(rf'(?<![\w"])"?{re.escape(name)}"?\s*\(', re.IGNORECASE)
        texts = [_COMMENTS.sub(" ", routines.body(f)) for f in runs if f is not function]
        if alone and function.name != own and any(map(call.search, texts)):
            yield function


def _touched(runs: tuple[Function, ...], snapshot: Snapshot) -> Iterator[tuple[str, Table]]:
    for function in runs:
        text = _COMMENTS.sub(" ", function.definition)
        words = routines.body_names(function)
        for table in snapshot.tables:
            if table.name.name in words:
                for right, verb in _VERBS.items():
                    if re.search(verb + _named(table.name), text, re.IGNORECASE):
                        yield right, table


def _named(name: Name) -> str:
    schema, table = re.escape(name.schema), re.escape(name.name)
    return rf'(?:"?{schema}"?\s*\.\s*)?"?{table}"?(?![\w".])'


def _may(table: Table, right: str, roles: set[str], snapshot: Snapshot) -> bool:
    """By the table's access list, a column's, a role of PostgreSQL's, or for a new table by
    default privileges, whose rights are not known."""
    everywhere = "pg_read_all_data" if right == "SELECT" else "pg_write_all_data"
    lists = (table.grants, *(c.grants for c in table.columns))
    if everywhere in roles or any(held.has(one, right, roles) for one in lists):
        return True
    return table.created and _by_default(table, "tables", snapshot)


def _by_default(table: Table, kind: str, snapshot: Snapshot) -> bool:
    """Whether default privileges may give rights on new ones in the table's schema."""
    return any(
        one.kind == "default acl"
        and one.name.endswith(f" on {kind}")
        and (" in schema " not in one.name or f" in schema {table.name.schema} " in one.name)
        for one in snapshot.rights
    )
