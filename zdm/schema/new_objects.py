"""Schemas, types, domains, extensions, sequences, views and functions that a train makes:
their names, whether they are there, and what they leave in the schema."""

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.catalog.database import Extension
from zdm.model.catalog.indexed import exchanged, spliced
from zdm.model.expression import Words
from zdm.model.schema import (
    Dependent,
    Function,
    Name,
    Snapshot,
    Type,
    View,
    Volatility,
)
from zdm.model.statement import Action, Setting, Statement
from zdm.model.syntax import CreateObject, SequenceOptions
from zdm.parse import expressions, types
from zdm.schema import edits, lookup, sequences, signatures

_VOLATILITIES = {"immutable": Volatility.IMMUTABLE, "stable": Volatility.STABLE}


class NewObject(Struct, frozen=True, kw_only=True):
    """`name` of a schema or extension has no schema of its own."""

    kind: str
    name: Name
    arguments: tuple[str, ...] = ()  # types of a routine's input arguments


def read(action: Action, snapshot: Snapshot) -> NewObject | None:
    """What the statement makes; None for what zdm does not make (an aggregate, a base type)."""
    says, settings = action.said, action.statement.settings
    if not isinstance(says, CreateObject) or not says.words:
        return None
    if says.temporary or says.with_elements:
        return None
    if says.kind in ("schema", "extension"):
        name = Name("", says.words[-1])
    else:
        name = lookup.made(lookup.relation(says.words), snapshot, settings)
    arguments = tuple(types.sql(t) for t in says.arguments)
    return NewObject(kind=says.kind, name=name, arguments=arguments)


def exists(new: NewObject, snapshot: Snapshot) -> bool:
    """Whether one of that name is there. A function of that name may be another overload,
    but the types' spelling alone does not show it."""
    match new.kind:
        case "schema":
            return new.name.name in snapshot.schemas
        case "extension":
            known = {e.name for e in snapshot.extensions} | {"plpgsql"}  # always there
            return new.name.name in known
        case "sequence":
            return new.name in lookup.Names(snapshot.sequences)
        case "view" | "materialized view":
            return new.name in lookup.Names(snapshot.views)
        case "function" | "procedure":
            return new.name in lookup.Names(snapshot.functions)
        case _:
            return new.name in lookup.Names(snapshot.types)


def put(snapshot: Snapshot, new: NewObject, action: Action) -> Snapshot:
    """The Snapshot with it."""
    says, statement = action.said, action.statement
    if not isinstance(says, CreateObject):
        return snapshot
    match new.kind:
        case "schema":
            return replace(snapshot, schemas=tuple(sorted({*snapshot.schemas, new.name.name})))
        case "extension":
            extension = Extension(name=new.name.name, schema="public", version="")
            installed = (*snapshot.extensions, extension)
            return edits.unknown(replace(snapshot, extensions=installed), action)
        case "sequence":
            return _with_sequence(snapshot, new.name, says, statement.settings)
        case "view" | "materialized view":
            return _with_view(snapshot, new, says, statement)
        case "function" | "procedure":
            function = _function(new, says, statement)
            last = len(snapshot.functions)
            functions = spliced(snapshot.functions, last, last, function)
            return replace(snapshot, functions=functions)
        case _:
            last, made = len(snapshot.types), _type(new, says, statement)
            return replace(snapshot, types=spliced(snapshot.types, last, last, made))


def _with_sequence(
    snapshot: Snapshot, name: Name, says: CreateObject, settings: tuple[Setting, ...]
) -> Snapshot:
    words = says.owner
    found = owner(words, name, snapshot, settings)
    if words and found is None:
        return snapshot
    table, column = found if found is not None else (None, None)
    made = sequences.made(name, says.sequence or SequenceOptions())
    owned = replace(made, owner_table=table, owner_column=column, created=True)
    return edits.put_sequence(snapshot, owned)


def owner(
    words: Words, sequence: Name, snapshot: Snapshot, settings: tuple[Setting, ...]
) -> tuple[Name, str] | None:
    """The column of OWNED BY; None where there is none, or it cannot own the sequence."""
    if len(words) < 2:
        return None
    table = snapshot.table(lookup.found(lookup.relation(words[:-1]), snapshot, settings))
    if table is None or table.name.schema != sequence.schema:
        return None
    return (table.name, words[-1]) if lookup.has(table, words[-1]) else None


def _type(new: NewObject, says: CreateObject, statement: Statement) -> Type:
    return Type(
        name=new.name,
        kind=new.kind,
        definition=statement.sql,
        labels=says.labels,
        constrained=says.constrained,
        created=True,
    )


def replaced(snapshot: Snapshot, there: Function, action: Action) -> Snapshot:
    """After CREATE OR REPLACE of a routine, which keeps its rights and its comment; without OR
    REPLACE, and where the two differ in what cannot be changed, the server refuses."""
    says, statement = action.said, action.statement
    if not isinstance(says, CreateObject) or not says.replaces:
        return snapshot
    old = signatures.of_function(there, snapshot)
    if old is None or signatures.problem(
        old, signatures.of(says, snapshot, statement.settings)
    ):
        return snapshot
    made = replace(
        there,
        definition=statement.sql,
        language=says.language or "sql",
        volatility=_VOLATILITIES.get(says.volatility, Volatility.VOLATILE),
        changed=True,
    )
    return replace(snapshot, functions=exchanged(snapshot.functions, there, made))


def _function(new: NewObject, says: CreateObject, statement: Statement) -> Function:
    return Function(
        name=new.name,
        arguments=", ".join(new.arguments),
        definition=statement.sql,
        language=says.language or "sql",
        volatility=_VOLATILITIES.get(says.volatility, Volatility.VOLATILE),
        changed=True,
        created=True,
    )


def _with_view(
    snapshot: Snapshot, new: NewObject, says: CreateObject, statement: Statement
) -> Snapshot:
    """The view, and on each table it reads the columns that it depends on."""
    mentioned = set(expressions.columns(says.query)) if says.query is not None else set()
    every = says.query is not None and expressions.every_column(says.query)
    uses: list[tuple[Name, str]] = []
    known = lookup.Names(snapshot.tables, (snapshot.views,))
    read = {lookup.among(r, known, snapshot, statement.settings) for r in says.reads}
    for name in sorted(name for name in read if name in known):
        table = snapshot.table(name)
        if table is None:  # columns of views are not known
            uses.append((name, ""))
            continue
        used = [c.name for c in table.columns if every or c.name in mentioned]
        uses += [(name, column) for column in used or ("",)]
        blocked = tuple(
            Dependent(
                column=c, kind=new.kind, name=f"{new.name.schema}.{new.name.name}", blocks=True
            )
            for c in used
        )
        table = replace(table, dependents=(*table.dependents, *blocked))
        snapshot = edits.put_table(snapshot, table)
    view = View(
        name=new.name, kind=new.kind, definition=statement.sql, uses=tuple(sorted(uses))
    )
    return edits.put_view(snapshot, view)
