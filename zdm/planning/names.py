"""The names that an Action is about, that it makes, and that it removes."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct

from zdm.model.commands import AlterTable, Change, Work, WorkOn
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import (
    AddConstraint,
    CreateObject,
    CreateTable,
    IndexDefinition,
    RenameObject,
)
from zdm.parse.objects import maintenance
from zdm.schema import lookup, new_objects

_MAINTAINS = frozenset(
    {Work.ANALYZE, Work.VACUUM, Work.VACUUM_FULL, Work.REINDEX_INDEX, Work.REINDEX_TABLE}
)


class Key(Struct, frozen=True):
    """A name: of a table, or of a part of it."""

    kind: (
        str  # table, view, function, column, constraint, index, unique key, trigger, DEFAULT …
    )
    table: Name
    part: str = ""

    def __str__(self) -> str:
        if self.kind == "function":
            return f"function {self.table}({self.part})"
        if not self.part:
            return f"{self.kind} {self.table}"
        if self.kind == "column":
            return f"column {self.table}.{self.part}"
        if self.kind in ("DEFAULT", "NOT NULL"):
            return f"{self.kind} of {self.table}.{self.part}"
        return f"{self.kind} {self.part} of {self.table}"


IDENTITY = "replica identity of"  # where updates are published, each UPDATE needs one

_Made = Callable[[Fact, Name], Key]
MADE: Mapping[ActionKind, _Made] = {
    ActionKind.CREATE_TABLE: lambda _, table: Key("table", table),
    ActionKind.ADD_COLUMN: lambda fact, table: Key("column", table, fact.name),
    ActionKind.RENAME_COLUMN: lambda fact, table: Key("column", table, fact.new_name),
    ActionKind.RENAME_TABLE: lambda fact, table: Key(
        "table", Name(table.schema, fact.new_name)
    ),
    ActionKind.SET_SCHEMA: lambda fact, table: Key("table", Name(fact.new_name, table.name)),
    ActionKind.ADD_CONSTRAINT: lambda fact, table: Key("constraint", table, fact.name),
    ActionKind.RENAME_CONSTRAINT: lambda fact, table: Key("constraint", table, fact.new_name),
    ActionKind.CREATE_TRIGGER: lambda fact, table: Key("trigger", table, fact.name),
    ActionKind.CREATE_INDEX: lambda fact, table: index(table, fact.name),
    ActionKind.CREATE_VIEW: lambda _, view: Key("view", view),
}
_REMOVES_TABLE = frozenset(
    {ActionKind.DROP_TABLE, ActionKind.RENAME_TABLE, ActionKind.SET_SCHEMA}
)
_REMOVES_PART = (
    (frozenset({ActionKind.DROP_COLUMN, ActionKind.RENAME_COLUMN}), "column"),
    (frozenset({ActionKind.DROP_CONSTRAINT, ActionKind.RENAME_CONSTRAINT}), "constraint"),
    (frozenset({ActionKind.DROP_TRIGGER}), "trigger"),
)


def index(table: Name, name: str) -> Key:
    """An index has a name among the relations of its schema."""
    return Key("index", Name(table.schema, name))


def unique_key(table: Name, columns: Iterable[str]) -> Key:
    """Columns to which a foreign key can refer."""
    return Key("unique key", table, ", ".join(sorted(columns)))


def _keys(action: Action, table: Name) -> Iterator[Key]:
    """The unique keys that it makes; with USING INDEX the index is one already."""
    match action.said:
        case AddConstraint(constraint=says) if says.kind in ("unique", "primary key"):
            if says.columns:
                yield unique_key(table, says.columns)
        case IndexDefinition(unique=True, where=None) as says:
            if all(element.column for element in says.elements):
                yield unique_key(table, (element.column for element in says.elements))


def function(action: Action, snapshot: Snapshot) -> Key | None:
    """The function that it makes, which must be new."""
    said = action.said
    if not isinstance(said, CreateObject) or said.kind != "function" or said.replaces:
        return None
    new = new_objects.read(action, snapshot)
    return Key("function", new.name, ", ".join(new.arguments)) if new is not None else None


def renamed_index(action: Action, snapshot: Snapshot) -> tuple[Key, Key] | None:
    """The former and the new name of an index."""
    said = action.said
    if not isinstance(said, RenameObject) or said.kind != "index":
        return None
    here = lookup.found(lookup.relation(said.words), snapshot, action.statement.settings)
    return index(here, said.words[-1]), index(here, said.new_name)


def maintained(action: Action, snapshot: Snapshot) -> Iterator[Key]:
    """The table, columns or index that an ANALYZE, VACUUM or REINDEX names."""
    said = action.said
    if not isinstance(said, WorkOn) or said.work not in _MAINTAINS:
        return
    for relation in said.relations:
        name = lookup.found(relation, snapshot, action.statement.settings)
        if said.work is Work.REINDEX_INDEX:
            yield index(name, name.name)
            continue
        yield Key("table", name)
        yield from (Key("column", name, column) for column in maintenance.columns(action))


def makes(action: Action, snapshot: Snapshot) -> Iterator[Key]:
    """Names that exist after it."""
    fact, new = action.fact, function(action, snapshot)
    renamed = renamed_index(action, snapshot)
    if renamed is not None:
        yield renamed[1]
    if new is not None:
        yield new
    if not isinstance(fact, Fact) or fact.table is None:
        return
    made = MADE.get(fact.kind)
    if made is not None:
        yield made(fact, fact.table)
    if _identifies(action, fact):
        yield Key(IDENTITY, fact.table)
    yield from _keys(action, fact.table)
    if isinstance(action.said, CreateTable):
        yield from (Key("column", fact.table, c.name) for c in action.said.columns)


def _identifies(action: Action, fact: Fact) -> bool:
    """Whether it may change the replica identity of the table."""
    said = action.said
    says = isinstance(said, AlterTable) and said.change is Change.REPLICA_IDENTITY
    key = fact.constraint_kind == "primary key" or fact.kind is ActionKind.DROP_CONSTRAINT
    return says or key


def of(action: Action) -> Iterator[Key]:
    """The table that it is about, and the part of it."""
    fact = action.fact
    if isinstance(fact, Fact) and fact.table is not None:
        yield Key("table", fact.table)
        yield from (Key("column", fact.table, n) for n in (fact.name, fact.new_name) if n)


def removes(action: Action, snapshot: Snapshot) -> Iterator[Key]:
    """Names that do not exist after it."""
    fact, renamed = action.fact, renamed_index(action, snapshot)
    if renamed is not None:
        yield renamed[0]
    if not isinstance(fact, Fact) or fact.table is None:
        return
    if fact.kind in _REMOVES_TABLE:
        yield Key("table", fact.table)
    for kinds, key in _REMOVES_PART:
        if fact.kind in kinds:
            yield Key(key, fact.table, fact.name)
    yield from _gone_with(fact, snapshot)


def drops(action: Action) -> Iterator[Key]:
    """The column that it drops."""
    fact = action.fact
    if isinstance(fact, Fact) and fact.kind is ActionKind.DROP_COLUMN and fact.table:
        yield Key("column", fact.table, fact.name)


def _gone_with(fact: Fact, snapshot: Snapshot) -> Iterator[Key]:
    """Constraints and indexes that DROP COLUMN takes along."""
    table = snapshot.table(fact.table) if fact.table is not None else None
    if table is None or fact.kind is not ActionKind.DROP_COLUMN:
        return
    for constraint in table.constraints:
        if fact.name in constraint.columns:
            yield Key("constraint", table.name, constraint.name)
    for one in table.indexes:
        if fact.name in one.columns:
            yield index(table.name, one.name)


_SETTLES = {
    ActionKind.SET_DEFAULT: "DEFAULT",
    ActionKind.DROP_DEFAULT: "DEFAULT",
    ActionKind.SET_NOT_NULL: "NOT NULL",
    ActionKind.DROP_NOT_NULL: "NOT NULL",
}


def settles(action: Action) -> Key | None:
    """A property of a column that it sets, whatever it was before."""
    fact, said = action.fact, action.said
    if not isinstance(fact, Fact) or fact.table is None:
        return None
    if isinstance(said, AddConstraint) and said.constraint.kind == "not null":
        return Key("NOT NULL", fact.table, said.constraint.columns[0])
    kind = _SETTLES.get(fact.kind)
    return None if kind is None else Key(kind, fact.table, fact.name)


def alters(action: Action) -> Key | None:
    """The column of which it changes what no Snapshot knows: a statistics target, storage …"""
    fact = action.fact
    if not isinstance(fact, Fact) or fact.kind is not ActionKind.ALTER_TABLE_OTHER:
        return None
    return Key("column", fact.table, fact.name) if fact.table is not None else None
