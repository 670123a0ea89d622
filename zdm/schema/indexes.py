"""What CREATE INDEX leaves."""

from zdm.model.schema import Index, Snapshot
from zdm.model.statement import Action
from zdm.model.syntax import IndexDefinition
from zdm.parse import expressions, rewrite
from zdm.schema import default_name, edits, generated_names
from zdm.schema.columns import named_table


def create(snapshot: Snapshot, action: Action) -> Snapshot:
    """The table with the index; a name that only PostgreSQL knows makes the table opaque."""
    table, said = named_table(snapshot, action), action.said
    if table is None or not isinstance(said, IndexDefinition):
        return snapshot
    name = said.name or default_name.chosen(said, table.name, snapshot)
    if name is None or table.kind == "partitioned table":
        snapshot = edits.put_table(snapshot, edits.opaque(table))
    if name is None or name in generated_names.taken(snapshot, table.name.schema):
        return snapshot
    inside = [e.expression for e in said.elements] + [said.where]
    named = [e.column for e in (*said.elements, *said.included) if e.column]
    used = sorted({c for e in inside if e is not None for c in expressions.columns(e)})
    index = Index(
        name=name,
        definition=rewrite.create_index(said, table.name, name),
        keys=tuple(e.column or None for e in said.elements),
        columns=tuple(dict.fromkeys([*named, *used])),
        unique=said.unique,
        predicate=expressions.sql(said.where) if said.where is not None else None,
    )
    return edits.put_index(snapshot, table.name, index)
