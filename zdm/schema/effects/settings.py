"""What ALTER TABLE leaves of storage parameters and of attributes of columns."""

from msgspec.structs import replace

from zdm.model.commands import AlterTable, Change
from zdm.model.schema import Column, Snapshot, Table
from zdm.model.statement import Action, Fact
from zdm.parse.objects import settings
from zdm.schema import edits, family, lookup

_STORAGE = {"plain": "p", "external": "e", "extended": "x", "main": "m"}
BELOW = frozenset({Change.SET_STATISTICS, Change.SET_STORAGE})  # on children, too


def apply(snapshot: Snapshot, action: Action) -> Snapshot:
    """The table, and those below where it changes them."""
    table, said = lookup.table_of(snapshot, action), action.said
    if table is None or not isinstance(said, AlterTable):
        return snapshot
    for name in touched(table, said, action, snapshot):
        one = snapshot.require_table(name.name)
        snapshot = edits.put_table(snapshot, _changed(one, said, action))
    return snapshot


def touched(
    table: Table, said: AlterTable, action: Action, snapshot: Snapshot
) -> tuple[Table, ...]:
    """The tables that it changes, itself first."""
    only = isinstance(action.fact, Fact) and action.fact.only
    if only or said.change not in BELOW:
        return (table,)
    below = (snapshot.table(name) for name in family.below(snapshot, table.name))
    return (table, *(t for t in below if t is not None and t.column(said.name)))


def _changed(table: Table, said: AlterTable, action: Action) -> Table:
    match said.change:
        case Change.SET_OPTIONS:
            return replace(table, options=settings.merged(table.options, settings.of(action)))
        case Change.CLUSTER_ON:
            indexes = (replace(i, clustered=i.name == said.name) for i in table.indexes)
            return replace(table, indexes=tuple(indexes))
    column = table.column(said.name)
    return table if column is None else edits.with_column(table, _column(column, said, action))


def _column(column: Column, said: AlterTable, action: Action) -> Column:
    word = settings.word(settings.of(action)).lower()
    match said.change:
        case Change.SET_STATISTICS:
            return replace(column, statistics=int(word) if int(word or -1) >= 0 else None)
        case Change.SET_STORAGE:
            return replace(column, storage=_STORAGE.get(word))
        case Change.SET_COMPRESSION:
            return replace(column, compression={"pglz": "p", "lz4": "l"}.get(word))
        case Change.SET_COLUMN_OPTIONS:
            return replace(column, options=settings.merged(column.options, settings.of(action)))
    return column
