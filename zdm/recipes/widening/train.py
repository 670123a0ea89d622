"""What else a train does to columns that it widens, and that cannot be planned with it."""

from collections.abc import Iterator, Mapping, Sequence

from zdm.model.commands import Work, WorkOn
from zdm.model.expression import Constant, Expression
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import AddConstraint, RelationName, Update
from zdm.parse import expressions
from zdm.parse.objects import statistics
from zdm.recipes.type import shared_types
from zdm.recipes.type.shared_types import RANGES, Kind
from zdm.schema import lookup

Line = tuple[str, str]  # fact and remedy
_DROPS = ActionKind.DROP_CONSTRAINT
Columns = Mapping[tuple[Name, str], str]


def obstacles(actions: Sequence[Action], wanted: Columns, snapshot: Snapshot) -> Iterator[Line]:
    """Facts and remedies."""
    for action in actions:
        match action.said:
            case AddConstraint():
                yield from _key(action, action.said, wanted, snapshot)
            case Update():
                yield from _values(action, action.said, wanted, snapshot)
            case WorkOn(work=Work.CREATE_STATISTICS):
                yield from _statistics(action, wanted, snapshot)
            case _:
                yield from _proof(action, wanted, snapshot)


def _statistics(action: Action, wanted: Columns, snapshot: Snapshot) -> Iterator[Line]:
    """They would be of the narrow column, and go with it."""
    table = lookup.table_of(snapshot, action)
    named = statistics.columns(action)
    for name, column in wanted:
        if table is not None and name == table.name and column in named:
            yield (
                f"this train makes statistics of {name}.{column} as well, which would be"
                " of the narrow column and end with it",
                "put CREATE STATISTICS into a later release",
            )


def _proof(action: Action, wanted: Columns, snapshot: Snapshot) -> Iterator[Line]:
    """A CHECK without which a text of the old version may be too long for the new type."""
    table, fact = lookup.table_of(snapshot, action), action.fact
    if table is None or not isinstance(fact, Fact) or fact.kind is not _DROPS:
        return
    for (name, column), new in wanted.items():
        old = table.column(column) if name == table.name else None
        if old is None or shared_types.shared(old.type, new) is not Kind.SHORTER:
            continue
        checks = shared_types.is_short(table, column, new)
        if fact.name in {check.name for check in checks}:
            yield (
                f"this train drops the check {fact.name}, which keeps what the old version"
                f" writes to {name}.{column} short enough",
                "drop that check in a later release",
            )


def _found(relation: RelationName, action: Action, snapshot: Snapshot) -> Name:
    return lookup.found(relation, snapshot, action.statement.settings)


def _key(
    action: Action, said: AddConstraint, wanted: Columns, snapshot: Snapshot
) -> Iterator[Line]:
    """A foreign key that is added to the narrow columns would have to follow."""
    key, table = said.constraint, lookup.table_of(snapshot, action)
    if key.references is None or table is None:
        return
    tables = {name for name, _ in wanted}
    if table.name in tables or _found(key.references, action, snapshot) in tables:
        yield (
            f"this train adds the foreign key {key.name or 'without a name'} to {table.name} as"
            " well, which would be there on the narrow column alone",
            "leave a foreign key that is there as it is, without DROP and ADD CONSTRAINT: it"
            " follows to the wider columns; add one that is new or other in an earlier or a"
            " later release",
        )


def _values(
    action: Action, said: Update, wanted: Columns, snapshot: Snapshot
) -> Iterator[Line]:
    """An UPDATE may give it values that fit the new type alone."""
    name = _found(said.table, action, snapshot)
    table = snapshot.table(name)
    for one in said.assignments:
        if table is None or (name, one.column) not in wanted:
            continue
        kind = table.require_column(one.column).type
        if not _fits(one.value, kind):
            yield (
                f"this train sets {name}.{one.column} as well, maybe to values that {kind}"
                " cannot hold, and until the contract it takes none of these",
                "put that UPDATE into a later release",
            )


def _fits(value: Expression, kind: str) -> bool:
    """Whether it is a constant that the narrow type holds."""
    form = expressions.form(value)
    if not isinstance(form, Constant):
        return False
    number = form.value
    if number is None:
        return True
    if kind not in RANGES:
        return False
    low, high = RANGES[kind]
    return number.lstrip("-").isdecimal() and low <= int(number) <= high
