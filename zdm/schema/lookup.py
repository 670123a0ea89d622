"""The names of tables that a statement means, by the search_path in force."""

from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Setting
from zdm.model.syntax import RelationName, Words
from zdm.schema import type_names


def relation(words: Words) -> RelationName:
    """The relation that a list of words type_names."""
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


def _schemas(
    relation: RelationName, snapshot: Snapshot, settings: tuple[Setting, ...]
) -> tuple[str, ...]:
    if relation.schema:
        return (relation.schema,)
    path = tuple(s for s in type_names.path(snapshot, settings) if s in snapshot.schemas)
    return path or ("public",)
