"""What CREATE STATISTICS leaves: the object, and the columns that it is about."""

from msgspec.structs import replace

from zdm.model.schema import Dependent, Name, Snapshot, Table
from zdm.model.statement import Action
from zdm.parse.objects import statistics
from zdm.schema import edits, generated_names, lookup


def create(snapshot: Snapshot, action: Action) -> Snapshot:
    """CREATE STATISTICS; on a table that has other columns the server refuses it."""
    table = lookup.table_of(snapshot, action)
    if table is None or lacking(action, table) or there(action, table, snapshot):
        return snapshot
    made = name(action, table, snapshot)
    text = statistics.printed(action, made, table.name)
    words = text.removeprefix("CREATE STATISTICS ").partition(" ON ")[0].partition(" (")[0]
    described = f"statistics object {words}"
    added = tuple(
        Dependent(column=column, kind="statistics", name=described, blocks=False)
        for column in statistics.columns(action)
    )
    found = tuple(sorted((*table.statistics, text)))
    dependents = (*table.dependents, *added)
    return edits.put_table(snapshot, replace(table, statistics=found, dependents=dependents))


def name(action: Action, table: Table, snapshot: Snapshot) -> Name:
    """Its name, also the one that PostgreSQL chooses."""
    words = statistics.named(action)
    if words:
        return lookup.made(lookup.relation(words), snapshot, action.statement.settings)
    parts = generated_names.numbered(statistics.parts(action))
    taken = {one.name for one in _all(snapshot) if one.schema == table.name.schema}
    chosen = generated_names.chosen(table.name, parts, "stat", taken)
    return Name(table.name.schema, chosen)


def there(action: Action, table: Table, snapshot: Snapshot) -> bool:
    """Whether an object of its name is there."""
    return name(action, table, snapshot) in _all(snapshot)


def lacking(action: Action, table: Table) -> str:
    """A column that it names and the table has not."""
    known = () if table.opaque else statistics.columns(action)
    return next((c for c in known if table.column(c) is None), "")


def _all(snapshot: Snapshot) -> frozenset[Name]:
    found = (statistics.name(text) for t in snapshot.tables for text in t.statistics)
    return frozenset(
        Name(words[0] if len(words) > 1 else "public", words[-1]) for words in found
    )
