"""What the application does because the plan's hazards say so: each habit is a remedy that a
hazard names, so an application that keeps to them must never notice the plan.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.adversary.kinds import BY_NAME
from zdm.model.operation import Operation
from zdm.model.plan import Side
from zdm.model.schema import Column, Name, Snapshot, Table
from zdm.operations.column.add_column import AddColumn
from zdm.operations.column.change_default import ChangeDefault
from zdm.operations.column.rename_column import RenameColumn
from zdm.operations.table.rename_table import RenameTable
from zdm.operations.type.change_type import ChangeType
from zdm.operations.type.retype_column import RetypeColumn
from zdm.operations.type.widen_integer import WidenInteger
from zdm.planning.classify import Placed
from zdm.recipes.trigger import computed_column
from zdm.recipes.type.catalog_type import CatalogType
from zdm.schema import type_change


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """Of one column: `sent` in each INSERT of these versions; `not_null`: by the new version
    with a value; `reads`: columns that the new version writes only with this one."""

    table: Name
    column: str
    sent: frozenset[Side] = frozenset()
    not_null: bool = False
    reads: frozenset[str] = frozenset()
    rounded: str = ""  # by the old version, to this type
    fits: str = ""  # the new version writes what this type holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """Of all columns; `names`: pairs of one table's names."""

    all: tuple[Habit, ...] = ()
    names: tuple[tuple[Name, Name], ...] = ()

    def of(self, table: Table) -> tuple[Habit, ...]:
        """Those of a table, whatever its name was."""
        known = {table.name}
        for _ in self.names:
            for old, new in self.names:
                known |= {old, new} if {old, new} & known else set()
        return tuple(h for h in self.all if h.table in known)


BOTH = frozenset(Side)
NEW = frozenset({Side.NEW})


def of(placed: Iterable[Placed]) -> Habits:
    """By the operations of a plan."""
    known = list(placed)
    return Habits(
        all=tuple(
            h
            for p in known
            for found in (_of, _narrow)
            for h in found(p.operation, p.context.snapshot)
        ),
        names=tuple(
            (p.operation.table, p.operation.new)
            for p in known
            if isinstance(p.operation, RenameTable)
        ),
    )


def _of(operation: Operation, snapshot: Snapshot) -> Iterator[Habit]:
    match operation:
        case ChangeDefault():
            sent = NEW if operation.expression is None else BOTH
            yield Habit(table=operation.table, column=operation.column, sent=sent)
        case RenameColumn() | ChangeType():
            old = snapshot.require_table(operation.table).require_column(operation.old)
            if old.default is not None or _defaulted(old.type, snapshot):
                column = operation.new.name
                yield Habit(table=operation.table, column=column, sent=NEW, not_null=True)
        case CatalogType():
            old = snapshot.require_table(operation.table).require_column(operation.column)
            less = type_change.rounds_less(old.type, operation.type)
            if less or _defaulted(operation.type, snapshot):
                yield Habit(
                    table=operation.table,
                    column=operation.column,
                    sent=BOTH,
                    rounded=old.type if less else "",
                )
        case AddColumn() if operation.by_trigger and operation.fill is not None:
            table = snapshot.require_table(operation.table)
            reads = computed_column.inputs(operation.fill, table)
            yield Habit(
                table=operation.table,
                column=operation.new.column.name,
                sent=NEW,
                not_null=True,
                reads=frozenset(c.name for c in reads),
            )


def _narrow(operation: Operation, snapshot: Snapshot) -> Iterator[Habit]:
    if isinstance(operation, RetypeColumn | WidenInteger):
        for name, column, _ in operation.columns:
            old = snapshot.require_table(name).require_column(column)
            yield Habit(table=name, column=column, fits=old.type)


def _defaulted(kind: str, snapshot: Snapshot) -> bool:
    domain = type_change.found(kind, snapshot, "domain")
    return domain is not None and " DEFAULT " in domain.definition


def has_own(column: Column) -> bool:
    """Whether a value can be made that nothing else computes."""
    kind = BY_NAME.get(column.type.removeprefix("public."))
    return kind is not None and bool(kind.unique)
