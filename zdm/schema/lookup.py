"""The names of tables that a statement means, by the search_path in force."""

from collections.abc import Container

from msgspec import Struct

from zdm.model.catalog.indexed import having, named
from zdm.model.expression import Words
from zdm.model.schema import Function, Name, Sequence, Snapshot, Table, Type, View
from zdm.model.statement import Action, Fact, Setting
from zdm.model.syntax import CommentOn, RelationName
from zdm.schema import edits, generated_names, type_names

_Members = tuple[Table | View | Sequence | Type | Function, ...]


class Names(Struct, frozen=True):
    """The names of members of a Snapshot, asked one by one."""

    members: _Members
    more: tuple[_Members, ...] = ()

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, Name):
            return False
        there = named(self.members, name)
        return bool(there) or any(named(others, name) for others in self.more)


def table_of(snapshot: Snapshot, action: Action) -> Table | None:
    """The table that the Action changes, if it exists."""
    fact = action.fact
    if not isinstance(fact, Fact) or fact.table is None:
        return None
    return snapshot.table(fact.table)


def has(table: Table, *columns: str) -> bool:
    """Whether it has the columns, or may have them."""
    return bool(table.opaque) or all(table.column(column) is not None for column in columns)


def in_use(snapshot: Snapshot, name: Name, *, types: bool = False) -> bool:
    """Whether a relation has the name, or a type where it would get a row type."""
    if generated_names.is_relation(snapshot, name):
        return True
    return types and name in Names(snapshot.types)


def is_missing(snapshot: Snapshot, name: Name) -> bool:
    """Whether there is no such relation, nor a type, for all that is known."""
    return not (snapshot.opaque or in_use(snapshot, name, types=True))


def table_with_index(
    words: Words, snapshot: Snapshot, settings: tuple[Setting, ...]
) -> Table | None:
    """The table of the index that the words name."""
    tables = having(snapshot.tables, "index", words[-1])
    names = {Name(t.name.schema, words[-1]) for t in tables}
    name = among(relation(words), names, snapshot, settings)
    return next((t for t in tables if t.name.schema == name.schema), None)


def relation(words: Words) -> RelationName:
    """The relation that a list of words names."""
    return RelationName(schema=words[-2] if len(words) > 1 else "", name=words[-1])


def found(relation: RelationName, snapshot: Snapshot, settings: tuple[Setting, ...]) -> Name:
    """The existing table that it names, or the view that hides it; else the one it would
    make."""
    schemas = _schemas(relation, snapshot, settings)
    for schema in schemas:
        name = Name(schema, relation.name)
        if snapshot.table(name) is not None or named(snapshot.views, name):
            return name
    return Name(schemas[0], relation.name)


def made(relation: RelationName, snapshot: Snapshot, settings: tuple[Setting, ...]) -> Name:
    """The name that it gives to a new object."""
    return Name(_schemas(relation, snapshot, settings)[0], relation.name)


def among(
    relation: RelationName,
    names: Container[Name],
    snapshot: Snapshot,
    settings: tuple[Setting, ...],
) -> Name:
    """The first of the names that it means; else the one it would make."""
    for schema in _schemas(relation, snapshot, settings):
        if Name(schema, relation.name) in names:
            return Name(schema, relation.name)
    return made(relation, snapshot, settings)


def commented(
    said: CommentOn, snapshot: Snapshot, settings: tuple[Setting, ...]
) -> tuple[Table, str] | None:
    """The table that a COMMENT is on, and the name of its part; None where one of them does
    not exist."""
    kind, words = said.kind, said.words
    if kind not in edits.COMMENTED or not words:
        return None
    if kind == "index":
        name = words[-1]
        tables = having(snapshot.tables, "index", name)
        table = next((t for t in tables if len(words) == 1 or t.name.schema == words[0]), None)
        return (table, name) if table is not None else None
    part = "" if kind == "table" else words[-1]
    of = words[:-1] if part else words
    if not of:
        return None
    table = snapshot.table(found(relation(of), snapshot, settings))
    if table is None or (part and edits.part(table, kind, part) is None):
        return None
    return table, part


def _schemas(
    relation: RelationName, snapshot: Snapshot, settings: tuple[Setting, ...]
) -> tuple[str, ...]:
    if relation.schema:
        return (relation.schema,)
    known = snapshot.schemas
    path = [schema for schema in type_names.path(snapshot, settings) if schema in known]
    return tuple(path) or ("public",)
