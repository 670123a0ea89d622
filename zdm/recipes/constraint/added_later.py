"""Rows that the train corrects, and that a constraint which it adds later would refuse.

The old version may still write them until it is gone, which is when the constraint is added.
"""

from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.impact import NO
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.sql import ident
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import AddConstraint, ConstraintDefinition
from zdm.parse import expressions
from zdm.recipes.constraint import compared, references, unvalidated
from zdm.recipes.constraint.references import Reference
from zdm.recipes.sql import null_test
from zdm.schema import family, lookup, not_null_proof


class Refused(Struct, frozen=True, kw_only=True):
    """The rows that a constraint refuses: `by` says what it is, `condition` which they are."""

    by: str
    condition: str
    reads: tuple[Name, ...] = ()  # the table that a foreign key references


def words(refused: Sequence[Refused], of: str) -> str:
    """The subject and verb of a clause about these rows: `the CHECK of t refuses`."""
    named = {one.by for one in refused}
    return f"{min(named)} of {of} refuses" if len(named) == 1 else f"constraints of {of} refuse"


def by(refused: Sequence[Refused]) -> str:
    """What refuses them, in a clause of its own."""
    named = {one.by for one in refused}
    return min(named) if len(named) == 1 else "each constraint"


def condition(refused: Sequence[Refused]) -> str:
    """That one of them refuses the row."""
    return " OR ".join(one.condition for one in refused)


def of_row(
    columns: Collection[str], later: Sequence[Action], table: Table, snapshot: Snapshot
) -> tuple[Refused, ...]:
    """By constraints that are about the row alone, on a column that the train sets; over the
    row's columns by bare names."""
    own = (
        one for action in _about(later, table) for one in _constrained(action, table, snapshot)
    )
    return tuple(Refused(by=by, condition=c) for on, by, c in own if {*columns} & {*on})


def of_any(
    columns: Collection[str],
    later: Sequence[Action],
    table: Table,
    snapshot: Snapshot,
    row: str,
) -> tuple[Refused, ...]:
    """The same with foreign keys; the row's columns are those of the relation `row`."""
    known = frozenset(c.name for c in table.columns)
    found = [
        replace(one, condition=expressions.of_row(expressions.read(one.condition), row, known))
        for one in of_row(columns, later, table, snapshot)
    ]
    return (*found, *orphans(columns, later, table, snapshot, row))


def orphans(
    columns: Collection[str],
    later: Sequence[Action],
    table: Table,
    snapshot: Snapshot,
    row: str,
) -> tuple[Refused, ...]:
    """By foreign keys on a column that the train sets, where a query compares as they do."""
    found: list[Refused] = []
    for action in _about(later, table):
        says = action.said.constraint if isinstance(action.said, AddConstraint) else None
        if says is None or says.references is None or not {*columns} & {*says.columns}:
            continue
        to = lookup.found(says.references, snapshot, action.statement.settings)
        parent = snapshot.table(to)
        reference = None if parent is None else _reference(says, parent, snapshot)
        if parent is None or reference is None:
            continue
        if compared.otherwise(table, parent, reference, snapshot) is None:
            orphan = references.orphan(parent, reference, ident(row))
            found.append(
                Refused(by="the foreign key", condition=f"({orphan})", reads=(parent.name,))
            )
    return tuple(found)


def _reference(
    says: ConstraintDefinition, parent: Table, snapshot: Snapshot
) -> Reference | None:
    referenced = says.referenced_columns or family.primary_key(snapshot, parent)
    if len(referenced) != len(says.columns) or says.period:
        return None  # it is refused
    return Reference(
        columns=says.columns,
        parent=parent.name,
        referenced=referenced,
        match_full=says.match_full,
    )


def _about(later: Sequence[Action], table: Table) -> Iterator[Action]:
    """Later statements about the table, but for those that run as their author says, or that
    add a constraint which the train never holds against the rows that are there."""
    for position, action in enumerate(later):
        fact = action.fact
        if not isinstance(fact, Fact) or fact.table != table.name or action.statement.vouched:
            continue
        if not _unchecked(action, later[position:]):
            yield action


def _unchecked(action: Action, onwards: Sequence[Action]) -> bool:
    """NOT VALID without a VALIDATE, or NOT ENFORCED."""
    says = action.said.constraint if isinstance(action.said, AddConstraint) else None
    if says is None or not (says.not_valid or says.not_enforced):
        return False
    if says.not_enforced:
        return True
    if says.name:
        return unvalidated.validated_at(onwards, says.name) is None
    return not any(_validates(one) for one in onwards)  # by a name that it gets


def _validates(action: Action) -> bool:
    fact = action.fact
    return isinstance(fact, Fact) and fact.kind is ActionKind.VALIDATE_CONSTRAINT


def _constrained(
    action: Action, table: Table, snapshot: Snapshot
) -> Iterator[tuple[Sequence[str], str, str]]:
    """The columns of the constraint, what it is, and which rows it refuses."""
    says = action.said.constraint if isinstance(action.said, AddConstraint) else None
    if says is not None and says.kind == "check" and says.expression is not None:
        check = says.expression
        yield expressions.columns(check), "the CHECK", f"({expressions.bare(check)}) IS FALSE"
    for name in _not_null(action, says):
        column = table.column(name)
        if column is None or column.kept_filled or not_null_proof.missing(table, name) is NO:
            continue
        yield (name,), "NOT NULL", null_test.is_null(ident(name), column, snapshot)


def _not_null(action: Action, says: ConstraintDefinition | None) -> tuple[str, ...]:
    """The columns that it makes NOT NULL."""
    fact = action.fact
    if isinstance(fact, Fact) and fact.kind is ActionKind.SET_NOT_NULL:
        return (fact.name,)
    return says.columns if says is not None and says.kind in _NOT_NULL else ()


_NOT_NULL = frozenset({"primary key", "not null"})
