"""Rows that the train writes, and that a rollback's way back would then refuse.

A CHECK, a foreign key and NOT NULL are dropped before the rollout, and the rows are written
after that; a rollback restores the rule, but not the rows, unless their old values are kept.
"""

from collections.abc import Iterator, Mapping, Sequence

from zdm.model.findings import Finding
from zdm.model.schema import Column, Constraint, Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, DirectiveKind, Fact
from zdm.model.syntax import AddConstraint, Insert
from zdm.parse.readers import nulls
from zdm.planning.conflicts import NEXT_TRAIN
from zdm.recipes.reading import refuse, updates

_KEEP = (
    "put `-- zdm: keep old values` above it, so that a rollback restores the rows first; or"
    f" {NEXT_TRAIN}"
)
_Rule = tuple[Action, str, bool]  # where it is dropped, its words, whether only NULL breaks it


def find(
    actions: Sequence[Action], owner: Mapping[int, int], start: Snapshot
) -> Iterator[Finding]:
    """One for each statement that may write such rows; `owner` as for conflicts."""
    dropped: dict[tuple[Name | None, str], list[_Rule]] = {}
    for position, action in enumerate(actions):
        fact = action.fact
        if not isinstance(fact, Fact) or fact.table is None or id(action) not in owner:
            continue
        table = start.table(fact.table)
        if table is None or action.statement.vouched:
            continue
        yield from _broken(action, table, dropped)
        for subject, rule in _drops(action, fact, table, actions[position:]):
            dropped.setdefault(subject, []).append(rule)


def _drops(
    action: Action, fact: Fact, table: Table, later: Sequence[Action]
) -> Iterator[tuple[str, _Rule]]:
    """The columns whose rows may break something from now on."""
    if fact.kind is ActionKind.DROP_NOT_NULL:
        yield fact.name, (action, f"NOT NULL of {fact.name}", True)
    if fact.kind is ActionKind.DROP_CONSTRAINT:
        named = table.constraint(fact.name)
        dropped = [named] if named is not None and not _follows(named, later) else []
    elif fact.kind is ActionKind.DROP_COLUMN:
        checks = (c for c in table.constraints if c.kind == "check")
        dropped = [c for c in checks if fact.name in c.columns]
    else:
        return
    for constraint in dropped:
        for column in constraint.columns:
            yield column, (action, constraint.name, False)


def _follows(constraint: Constraint, later: Sequence[Action]) -> bool:
    """Whether it is dropped after the rollout, or never."""
    if constraint.kind == "check":
        return False
    return constraint.kind != "foreign key" or any(
        isinstance(action.said, AddConstraint)
        and action.said.constraint.references is not None
        and action.said.constraint.columns == constraint.columns
        for action in later
    )


def _broken(
    action: Action, table: Table, dropped: Mapping[tuple[Name, str], Sequence[_Rule]]
) -> Iterator[Finding]:
    for column, may_be_null in _written(action, table):
        for where, what, only_null in dropped.get((table.name, column), ()):
            if only_null and not may_be_null:
                continue
            yield _refused(action, f"{where.source} drops {what} of {table.name}")
            return


def _refused(action: Action, dropped: str) -> Finding:
    wrong = (
        f"{dropped}, and rows that this statement writes may break it, so a rollback could not"
        " restore it"
    )
    if isinstance(action.said, Insert):
        return refuse.finding(action, "rollback_would_fail", wrong, NEXT_TRAIN)
    return refuse.finding(action, "rollback_would_fail", wrong, _KEEP)


def _written(action: Action, table: Table) -> Iterator[tuple[str, bool]]:
    """The columns that it writes, and whether the value may be NULL."""
    update, said = updates.read(action), action.said
    if any(d.kind is DirectiveKind.KEEP_OLD_VALUES for d in action.statement.directives):
        return
    given = frozenset(c.name for c in table.columns if c.not_null)
    if update is not None:
        given -= {column for column, _ in update.assignments}
        for column, value in update.assignments:
            yield column, not nulls.never(value, given)
    elif isinstance(said, Insert):
        named = said.columns or tuple(column.name for column in table.columns)
        sure = nulls.inserted(action)
        yield from ((column, n not in sure) for n, column in enumerate(named))
        left = [c for c in table.columns if c.name not in named]
        yield from ((c.name, True) for c in left if c.not_null and not _given(c))


def _given(column: Column) -> bool:
    """Whether a row that does not name it has a value there."""
    return bool(column.default or column.identity or column.generated)
