"""What an Action or a backfill needs of the schema that it meets."""

import re
from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from zdm.model.plan import Backfill
from zdm.model.schema import Index, Name, Snapshot, Table, Trigger
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import (
    AddColumn,
    AddConstraint,
    ConstraintDefinition,
    CreateObject,
    CreateTable,
    CreateTrigger,
    IndexDefinition,
    Insert,
    Update,
)
from zdm.parse import expressions
from zdm.planning import names
from zdm.planning.names import Key
from zdm.recipes.column import value_kind
from zdm.schema import generated_names, lookup, replication

_OF_COLUMN = frozenset(
    {
        ActionKind.DROP_COLUMN,
        ActionKind.RENAME_COLUMN,
        ActionKind.CHANGE_TYPE,
        ActionKind.SET_DEFAULT,
        ActionKind.DROP_DEFAULT,
        ActionKind.SET_NOT_NULL,
        ActionKind.DROP_NOT_NULL,
    }
)
_OF_CONSTRAINT = frozenset(
    {
        ActionKind.DROP_CONSTRAINT,
        ActionKind.VALIDATE_CONSTRAINT,
        ActionKind.RENAME_CONSTRAINT,
    }
)
_ON_TABLE = (
    _OF_COLUMN
    | _OF_CONSTRAINT
    | {
        ActionKind.ADD_COLUMN,
        ActionKind.ADD_CONSTRAINT,
        ActionKind.CREATE_INDEX,
        ActionKind.CREATE_TRIGGER,
        ActionKind.DROP_TRIGGER,
        ActionKind.COMMENT,
        ActionKind.GRANT,
        ActionKind.INSERT,
        ActionKind.UPDATE,
        ActionKind.DELETE,
        ActionKind.TRUNCATE,
        ActionKind.DROP_TABLE,
        ActionKind.RENAME_TABLE,
        ActionKind.SET_SCHEMA,
        ActionKind.ALTER_TABLE_OTHER,
    }
)
# A trigger whose WHEN names the column refuses these, and whose function does, the next write.
_CHANGES = frozenset({ActionKind.DROP_COLUMN, ActionKind.CHANGE_TYPE, ActionKind.RENAME_COLUMN})
_OWN = re.compile(r"^(zzz_)?zdm_")  # triggers of zdm
_FIELD = re.compile(r'\b(?:new|old)\.(?:"((?:[^"]|"")+)"|(\w+))', re.IGNORECASE)


class Kind(StrEnum):
    """What a need requires of a name."""

    EXISTS = "exists"
    FREE = "free"
    UNUSED = "unused"  # by a trigger of zdm's, or by a view
    SAME = "same"  # as in the schema that the step was planned for


class Need(Struct, frozen=True):
    """One need; `blocker` is what is in the way."""

    kind: Kind
    key: Key
    blocker: Key | None = None

    @property
    def unmet(self) -> str:
        """The half of a sentence that says that it is not met."""
        match self.kind:
            case Kind.EXISTS:
                return f"there is no {self.key}"
            case Kind.FREE:
                return f"{self.key} exists already"
            case Kind.SAME:
                return f"{self.key} is not what the statement was written for"
        own = "zdm's " if self.blocker is not None and self.blocker.kind == "trigger" else ""
        return f"{own}{self.blocker} still uses {self.key}"


_MAY_BE_THERE = frozenset({"column", "constraint", "unique key"})  # in an opaque table
_MUST_BE_FREE = frozenset(
    {
        ActionKind.ADD_COLUMN,
        ActionKind.ADD_CONSTRAINT,
        ActionKind.RENAME_COLUMN,
        ActionKind.RENAME_TABLE,
        ActionKind.SET_SCHEMA,
        ActionKind.RENAME_CONSTRAINT,
    }
)
_PARTS = (
    (_OF_COLUMN, "column"),
    (_OF_CONSTRAINT, "constraint"),
    (frozenset({ActionKind.DROP_TRIGGER}), "trigger"),
)


def of_action(action: Action, snapshot: Snapshot, planned: Snapshot) -> Iterator[Need]:
    """What the Action needs of the schema it meets; `planned` is the one it was planned for."""
    fact = action.fact
    yield from _of_copied(action, snapshot, planned)
    yield from _of_function(action, snapshot)
    yield from _of_key(action, snapshot)
    yield from _of_index(action, snapshot)
    yield from (Need(Kind.EXISTS, key) for key in names.maintained(action, snapshot))
    if not isinstance(fact, Fact) or fact.table is None:
        return
    if fact.kind is ActionKind.CREATE_TABLE:
        if not fact.if_exists:
            yield Need(Kind.FREE, Key("table", fact.table))
            yield from _references(action, snapshot)
        return
    if fact.kind not in _ON_TABLE or fact.if_exists:
        return
    yield Need(Kind.EXISTS, Key("table", fact.table))
    table = snapshot.table(fact.table)
    if table is not None:
        yield from _of_parts(action, fact, table, snapshot)
        for column in value_kind.unfit(action, table):
            yield Need(Kind.SAME, Key("column", table.name, column))


def _of_function(action: Action, snapshot: Snapshot) -> Iterator[Need]:
    key = names.function(action, snapshot)
    if key is not None:
        yield Need(Kind.FREE, key)


def _of_index(action: Action, snapshot: Snapshot) -> Iterator[Need]:
    """That an index which it renames is there, and its new name is free."""
    renamed = names.renamed_index(action, snapshot)
    if renamed is not None:
        yield from (Need(Kind.EXISTS, renamed[0]), Need(Kind.FREE, renamed[1]))


def _of_key(action: Action, snapshot: Snapshot) -> Iterator[Need]:
    """That no foreign key refers to the columns of a unique index that it drops."""
    for table, index in _dropped_indexes(action, snapshot):
        for other in snapshot.tables:
            for key in other.constraints:
                if key.references == table.name and {*key.referenced_columns} == {*index.keys}:
                    gone = Key("unique key", table.name, ", ".join(key.referenced_columns))
                    yield Need(Kind.UNUSED, gone, Key("constraint", other.name, key.name))
                    yield Need(Kind.UNUSED, gone, Key("table", other.name))


def _dropped_indexes(action: Action, snapshot: Snapshot) -> Iterator[tuple[Table, Index]]:
    fact = action.fact
    if not isinstance(fact, Fact):
        return
    drops = fact.kind in (ActionKind.DROP_INDEX, ActionKind.DROP_CONSTRAINT)
    name = fact.name.rpartition(".")[2]
    for table in snapshot.tables if drops else ():
        for index in table.indexes:
            here = index.name if fact.kind is ActionKind.DROP_INDEX else index.constraint
            if index.unique and here == name and fact.table in (None, table.name):
                yield table, index


def _of_copied(action: Action, snapshot: Snapshot, planned: Snapshot) -> Iterator[Need]:
    """Columns that it takes over by no name: LIKE, INHERITS, `*`, INSERT without columns."""
    for name in _copied(action, snapshot):
        here, there = snapshot.table(name), planned.table(name)
        if here is None or there is None or here is there:
            continue
        first, second = _columns_of(here, action), _columns_of(there, action)
        for column, _ in sorted({*first} ^ {*second}):
            yield Need(Kind.SAME, Key("column", name, column))
        if first != second:
            yield Need(Kind.SAME, Key("table", name))


def _copied(action: Action, snapshot: Snapshot) -> tuple[Name, ...]:
    settings = action.statement.settings
    match action.said:
        case CreateTable(likes=likes, parents=parents):
            relations = (*(like.relation for like in likes), *parents)
        case CreateObject(query=query, reads=reads) if query is not None:
            relations = reads if expressions.every_column(query) else ()
        case Insert(table=table, columns=()):
            relations = (table,)
        case _:
            return ()
    return tuple(lookup.found(relation, snapshot, settings) for relation in relations)


def _columns_of(table: Table, action: Action) -> list[tuple[str, str]]:
    """What counts of each column: a new table takes NOT NULL over, too."""
    every = isinstance(action.said, CreateTable)
    return [(c.name, f"{c.type}{every and c.not_null}") for c in table.columns]


def _of_parts(action: Action, fact: Fact, table: Table, snapshot: Snapshot) -> Iterator[Need]:
    name = table.name
    for kinds, key in _PARTS:
        if fact.kind in kinds:
            yield Need(Kind.EXISTS, Key(key, name, fact.name))
    made = names.MADE.get(fact.kind)
    if made is not None and fact.kind in _MUST_BE_FREE:
        yield Need(Kind.FREE, made(fact, name))
    yield from (Need(Kind.EXISTS, Key("column", name, c)) for c in _columns(action))
    yield from _references(action, snapshot)
    if fact.kind is ActionKind.CREATE_INDEX and fact.name:
        yield Need(Kind.FREE, names.index(name, fact.name))
    yield from _unused(fact, table, snapshot)


def _unused(fact: Fact, table: Table, snapshot: Snapshot) -> Iterator[Need]:
    """That nothing uses what it changes in a way that would fail."""
    if fact.kind in (ActionKind.RENAME_TABLE, ActionKind.SET_SCHEMA):
        for blocker in _naming(table.name, snapshot):
            yield Need(Kind.UNUSED, Key("table", table.name), blocker)
    if fact.kind in _CHANGES:
        for blocker in _users(fact, table, snapshot):
            yield Need(Kind.UNUSED, Key("column", table.name, fact.name), blocker)


def _naming(table: Name, snapshot: Snapshot) -> Iterator[Key]:
    """Functions whose text has the table's name, which does not follow it."""
    word = re.compile(rf"(?<!\w){re.escape(table.name)}(?!\w)", re.IGNORECASE)
    for function in snapshot.functions:
        if not _OWN.match(function.name.name) and word.search(function.definition):
            yield Key("function", function.name, function.arguments)


def _users(fact: Fact, table: Table, snapshot: Snapshot) -> Iterator[Key]:
    """Triggers of zdm's that use the column, and views that do, which follow a new name."""
    for trigger in table.triggers:
        if _OWN.match(trigger.name) and fact.name in _used(trigger, snapshot):
            yield Key("trigger", table.name, trigger.name)
    if fact.kind is not ActionKind.RENAME_COLUMN and not fact.cascade:
        for view in snapshot.views:
            if (table.name, fact.name) in view.uses:
                yield Key("view", view.name)
    column = table.column(fact.name)
    if column is not None and column.default is not None:
        yield from _unique(fact, table)


def _unique(fact: Fact, table: Table) -> Iterator[Key]:
    """Unique indexes that refuse a second row of a version which leaves the column out."""
    for index in table.indexes if fact.kind is ActionKind.DROP_COLUMN else ():
        if index.unique and fact.name in index.columns:
            yield names.index(table.name, index.name)


def _columns(action: Action) -> Iterator[str]:
    """Columns of its table that the statement names beyond the one it is about."""
    match action.said:
        case AddConstraint(constraint=constraint):
            yield from constraint.columns
        case IndexDefinition() as index:
            yield from (e.column for e in (*index.elements, *index.included) if e.column)
            for expression in (*(e.expression for e in index.elements), index.where):
                if expression is not None:
                    yield from expressions.columns(expression)
        case CreateTrigger(columns=columns):
            yield from columns


def _references(action: Action, snapshot: Snapshot) -> Iterator[Need]:
    """The tables that its foreign keys refer to, and a unique key on the columns."""
    for says in _constraints(action):
        if says.references is None:
            continue
        parent = lookup.found(says.references, snapshot, action.statement.settings)
        if isinstance(action.said, AddConstraint):
            yield Need(Kind.EXISTS, Key("table", parent))
        if says.referenced_columns and snapshot.table(parent) is not None:
            yield Need(Kind.EXISTS, names.unique_key(parent, says.referenced_columns))


def _constraints(action: Action) -> tuple[ConstraintDefinition, ...]:
    match action.said:
        case AddConstraint(constraint=says):
            return (says,)
        case AddColumn(column=column):
            return column.constraints
        case CreateTable(columns=columns, constraints=constraints):
            return (*(c for column in columns for c in column.constraints), *constraints)
    return ()


def of_backfill(step: Backfill, snapshot: Snapshot, planned: Snapshot) -> Iterator[Need]:
    """What a backfill needs: its table, its key, what it reads and what it sets, of the types
    that it was planned for. Its preconditions ask for its own trigger alone."""
    here, there = snapshot.table(step.table), planned.table(step.table)
    yield Need(Kind.EXISTS, Key("table", step.table))
    yield Need(Kind.EXISTS, Key(names.IDENTITY, step.table))
    read = [expressions.read(a.expression) for a in step.assignments]
    read += [expressions.read(step.differs)]
    used = [c for expression in read for c in expressions.columns(expression)]
    for column in dict.fromkeys([*step.key, *(a.column for a in step.assignments), *used]):
        yield Need(Kind.EXISTS, Key("column", step.table, column))
        one, other = (t.column(column) if t is not None else None for t in (here, there))
        if one is not None and other is not None and one.type != other.type:
            yield Need(Kind.SAME, Key("column", step.table, column))
    if step.copy is not None:
        yield Need(Kind.EXISTS, Key("table", step.copy.table))
        for column in step.copy.columns:
            yield Need(Kind.EXISTS, Key("column", step.copy.table, column))


def met(need: Need, snapshot: Snapshot) -> bool:
    """Whether the schema gives it; what may exist unseen is not held against anybody."""
    if need.kind in (Kind.UNUSED, Kind.SAME):
        return False
    there = _exists(need.key, snapshot)
    return not there if need.kind is Kind.FREE else there


def _exists(key: Key, snapshot: Snapshot) -> bool:
    if key.kind == "function":
        return any((f.name, f.arguments) == (key.table, key.part) for f in snapshot.functions)
    if key.kind == "index":
        return key.table.name in generated_names.taken(snapshot, key.table.schema)
    table = snapshot.table(key.table)
    if key.kind == names.IDENTITY:
        return table is None or replication.takes_updates(table, snapshot)
    if key.kind == "table" or table is None:
        return table is not None or any(v.name == key.table for v in snapshot.views)
    return _seen(key, table) or (key.kind in _MAY_BE_THERE and bool(table.opaque))


def _seen(key: Key, table: Table) -> bool:
    match key.kind:
        case "column":
            return table.column(key.part) is not None
        case "constraint":
            return table.constraint(key.part) is not None
        case "unique key":
            return any(_is_on(index, key.part) for index in table.indexes)
    return any(t.name == key.part for t in table.triggers)


def _is_on(index: Index, columns: str) -> bool:
    """Whether a foreign key can refer to its columns."""
    keys = [key for key in index.keys if key is not None]
    whole = index.unique and index.predicate is None and len(keys) == len(index.keys)
    return whole and ", ".join(sorted(keys)) == columns


def hidden(action: Action, snapshot: Snapshot) -> tuple[Key, str] | None:
    """What the Action names and the Snapshot does not show, although it may be there, and the
    place of the statement that may have made it."""
    for key in _named(action, snapshot):
        table = snapshot.table(key.table)
        if table is None and not snapshot.opaque:
            continue
        if table is None and not _exists(key, snapshot):
            return key, snapshot.opaque
        if table is not None and key.part and not _seen(key, table):
            place = table.opaque or snapshot.opaque
            if place:
                return key, place
    return None


def _named(action: Action, snapshot: Snapshot) -> Iterator[Key]:
    for need in of_action(action, snapshot, snapshot):
        if need.kind is Kind.EXISTS:
            yield need.key
    table = action.fact.table if isinstance(action.fact, Fact) else None
    if isinstance(action.said, Update) and table is not None:
        yield from (Key("column", table, a.column) for a in action.said.assignments)


def _used(trigger: Trigger, snapshot: Snapshot) -> frozenset[str]:
    """Columns that the trigger depends on, and those that its function names."""
    texts = [f.definition for f in snapshot.functions if f.name == trigger.function]
    named = {
        quoted.replace('""', '"') or plain.lower()
        for text in texts
        for quoted, plain in _FIELD.findall(text)
    }
    return frozenset(trigger.columns) | named
