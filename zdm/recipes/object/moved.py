"""What moves of tables, views and routines to another schema have in common.

An object that is found by its bare name is found by the search_path of the session. Text that
names it does not follow it, and no check can tell the former schema from the new one in text.
"""

import re
from collections.abc import Iterator

from zdm.model.commands import SetSchema
from zdm.model.explained import choice as ways
from zdm.model.explained.choice import Choice, Trait
from zdm.model.plan import Check
from zdm.model.schema import Function, Name, Snapshot, Table, View
from zdm.model.sql import ident
from zdm.model.statement import Action
from zdm.parse import emit
from zdm.parse.emit import Constant
from zdm.recipes.object import in_place, naming
from zdm.schema import apply

_BREAKS = {
    "type": "casts and drivers of the old version find {} where it is, and a domain of that"
    " name would be another type",
    "sequence": "nextval('{}') of the old version would fail, and nothing can stand in for a"
    " sequence",
    "extension": "the functions, types and operators of {} all move at once, and nothing can"
    " stand in for them",
}
_MAY_MAKE = (
    "SELECT pg_catalog.has_schema_privilege({s}, 'CREATE')"
    " AND pg_catalog.has_schema_privilege({s}, 'USAGE')"
)
_OWNER_FINDS = (
    "SELECT pg_catalog.has_schema_privilege(c.relowner, {s}, 'USAGE')"
    " FROM pg_catalog.pg_class AS c WHERE c.oid = pg_catalog.to_regclass({t})"
)
_Problem = tuple[str, str]


def breaking(said: SetSchema) -> _Problem | None:
    """Why an object of these kinds is not moved."""
    if said.kind not in _BREAKS:
        return None
    return (
        f"{_BREAKS[said.kind].format('.'.join(said.words))}",
        "leave it where it is; if this migration makes it, write the schema in its CREATE; or,"
        " if the new version finds it where it is until the contract, put"
        " `-- zdm: run in contract -- reason` above it",
    )


def nowhere(
    one: Table | View | Function, new: Name, action: Action, snapshot: Snapshot
) -> Iterator[_Problem]:
    """Why the server would refuse it."""
    if new == one.name:
        yield "it is in that schema already", "remove the statement"
    elif new.schema not in snapshot.schemas:
        if not snapshot.opaque:
            yield f"there is no schema {new.schema}", "write CREATE SCHEMA above it"
    elif isinstance(one, Table) and _parts_collide(new, action, snapshot):
        yield (
            f"an index or sequence of it has a name that is in use in {new.schema}",
            "rename that in an earlier release",
        )


def _parts_collide(new: Name, action: Action, snapshot: Snapshot) -> bool:
    free = not in_place.is_taken(new, snapshot)
    return free and apply.apply(snapshot, action).table(new) is None


def in_text(name: Name, snapshot: Snapshot) -> Iterator[_Problem]:
    """Functions that name it where PostgreSQL does not look."""
    found = naming.functions(snapshot, name)
    if found:
        yield (
            "these name it in their text, and may find none when it is gone from the former"
            f" schema: {', '.join(found)}",
            in_place.KEEP,
        )


def numbers_in_text(table: Table, snapshot: Snapshot) -> Iterator[_Problem]:
    """Functions and defaults that name a sequence of it there."""
    for one in _owned(table, snapshot):
        found = naming.functions(snapshot, one)
        if found:
            yield (
                f"{one} moves with it, and these name it in their text, so they would fail for"
                f" both versions: {', '.join(found)}",
                in_place.KEEP,
            )
        defaults = tuple(_numbered_by_text(one, snapshot))
        if defaults:
            yield (
                f"{one} moves with it, and these name it as text, so they would fail for both"
                f" versions: {', '.join(defaults)}",
                f"SET DEFAULT nextval('{one}'::regclass) in an earlier release",
            )


def _numbered_by_text(one: Name, snapshot: Snapshot) -> Iterator[str]:
    """Defaults that look for a sequence by its name each time: nextval('…'::text)."""
    text = re.compile(rf"'([^']*\W)?{re.escape(one.name)}(\W[^']*)?'::text")
    for table in snapshot.tables:
        for column in table.columns:
            if text.search(column.default or ""):
                yield f"the default of {table.name}.{column.name}"


def made(name: Name) -> _Problem:
    """It is not in use yet, or no longer what it was."""
    return (
        f"this train makes {name} or replaces it, and moves it",
        "write the new schema in its CREATE, or move it in a later release",
    )


def sequences(table: Table, new: Name, snapshot: Snapshot) -> Iterator[_Problem]:
    """Those that move with the table, which no view can stand in for."""
    owned = _owned(table, snapshot)
    if owned:
        names = ", ".join(map(str, owned))
        yield (
            f"{names} moves with it: nextval() and currval() of the old version that name it"
            " fail from then on, while defaults, RETURNING and lastval() work",
            "let the old version take its keys from defaults or RETURNING, in an earlier"
            f" release, or have {new.schema} in its search_path",
        )


def _owned(table: Table, snapshot: Snapshot) -> tuple[Name, ...]:
    return tuple(s.name for s in snapshot.sequences if s.owner_table == table.name)


def bare(new: Name) -> _Problem:
    """Where the new version finds it."""
    return (
        f"once no old instance is left, {new} is found by its bare name only where"
        f" {new.schema} is in the search_path",
        f"let the new version write {new.sql}, or have the schema in its search_path",
    )


def may_make(schema: str) -> Check:
    """That the role that runs the plan can move something there, and find it."""
    return Check(
        sql=emit.sql(_MAY_MAKE, s=Constant(schema)),
        failure=f"the role that runs this plan may not make objects in schema {schema}",
        hint=f"GRANT USAGE, CREATE ON SCHEMA {ident(schema)} to it",
    )


def owner_finds(table: Table, schema: str, snapshot: Snapshot) -> tuple[Check, ...]:
    """That foreign keys from and to the table find it: PostgreSQL looks for its rows by name,
    with the rights of its owner (measured 14, 18)."""
    others = (c.references for t in snapshot.tables for c in t.constraints)
    if table.name not in others and not any(c.references for c in table.constraints):
        return ()
    return (
        Check(
            sql=emit.sql(_OWNER_FINDS, s=Constant(schema), t=Constant(table.name.sql)),
            failure=f"the owner of {table.name} has no USAGE on schema {schema}, and its"
            " foreign keys look for rows with the owner's rights, so writes would fail",
            hint=f"GRANT USAGE ON SCHEMA {ident(schema)} to the owner of {table.name.sql}",
        ),
    )


def choice(what: str, because: str) -> Choice:
    """The object is in both schemas meanwhile."""
    return ways.of(
        ways.way(
            "catalog",
            "SET SCHEMA, a change of the catalog alone",
            False,
            unless="every statement of the old version that names it would fail at once",
            wording="no statement: leave it where it is",
        ),
        ways.way(
            what,
            f"SET SCHEMA, and a {what} in the former schema until the old version is gone",
            True,
            Trait.WAITS,
            because=because,
        ),
    )
