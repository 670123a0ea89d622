"""Rows that the train writes, and that a rule which it drops would refuse.

A CHECK, a foreign key and NOT NULL are dropped before the rollout, and the rows are written
after that; a rollback restores the rule, but not the rows, unless their old values are kept.
What the author lets be dropped in the contract still refuses the rows before it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from zdm.model.findings import Finding
from zdm.model.schema import Column, Constraint, Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, DirectiveKind, Fact
from zdm.model.syntax import AddConstraint, Insert
from zdm.parse.readers import nulls
from zdm.planning.conflicts import NEXT_TRAIN, runs_in_contract
from zdm.recipes.reading import refuse, updates

_KEEP = (
    "put `-- zdm: keep old values` above it, so that a rollback restores the rows first; or"
    f" {NEXT_TRAIN}"
)
_TOO = f"put `-- zdm: run in contract -- reason` above it, too; or {NEXT_TRAIN}"
_Subject = tuple[Name | None, str]  # a table and its column


class _Rule(Struct, frozen=True):
    """What is dropped, in words, and of which table; `null`: only NULL breaks it; `late`: in
    the contract."""

    what: str
    table: Name
    null: bool
    late: bool


def find(
    actions: Sequence[Action], owner: Mapping[int, int], start: Snapshot
) -> Iterator[Finding]:
    """One for each statement that may write such rows; `owner` as for conflicts."""
    dropped: dict[_Subject, list[_Rule]] = defaultdict(list)
    for position, action in enumerate(actions):
        fact = action.fact
        if not isinstance(fact, Fact) or id(action) not in owner:
            continue
        late = runs_in_contract(action)
        table = _table(fact, start)
        if table is None or (action.statement.vouched and not late):
            continue
        if not late:
            yield from _broken(action, table, dropped)
        for subject, what, null in _drops(fact, table, () if late else actions[position:]):
            said = f"{action.source} drops {what} of {table.name}"
            dropped[subject].append(_Rule(said, table.name, null, late))


def _table(fact: Fact, start: Snapshot) -> Table | None:
    """The table that it is about; of an index the one that has it."""
    if fact.kind is not ActionKind.DROP_INDEX:
        return None if fact.table is None else start.table(fact.table)
    name = fact.name.rpartition(".")[2]
    return next((t for t in start.tables if any(i.name == name for i in t.indexes)), None)


def _drops(
    fact: Fact, table: Table, later: Sequence[Action]
) -> Iterator[tuple[_Subject, str, bool]]:
    """The columns whose rows may break something from now on, what, and whether by NULL alone;
    `later`: what may take its place, where it is not dropped as written."""
    found: list[Constraint] = []
    match fact.kind:
        case ActionKind.DROP_NOT_NULL:
            yield (table.name, fact.name), f"NOT NULL of {fact.name}", True
        case ActionKind.DROP_CONSTRAINT:
            named = table.constraint(fact.name)
            found = [named] if named is not None and not _follows(named, later) else []
        case ActionKind.DROP_COLUMN:
            checks = (c for c in table.constraints if c.kind == "check")
            found = [c for c in checks if fact.name in c.columns]
        case ActionKind.DROP_INDEX if not later:
            index = next(i for i in table.indexes if i.name == fact.name.rpartition(".")[2])
            columns = index.columns if index.unique else ()
            yield from (((table.name, c), index.name, False) for c in columns)
    for constraint in found:
        for column in constraint.columns:
            yield (table.name, column), constraint.name, False
        for column in constraint.referenced_columns:
            yield (constraint.references, column), constraint.name, False


def _follows(constraint: Constraint, later: Sequence[Action]) -> bool:
    """Whether it is dropped after the rollout, or never."""
    if constraint.kind == "check" or not later:
        return False
    to = constraint.references
    return constraint.kind != "foreign key" or any(
        isinstance(action.said, AddConstraint)
        and (new := action.said.constraint).references is not None
        and (new.columns, new.references.name) == (constraint.columns, to and to.name)
        for action in later
    )


def _broken(
    action: Action, table: Table, dropped: Mapping[_Subject, Sequence[_Rule]]
) -> Iterator[Finding]:
    kept = any(d.kind is DirectiveKind.KEEP_OLD_VALUES for d in action.statement.directives)
    for column, may_be_null in _written(action, table):
        for rule in dropped.get((table.name, column), ()):
            if (rule.null and not may_be_null) or (kept and not rule.late):
                continue
            if rule.table != table.name and isinstance(action.said, Insert):
                continue  # a new row to which others may refer breaks nothing
            yield _still_there(action, rule) if rule.late else _refused(action, rule.what)
            return


def _still_there(action: Action, rule: _Rule) -> Finding:
    return refuse.finding(
        action,
        "rule_still_there",
        f"{rule.what} only when the old version is gone, and rows that this statement writes"
        " before that may break it, so its step would fail",
        _TOO,
    )


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
