"""What an Action or a backfill needs of the schema, what it makes, and what it removes."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from zdm.model.plan import Backfill
from zdm.model.schema import Name, Snapshot, Table, Trigger
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import (
    AddConstraint,
    CreateTable,
    CreateTrigger,
    IndexDefinition,
)
from zdm.parse import expressions
from zdm.schema import generated_names, lookup

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
# A trigger whose WHEN names the column makes these an error, and one whose function names it
# fails the application's next write.
_CHANGES = frozenset({ActionKind.DROP_COLUMN, ActionKind.CHANGE_TYPE, ActionKind.RENAME_COLUMN})
_OWN = re.compile(r"^(zzz_)?zdm_")  # triggers of zdm
_FIELD = re.compile(r'\b(?:new|old)\.(?:"((?:[^"]|"")+)"|(\w+))', re.IGNORECASE)


class Kind(StrEnum):
    """What a need asks of a name."""

    EXISTS = "exists"
    FREE = "free"
    UNUSED = "unused"  # by a trigger of zdm's


@dataclass(frozen=True, slots=True)
class Key:
    """A name: of a table, or of a part of it."""

    kind: str  # table, column, constraint, index, trigger
    table: Name
    part: str = ""

    def __str__(self) -> str:
        if self.kind == "table":
            return f"table {self.table}"
        if self.kind == "column":
            return f"column {self.table}.{self.part}"
        return f"{self.kind} {self.part} of {self.table}"


@dataclass(frozen=True, slots=True)
class Need:
    """One need; `blocker` is the trigger that is in the way."""

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
                return f"there is a {self.key} already"
        return f"zdm's {self.blocker} still uses {self.key}"


_Made = Callable[[Fact, Name], Key]
_MADE: Mapping[ActionKind, _Made] = {
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
}
_MUST_BE_FREE = frozenset(
    {
        ActionKind.ADD_COLUMN,
        ActionKind.RENAME_COLUMN,
        ActionKind.RENAME_TABLE,
        ActionKind.SET_SCHEMA,
    }
)
_PARTS = (
    (_OF_COLUMN, "column"),
    (_OF_CONSTRAINT, "constraint"),
    (frozenset({ActionKind.DROP_TRIGGER}), "trigger"),
)
_REMOVES_TABLE = frozenset(
    {ActionKind.DROP_TABLE, ActionKind.RENAME_TABLE, ActionKind.SET_SCHEMA}
)
_REMOVES_PART = (
    (frozenset({ActionKind.DROP_COLUMN, ActionKind.RENAME_COLUMN}), "column"),
    (frozenset({ActionKind.DROP_CONSTRAINT, ActionKind.RENAME_CONSTRAINT}), "constraint"),
    (frozenset({ActionKind.DROP_TRIGGER}), "trigger"),
)


def of_action(action: Action, snapshot: Snapshot) -> Iterator[Need]:
    """What the Action needs of the schema it meets."""
    fact = action.fact
    if not isinstance(fact, Fact) or fact.table is None:
        return
    if fact.kind is ActionKind.CREATE_TABLE:
        if not fact.if_exists:
            yield Need(Kind.FREE, Key("table", fact.table))
        return
    if fact.kind not in _ON_TABLE or fact.if_exists:
        return
    yield Need(Kind.EXISTS, Key("table", fact.table))
    table = snapshot.table(fact.table)
    if table is not None:
        yield from _of_parts(action, fact, table, snapshot)


def _of_parts(action: Action, fact: Fact, table: Table, snapshot: Snapshot) -> Iterator[Need]:
    name = table.name
    for kinds, key in _PARTS:
        if fact.kind in kinds:
            yield Need(Kind.EXISTS, Key(key, name, fact.name))
    made = _MADE.get(fact.kind)
    if made is not None and fact.kind in _MUST_BE_FREE:
        yield Need(Kind.FREE, made(fact, name))
    yield from (Need(Kind.EXISTS, Key("column", name, c)) for c in _columns(action))
    yield from _references(action, snapshot)
    if fact.kind in _CHANGES:
        for trigger in table.triggers:
            if _OWN.match(trigger.name) and fact.name in _used(trigger, snapshot):
                blocker = Key("trigger", name, trigger.name)
                yield Need(Kind.UNUSED, Key("column", name, fact.name), blocker)


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
    said = action.said
    if isinstance(said, AddConstraint) and said.constraint.references is not None:
        settings = action.statement.settings
        parent = lookup.found(said.constraint.references, snapshot, settings)
        yield Need(Kind.EXISTS, Key("table", parent))


def of_backfill(step: Backfill) -> Iterator[Need]:
    """What a backfill needs: its table, its key, what it reads and what it sets."""
    yield Need(Kind.EXISTS, Key("table", step.table))
    read = [expressions.read(a.expression) for a in step.assignments]
    read += [expressions.read(step.differs)]
    used = [c for expression in read for c in expressions.columns(expression)]
    for column in dict.fromkeys([*step.key, *(a.column for a in step.assignments), *used]):
        yield Need(Kind.EXISTS, Key("column", step.table, column))


def met(need: Need, snapshot: Snapshot) -> bool:
    """Whether the schema gives it; what may exist unseen is not held against anybody."""
    if need.kind is Kind.UNUSED:
        return False
    there = _exists(need.key, snapshot)
    return not there if need.kind is Kind.FREE else there


def _exists(key: Key, snapshot: Snapshot) -> bool:
    table = snapshot.table(key.table)
    if key.kind == "table" or table is None:
        return table is not None or any(v.name == key.table for v in snapshot.views)
    match key.kind:
        case "column":
            return table.column(key.part) is not None or table.opaque
        case "constraint":
            return table.constraint(key.part) is not None or table.opaque
        case "trigger":
            return any(t.name == key.part for t in table.triggers)
    return key.part in generated_names.taken(snapshot, key.table.schema)


def _used(trigger: Trigger, snapshot: Snapshot) -> frozenset[str]:
    """Columns that the trigger depends on, and those that its function names."""
    texts = [f.definition for f in snapshot.functions if f.name == trigger.function]
    named = {
        quoted.replace('""', '"') or plain.lower()
        for text in texts
        for quoted, plain in _FIELD.findall(text)
    }
    return frozenset(trigger.columns) | named


def makes(action: Action) -> Iterator[Key]:
    """Names that exist after it."""
    fact = action.fact
    if not isinstance(fact, Fact) or fact.table is None:
        return
    made = _MADE.get(fact.kind)
    if made is not None:
        yield made(fact, fact.table)
    if isinstance(action.said, CreateTable):
        yield from (Key("column", fact.table, c.name) for c in action.said.columns)


def removes(action: Action, snapshot: Snapshot) -> Iterator[Key]:
    """Names that do not exist after it."""
    fact = action.fact
    if not isinstance(fact, Fact) or fact.table is None:
        return
    if fact.kind in _REMOVES_TABLE:
        yield Key("table", fact.table)
    for kinds, key in _REMOVES_PART:
        if fact.kind in kinds:
            yield Key(key, fact.table, fact.name)
    yield from _gone_with(fact, snapshot)


def _gone_with(fact: Fact, snapshot: Snapshot) -> Iterator[Key]:
    """Constraints that DROP COLUMN takes along."""
    table = snapshot.table(fact.table) if fact.table is not None else None
    if table is None or fact.kind is not ActionKind.DROP_COLUMN:
        return
    for constraint in table.constraints:
        if fact.name in constraint.columns:
            yield Key("constraint", table.name, constraint.name)
