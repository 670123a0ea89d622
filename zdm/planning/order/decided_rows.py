"""DELETEs of the contract, and statements before them that decide which rows they take.

The author's UPDATE gives rows a value by which the DELETE leaves them, or an INSERT fills a
table by which it decides. Where these run before the rollout, rows that the old version writes
between them and the DELETE would be deleted, although in the author's order they are kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from zdm.model.commands import WorkOn
from zdm.model.expression import Constant, Expression
from zdm.model.findings import Finding
from zdm.model.plan import Phase
from zdm.model.schema import Name, Table
from zdm.model.statement import Action, ActionKind, Fact, Source, Train
from zdm.parse import comparisons, expressions, mentioned
from zdm.parse.rows import held, taken
from zdm.parse.rows.held import Held
from zdm.planning.classify import Placed
from zdm.planning.order.changed_early import below
from zdm.planning.walk import Owned
from zdm.recipes.reading import deletes, refuse, updates
from zdm.recipes.reading.updates import Update
from zdm.schema import lookup, not_null_proof

_BOTH = (
    "put `-- zdm: run in contract -- reason` above the earlier statement, so that both run when"
    " the old version is gone; or, if it is an UPDATE, let this DELETE select its rows by"
    " columns that the UPDATE does not set"
)

_KEPT = frozenset({"add_column", "set_not_null", "rename_column", "change_type"})
# whose trigger gives rows of the old version their value until it is gone


def conflicts(
    steps: Sequence[Owned], placed: Sequence[Placed], train: Train
) -> Iterator[Finding]:
    """Each DELETE behind the rollout, and the first such statement before it."""
    order = {statement.source: n for n, statement in enumerate(train.statements)}
    phases: dict[int, list[Phase]] = {}
    for one in steps:
        phases.setdefault(-1 if one.owner is None else one.owner, []).append(one.step.phase)
    late = {n for n, found in phases.items() if found[0].position > Phase.ROLLOUT.position}
    early = [
        action
        for owner, place in enumerate(placed)
        if owner in phases.keys() - late and place.operation.slug not in _KEPT
        for action in place.actions
        if not action.statement.vouched
    ]
    for owner in sorted(late):
        place = placed[owner]
        delete = place.actions[0]
        if deletes.read(delete) is None:
            continue
        before = [a for a in early if _at(a, order) < _at(delete, order)]
        yield from _finding(delete, before, place)


def _at(action: Action, order: Mapping[Source, int]) -> int:
    return order[action.statement.source]


def _finding(delete: Action, before: Sequence[Action], place: Placed) -> Iterator[Finding]:
    snapshot, settings = place.context.snapshot, delete.statement.settings
    named = {lookup.found(name, snapshot, settings) for name in mentioned.reads(delete)}
    others = named | below(named, snapshot)
    for action in before:
        update = updates.read(action)
        if update is not None:
            table = snapshot.table(update.table)
            what = _changed(update, delete, table, others) if table is not None else ""
        else:
            what = _filled(action, others)
        if what:
            yield refuse.finding(
                delete,
                "deleted_by_changed_rows",
                f"{action.source} {what} before the rollout, and this DELETE decides by it"
                " after that, so rows that the old version writes between may be deleted,"
                " although in the author's order they are kept",
                _BOTH,
            )
            return


def _changed(update: Update, delete: Action, table: Table, others: AbstractSet[Name]) -> str:
    """The column that the UPDATE sets and the DELETE reads, unless it only adds rows to those
    that are deleted, or neither takes nor adds any."""
    own = isinstance(delete.fact, Fact) and delete.fact.table == update.table
    if not own and update.table not in others:
        return ""
    columns = {column for column, _ in update.assignments}
    if mentioned.every_column(delete) or mentioned.whole_rows(delete):
        return f"sets {update.table}.{min(columns)}"
    shared = sorted(columns & mentioned.columns(delete))
    alone = own and update.table not in others
    if not shared or (alone and (_marks(update, delete) or _apart(update, delete, table))):
        return ""
    return f"sets {update.table}.{shared[0]}"


def _apart(update: Update, delete: Action, table: Table) -> bool:
    """Whether the DELETE takes no row that the UPDATE means, neither before nor after it."""
    said = delete.said
    if not isinstance(said, WorkOn) or said.where is None or not update.alone:
        return False
    before = dict(_known(update, table))
    after = {name: one for name, one in before.items() if name not in dict(update.assignments)}
    after |= updates.constants(update, table)
    return held.is_false(said.where, before) and held.is_false(said.where, after)


def _known(update: Update, table: Table) -> Iterator[tuple[str, Held]]:
    """What each row that it means holds, by `column = constant` in its WHERE."""
    for test in not_null_proof.every(update.where) if update.where is not None else ():
        found = comparisons.equal(test)
        one = None if found is None else updates.as_held(table, *found)
        if found is not None and one is not None:
            yield found[0], one


def _marks(update: Update, delete: Action) -> bool:
    """Whether the values that it sets meet all tests of the DELETE that are about them."""
    said = delete.said
    if not isinstance(said, WorkOn) or said.where is None:
        return False
    values = dict(update.assignments)
    return all(
        _met(test, values)
        for test in not_null_proof.every(said.where)
        if values.keys() & {*expressions.columns(test)}
    )


def _met(test: Expression, values: dict[str, Expression]) -> bool:
    null = expressions.null_test(test)
    if null is not None:
        return expressions.is_null(values[null[0]]) is not null[1] and _is_constant(
            values[null[0]]
        )
    column = expressions.column(test)
    if column is not None:
        return expressions.form(values[column]) == Constant("on")
    found = comparisons.read(test)
    given = None if found is None else comparisons.constants(values[found.column])
    return (
        found is not None
        and given is not None
        and found.operator == "="
        and {*given} <= {*found.values}
    )


def _is_constant(value: Expression) -> bool:
    return isinstance(expressions.form(expressions.without_cast(value)), Constant)


def _filled(action: Action, others: AbstractSet[Name]) -> str:
    """The table that an INSERT fills from rows of others."""
    fact = action.fact
    if not isinstance(fact, Fact) or fact.kind is not ActionKind.INSERT:
        return ""
    from_rows = fact.table in others and bool(taken.by_insert(action))
    return f"writes rows of {fact.table} that follow from others" if from_rows else ""
