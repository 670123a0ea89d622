"""Rows of one statement that would meet what belongs to another one.

Until the contract a trigger fills a new column in rows of the old version, and it cannot tell
these from rows that the author inserts. A DELETE runs in the contract, behind what runs as
written before the rollout, although its author puts it first.
"""

from collections.abc import Iterator, Sequence

from zdm.model.findings import Finding
from zdm.model.plan import Backfill, Phase
from zdm.model.schema import Column, Name, Table
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import Insert
from zdm.parse import mentioned
from zdm.parse.readers import nulls
from zdm.planning.classify import Placed
from zdm.planning.walk import Owned
from zdm.recipes.reading import refuse, updates

_GIVE = (
    "give the column a value in each row of this INSERT; or, if only the new version needs the"
    " rows, put `-- zdm: run in contract -- reason` above it"
)
_ORDER = (
    "if their order does not matter, put this DELETE below the other statement; else put"
    " `-- zdm: run in contract -- reason` above that one, too"
)
_BEHIND = (
    "put `-- zdm: run in contract -- reason` above this one, too; or move it to a revision that"
    " is planned after this train is contracted"
)
_HARMLESS = frozenset({ActionKind.COMMENT, ActionKind.GRANT})


def conflicts(steps: Sequence[Owned], placed: Sequence[Placed]) -> tuple[Finding, ...]:
    """What each check finds."""
    return (*_filled(steps, placed), *_overtaken(steps, placed), *_early(steps, placed))


def _filled(steps: Sequence[Owned], placed: Sequence[Placed]) -> Iterator[Finding]:
    """Rows with NULL in a column that a trigger fills."""
    for one in steps:
        step = one.step
        if not isinstance(step, Backfill) or step.operation != "add_column":
            continue
        columns = {a.column for a in step.assignments}
        for place in placed[(one.owner or 0) + 1 :]:
            for action in place.actions:
                if _runs_late(action) or not _is_of(action, ActionKind.INSERT, step.table):
                    continue
                table = place.context.snapshot.require_table(step.table)
                for name in sorted(columns & {*_may_be_null(action, table)}):
                    yield refuse.finding(
                        action,
                        "inserted_null_filled",
                        f"rows of this INSERT may have NULL in {step.table}.{name}, and until"
                        " the contract a trigger fills that in every new row"
                        f" ({step.origin[0]}), so in these, too",
                        _GIVE,
                    )


def _may_be_null(action: Action, table: Table) -> Iterator[str]:
    said = action.said
    if not isinstance(said, Insert):
        yield from (c.name for c in table.columns)
        return
    named = said.columns or tuple(c.name for c in table.columns)
    sure = nulls.inserted(action)
    yield from (name for n, name in enumerate(named) if n not in sure)
    yield from (c.name for c in table.columns if c.name not in named and not _given(c))


def _given(column: Column) -> bool:
    return bool(column.default or column.identity or column.generated)


def _overtaken(steps: Sequence[Owned], placed: Sequence[Placed]) -> Iterator[Finding]:
    """A statement as written before the rollout, behind a DELETE that runs after it."""
    late = {one.owner for one in steps if one.step.phase is Phase.CONTRACT}
    early = {one.owner for one in steps if one.step.phase.position < Phase.ROLLOUT.position}
    for owner in sorted(n for n in late - early if n is not None):
        delete = placed[owner].actions[0]
        fact = delete.fact
        if not isinstance(fact, Fact) or fact.kind is not ActionKind.DELETE:
            continue
        for place in placed[owner + 1 :]:
            other = place.actions[0]
            if not other.statement.vouched or _runs_late(other):
                continue
            of = other.fact
            if isinstance(of, Fact) and of.table == fact.table and of.kind not in _HARMLESS:
                yield refuse.finding(
                    delete,
                    "delete_overtaken",
                    f"{other.source} runs as written before the rollout, and this DELETE of"
                    f" rows of {fact.table} after it, so their order would be turned round",
                    _ORDER,
                )
                break


def _early(steps: Sequence[Owned], placed: Sequence[Placed]) -> Iterator[Finding]:
    """A statement before the rollout that writes rows which one above it, in the contract,
    writes too."""
    early = {one.owner for one in steps if one.step.phase.position < Phase.ROLLOUT.position}
    for owner, place in enumerate(placed):
        first = place.actions[0]
        if not _runs_late(first):
            continue
        later = (
            a for n in range(owner + 1, len(placed)) if n in early for a in placed[n].actions
        )
        for action in later:
            if _meets(first, action):
                yield refuse.finding(
                    action,
                    "rows_overtaken",
                    f"{first.source} runs in the contract, and this statement before the"
                    " rollout, although its author puts it behind the other one and both write"
                    " the same rows",
                    _BEHIND,
                )
                break


def _meets(first: Action, later: Action) -> bool:
    """Whether one of the two changes what the other one inserts, reads or sets."""
    one, other = first.fact, later.fact
    if not isinstance(one, Fact) or not isinstance(other, Fact) or one.table != other.table:
        return False
    kinds = {one.kind, other.kind}
    if kinds == {ActionKind.INSERT}:
        return isinstance(later.said, Insert) and bool(later.said.on_conflict)
    if kinds == {ActionKind.UPDATE}:
        targets = (frozenset(updates.targets(first)), frozenset(updates.targets(later)))
        used = (mentioned.columns(first) | targets[0], mentioned.columns(later) | targets[1])
        return bool(targets[0] & used[1] or targets[1] & used[0])
    return kinds == {ActionKind.INSERT, ActionKind.UPDATE}


def _is_of(action: Action, kind: ActionKind, table: Name) -> bool:
    fact = action.fact
    return isinstance(fact, Fact) and fact.kind is kind and fact.table == table


def _runs_late(action: Action) -> bool:
    """Whether its author lets it run in the contract."""
    return any(d.argument == "contract" for d in action.statement.vouched)
