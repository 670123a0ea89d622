"""What CREATE and DROP PUBLICATION leave: the publication, its tables, and the columns that a
list or a row filter holds."""

from collections.abc import Iterator

from msgspec.structs import replace

from zdm.model.catalog.database import Publication
from zdm.model.schema import Dependent, Name, Snapshot
from zdm.model.statement import Action
from zdm.model.syntax import RelationName
from zdm.parse.objects import publications
from zdm.parse.objects.publications import Part
from zdm.schema import edits, lookup, type_names


def create(snapshot: Snapshot, action: Action) -> Snapshot:
    """CREATE PUBLICATION; one whose name is taken or whose tables are not there the server
    refuses. What ALTER PUBLICATION changes is not known."""
    if not publications.creates(action) or there(snapshot, publications.name(action)):
        return snapshot
    found = tuple(of(action, snapshot))
    if any(snapshot.table(name) is None for name, _ in found):
        return snapshot
    made = Publication(
        name=publications.name(action),
        definition=publications.printed(action, tuple(name for name, _ in found)),
        all_tables=publications.of_all_tables(action),
        schemas=publications.schemas(action),
    )
    every = sorted((*snapshot.publications, made), key=lambda one: one.name)
    snapshot = replace(snapshot, publications=tuple(every))
    for name, part in found:
        snapshot = _published(snapshot, name, part, made.name)
    return snapshot


def of(action: Action, snapshot: Snapshot) -> Iterator[tuple[Name, Part]]:
    """The tables that a CREATE PUBLICATION names, by their full names; else none."""
    settings = action.statement.settings
    if not publications.creates(action):
        return
    for part in publications.named(action):
        relation = RelationName(schema=part.table.schema, name=part.table.name)
        yield lookup.found(relation, snapshot, settings), part


def there(snapshot: Snapshot, name: str) -> Publication | None:
    """The publication of that name."""
    return next((one for one in snapshot.publications if one.name == name), None)


def without(snapshot: Snapshot, name: str) -> Snapshot:
    """DROP PUBLICATION."""
    kept = tuple(one for one in snapshot.publications if one.name != name)
    for table in snapshot.tables:
        if name in table.publications:
            described = _described(table.name, name)
            left = replace(
                table,
                publications=tuple(one for one in table.publications if one != name),
                dependents=tuple(d for d in table.dependents if d.name != described),
            )
            snapshot = edits.put_table(snapshot, left)
    return replace(snapshot, publications=kept)


def _published(snapshot: Snapshot, name: Name, part: Part, publication: str) -> Snapshot:
    table = snapshot.require_table(name)
    added = tuple(
        Dependent(
            column=column, kind="publication", name=_described(name, publication), blocks=True
        )
        for column in dict.fromkeys((*part.columns, *part.filtered))
    )
    published = tuple(sorted({*table.publications, publication}))
    dependents = (*table.dependents, *added)
    return edits.put_table(
        snapshot, replace(table, publications=published, dependents=dependents)
    )


def _described(table: Name, publication: str) -> str:
    """As the server describes it under an empty search_path."""
    return (
        f"publication of table {type_names.str_qualified(table)} in publication {publication}"
    )
