"""Statements that read the values of a column which a later UPDATE changes.

The trigger of an UPDATE in batches changes rows from expand on, for writes of the applications
and for the batches of other fills. A statement that its author puts before that UPDATE, and
that runs behind the trigger, would take values that are changed already.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from msgspec import Struct

from zdm.model.catalog import indexed
from zdm.model.findings import Finding
from zdm.model.plan import Backfill, Phase, Step
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, ActionKind, Fact, Train
from zdm.model.syntax import Update
from zdm.parse import mentioned
from zdm.planning.classify import Placed
from zdm.planning.walk import Owned
from zdm.recipes.reading import refuse
from zdm.schema import lookup

_LATER = (
    "move this UPDATE to a revision that is planned after this train is contracted; or, if"
    " only the new version needs the new values, put `-- zdm: run in contract -- reason` above"
    " it"
)
_OF_ROWS = frozenset(
    {
        ActionKind.INSERT,
        ActionKind.UPDATE,
        ActionKind.DELETE,
        ActionKind.SELECT,
        ActionKind.OTHER,  # MERGE
    }
)


class _One(Struct, frozen=True):
    """A statement: its place in the train, and those of its operation's steps in the plan."""

    at: tuple[int, int]
    action: Action
    place: Placed
    first: int
    last: int


def conflicts(
    steps: Sequence[Owned], placed: Sequence[Placed], train: Train
) -> tuple[Finding, ...]:
    """Each UPDATE that would be under way when a statement before it reads what it sets."""
    order = {statement.source: n for n, statement in enumerate(train.statements)}
    rows: dict[int, list[int]] = {}
    for number, one in enumerate(steps):
        if one.owner is not None and _is_of_rows(one.step):
            rows.setdefault(one.owner, []).append(number)
    every = [
        _One((order[action.statement.source], owner), action, place, when[0], when[-1])
        for owner, place in enumerate(placed)
        if (when := rows.get(owner))
        for action in place.actions
    ]
    return tuple(found for update in every for found in _read_late(update, every))


def _is_of_rows(step: Step) -> bool:
    """Whether rows change or are read by it, or by what it makes; what the contract only
    clears away does not count."""
    if isinstance(step, Backfill) or step.phase.position < Phase.ROLLOUT.position:
        return True
    return any(mentioned.with_rows(sql) for sql in getattr(step, "sql", ()))


def _read_late(update: _One, every: Sequence[_One]) -> Iterator[Finding]:
    for table, columns in _sets(update):
        for one in every:
            if one.at >= update.at or one.at[1] == update.at[1] or one.last < update.first:
                continue
            shared = sorted(columns & _read(one, table, columns))
            if shared:
                yield refuse.finding(
                    update.action,
                    "values_changed_early",
                    f"{one.action.source} reads {table}.{shared[0]}, and zdm begins to change"
                    " that by this UPDATE before the other statement is done, so it would read"
                    " values that are changed already",
                    _LATER,
                )
                return


def _sets(one: _One) -> Iterator[tuple[Name, frozenset[str]]]:
    settings, snapshot = one.action.statement.settings, one.place.context.snapshot
    for change in mentioned.row_changes(one.action):
        if isinstance(change.said, Update):
            columns = frozenset(a.column for a in change.said.assignments)
            yield lookup.found(change.said.table, snapshot, settings), columns


def _read(one: _One, table: Name, columns: frozenset[str]) -> frozenset[str]:
    """Those of the columns that it may read; what an UPDATE reads of its own rows is for
    `fills`."""
    action, snapshot = one.action, one.place.context.snapshot
    fact = action.fact
    if isinstance(fact, Fact) and fact.kind not in _OF_ROWS:
        return frozenset()
    settings = action.statement.settings
    named = {lookup.found(name, snapshot, settings) for name in mentioned.reads(action)}
    if isinstance(fact, Fact) and fact.kind is not ActionKind.UPDATE and fact.table:
        named.add(fact.table)
    if table in below(named, snapshot):
        return columns
    if table not in named:
        return frozenset()
    if mentioned.every_column(action) or mentioned.whole_rows(action):
        return columns
    return mentioned.words(action)


def below(names: AbstractSet[Name], snapshot: Snapshot) -> frozenset[Name]:
    """The relations that the views among them read, however deep."""
    used = frozenset(
        relation
        for name in names
        for view in indexed.named(snapshot.views, name)
        for relation, _ in view.uses
    )
    return used | below(used, snapshot) if used else used
