"""The names of tables that a statement means, by the search_path in force."""

from collections.abc import Collection

from zdm.model.expression import Words
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import Setting
from zdm.model.syntax import CommentOn, RelationName
from zdm.schema import edits, type_names


def relation(words: Words) -> RelationName:
    """The relation that a list of words names."""
    return RelationName(schema=words[-2] if len(words) > 1 else "", name=words[-1])


def found(relation: RelationName, snapshot: Snapshot, settings: tuple[Setting, ...]) -> Name:
    """The existing table that it names; else the one it would make."""
    for schema in _schemas(relation, snapshot, settings):
        name = Name(schema, relation.name)
        if snapshot.table(name) is not None:
            return name
    return made(relation, snapshot, settings)


def made(relation: RelationName, snapshot: Snapshot, settings: tuple[Setting, ...]) -> Name:
    """The name that it gives to a new object."""
    return Name(_schemas(relation, snapshot, settings)[0], relation.name)


def among(
    relation: RelationName,
    names: Collection[Name],
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
        tables = (t for t in snapshot.tables if any(i.name == name for i in t.indexes))
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
    path = tuple(s for s in type_names.path(snapshot, settings) if s in snapshot.schemas)
    return path or ("public",)
