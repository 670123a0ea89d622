"""What is wrong only because of another Action of the same train.

Each kind of conflict has a subject: what the earlier Action leaves, and the later one needs.
Only Actions with the same subject are compared.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set

from msgspec.structs import replace

from zdm.model.findings import Finding
from zdm.model.impact import NO
from zdm.model.plan import Phase
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import AddConstraint, ConstraintDefinition
from zdm.parse import expressions, mentioned
from zdm.recipes.column import taken_values
from zdm.recipes.index import replaced
from zdm.recipes.object import routine
from zdm.recipes.reading import refuse, updates
from zdm.schema import not_null_proof

NEXT_TRAIN = "move it to a revision that is planned after this train is contracted"
_Subject = tuple[object, ...]


def find(
    actions: Sequence[Action], owner: Mapping[int, int], start: Snapshot
) -> Iterator[Finding]:
    """All conflicts of a train; `owner` is the number of the operation that an Action, by
    identity, was planned in. What one operation holds cannot conflict."""
    yield from _renamed(actions, owner, start)
    yield from _still_referred(actions, owner, start)
    left_by: dict[_Subject, list[int]] = defaultdict(list)
    made: set[Name] = set()
    dropped: set[tuple[Name | None, str]] = set()
    filling = {owner.get(id(a)) for a in actions if updates.read(a) is not None}
    for position, later in enumerate(actions):
        fact = later.fact
        if not isinstance(fact, Fact):
            continue
        if id(later) in owner and fact.table not in made:
            if fact.kind is ActionKind.CREATE_TABLE and fact.table is not None:
                made.add(fact.table)
            needed = [
                left_by.get(subject, [])
                for subject in _needs(fact, replaces=owner[id(later)] in filling)
            ]
            for earlier in sorted({number for numbers in needed for number in numbers}):
                if owner.get(id(actions[earlier])) != owner[id(later)]:
                    yield from _conflicts(actions[earlier], later)
        for subject in _leaves(later, fact, start, dropped):
            left_by[subject].append(position)
        dropped |= _dropped(fact)


def _leaves(
    action: Action, fact: Fact, start: Snapshot, dropped: Set[tuple[Name | None, str]]
) -> Iterator[_Subject]:
    if fact.kind in _FREES and not replaced.frees_early(action, start):
        yield ("name", _freed_name(fact))
    for table, column in taken_values.found(action, start):
        yield ("column", table, column)
    if isinstance(action.said, AddConstraint):
        for column in _constrained(action.said.constraint):
            yield ("constrained", fact.table, column)
    if fact.kind is ActionKind.SET_NOT_NULL and not _is_not_null(fact, start, dropped):
        yield ("constrained", fact.table, fact.name)
        yield ("not null", fact.table, fact.name)


def _table(action: Action) -> Name | None:
    return action.fact.table if isinstance(action.fact, Fact) else None


def _is_not_null(fact: Fact, start: Snapshot, dropped: Set[tuple[Name | None, str]]) -> bool:
    """Whether no version can write NULL into the column, by what is there before the train and
    not `dropped` by it so far."""
    table = None if fact.table is None else start.table(fact.table)
    if table is None:
        return False
    left = tuple(c for c in table.constraints if (table.name, c.name) not in dropped)
    return not_null_proof.missing(replace(table, constraints=left), fact.name) is NO


def _dropped(fact: Fact) -> Set[tuple[Name | None, str]]:
    """The constraint that the Action drops, if it does."""
    drops = fact.kind is ActionKind.DROP_CONSTRAINT
    return {(fact.table, fact.name)} if drops else set()


def _constrained(says: ConstraintDefinition) -> frozenset[str]:
    """The columns that a constraint is on."""
    read = () if says.expression is None else expressions.columns(says.expression)
    return frozenset({*says.columns, *read})


def _needs(fact: Fact, *, replaces: bool) -> Iterator[_Subject]:
    if fact.kind in _TAKES:
        yield ("name", _taken_name(fact))
    if fact.kind is ActionKind.DROP_COLUMN:
        yield ("column", fact.table, fact.name)
        yield from [("not null", fact.table, fact.name)] if replaces else ()
    if fact.kind is ActionKind.DROP_TABLE:
        yield ("column", fact.table, "")
    if fact.kind is ActionKind.RENAME_COLUMN:
        yield ("constrained", fact.table, fact.name)


def _conflicts(earlier: Action, later: Action) -> Iterator[Finding]:
    for check in CHECKS:
        found = check(earlier, later)
        if found is not None:
            yield found


def _lost_writes(earlier: Action, later: Action) -> Finding | None:
    """A backfill copies a column that the train drops, or chooses rows by it, and they could
    not be fused."""
    update = updates.read(earlier)
    fact = later.fact
    if _runs_in(earlier) is Phase.CONTRACT:
        return None  # it copies when the old version is gone
    if update is None or not isinstance(fact, Fact) or fact.table != update.table:
        return None
    if fact.kind is not ActionKind.DROP_COLUMN:
        return None
    return refuse.finding(
        later,
        "lost_writes",
        f"{fact.table}.{fact.name} is dropped in the train that fills another column by it"
        f" ({earlier.source}); the old version still writes it after the fill, so its writes"
        " would be lost",
        "write it as one change that zdm can keep in sync: add one nullable column, set only"
        " that from the old one in one UPDATE, drop the old one; or drop the old column in a"
        " later release",
    )


def _lost_copies(earlier: Action, later: Action) -> Finding | None:
    """A statement takes values from another table, whose column or itself the train drops."""
    fact = later.fact
    copies = isinstance(earlier.fact, Fact) and earlier.fact.kind in _COPIES
    if not copies or not isinstance(fact, Fact) or fact.table == _table(earlier):
        return None
    if _runs_in(earlier) is Phase.CONTRACT:
        return None
    if fact.kind not in (ActionKind.DROP_COLUMN, ActionKind.DROP_TABLE):
        return None
    what = ".".join(filter(None, (str(fact.table), fact.name)))
    return refuse.finding(
        later,
        "lost_writes",
        f"{what} is dropped in the train that takes values from there ({earlier.source}); the"
        " old version still writes it afterwards, so its writes would be lost",
        "let the new version write both places and drop this one in a later release; or take"
        " the values when the old version is gone, with `-- zdm: run in contract -- reason`",
    )


def _constraint_renamed(earlier: Action, later: Action) -> Finding | None:
    """The new column gets every constraint of the old one before the rollout, which is too
    early for one that the old version may break."""
    fact = later.fact
    if not isinstance(earlier.said, AddConstraint) or not isinstance(fact, Fact):
        return None
    if fact.kind is not ActionKind.RENAME_COLUMN:
        return None
    if fact.name not in _constrained(earlier.said.constraint):
        return None
    return refuse.finding(
        later,
        "constraint_renamed",
        f"{earlier.source} adds a constraint on {fact.table}.{fact.name}, and this rename would"
        " give it to the new column while the old version still writes rows that it refuses",
        NEXT_TRAIN,
    )


def _not_null_moved(earlier: Action, later: Action) -> Finding | None:
    """The same of SET NOT NULL, which a column that replaces the old one gets too."""
    null, fact = earlier.fact, later.fact
    if not isinstance(null, Fact) or not isinstance(fact, Fact):
        return None
    if null.kind is not ActionKind.SET_NOT_NULL or null.name != fact.name:
        return None
    if fact.kind not in (ActionKind.RENAME_COLUMN, ActionKind.DROP_COLUMN):
        return None
    return refuse.finding(
        later,
        "not_null_moved",
        f"{earlier.source} makes {fact.table}.{fact.name} NOT NULL, and the column in its place"
        " would be NOT NULL while the old version still writes NULL",
        f"set the new column NOT NULL instead, after this statement; or {NEXT_TRAIN}",
    )


_TAKES = {
    ActionKind.ADD_COLUMN: {ActionKind.DROP_COLUMN, ActionKind.RENAME_COLUMN},
    ActionKind.RENAME_COLUMN: {ActionKind.DROP_COLUMN, ActionKind.RENAME_COLUMN},
    ActionKind.CREATE_INDEX: {ActionKind.DROP_INDEX, ActionKind.RENAME_INDEX},
    ActionKind.RENAME_INDEX: {ActionKind.DROP_INDEX, ActionKind.RENAME_INDEX},
    ActionKind.CREATE_TABLE: {ActionKind.DROP_TABLE, ActionKind.RENAME_TABLE},
    ActionKind.RENAME_TABLE: {ActionKind.DROP_TABLE, ActionKind.RENAME_TABLE},
}
_COPIES = frozenset({ActionKind.INSERT, ActionKind.UPDATE})
_FREES = frozenset().union(*_TAKES.values())
_WHOLE_TABLES = frozenset({ActionKind.CREATE_TABLE, ActionKind.DROP_TABLE})


def _name_reused(earlier: Action, later: Action) -> Finding | None:
    """A name that the train frees only after the rollout is taken before it."""
    freed, taken = earlier.fact, later.fact
    if _runs_in(earlier) is Phase.EXPAND or _runs_in(later) is Phase.CONTRACT:
        return None  # in the author's order; the walk sees what does not fit
    if not isinstance(freed, Fact) or not isinstance(taken, Fact):
        return None
    if freed.kind not in _TAKES.get(taken.kind, set()) or _gives_way(earlier, later):
        return None
    if _freed_name(freed) != _taken_name(taken) or _taken_name(taken) is None:
        return None
    what = taken.new_name or taken.name or str(taken.table)
    return refuse.finding(
        later,
        "name_reused",
        f"{earlier.source} frees the name {what} only after the rollout, but this statement"
        " needs it before",
        NEXT_TRAIN,
    )


def _gives_way(earlier: Action, later: Action) -> bool:
    """Whether the old index gets another name before the rollout."""
    taken = _taken_name(later.fact) if isinstance(later.fact, Fact) else None
    makes = taken is not None and taken[1] in replaced.made(later)
    free = not earlier.statement.vouched or bool(replaced.word((earlier, later)))
    return makes and _kind(earlier) is ActionKind.DROP_INDEX and free


def _kind(action: Action) -> ActionKind | None:
    return action.fact.kind if isinstance(action.fact, Fact) else None


def _freed_name(fact: Fact) -> tuple[Name | None, str] | None:
    if fact.kind in {ActionKind.DROP_TABLE, ActionKind.RENAME_TABLE}:
        return (fact.table, "")
    if fact.kind in {ActionKind.DROP_INDEX, ActionKind.RENAME_INDEX}:
        return (None, fact.name)
    return (fact.table, fact.name)


def _taken_name(fact: Fact) -> tuple[Name | None, str] | None:
    if fact.kind is ActionKind.CREATE_TABLE:
        return (fact.table, "")
    if fact.kind is ActionKind.RENAME_TABLE:
        return (fact.table and Name(fact.table.schema, fact.new_name), "")
    name = fact.new_name or fact.name
    if fact.kind in {ActionKind.CREATE_INDEX, ActionKind.RENAME_INDEX}:
        return (None, name) if name else None
    return (fact.table, name) if name else None


def _renamed(
    actions: Sequence[Action], owner: Mapping[int, int], start: Snapshot
) -> Iterator[Finding]:
    """A table in use is renamed early: later statements would meet a view, or no table."""
    for position, rename in enumerate(actions):
        fact = rename.fact
        if not isinstance(fact, Fact) or fact.kind is not ActionKind.RENAME_TABLE:
            continue
        if rename.statement.vouched or fact.table is None or id(rename) not in owner:
            continue
        if start.table(fact.table) is None:
            continue
        new = Name(fact.table.schema, fact.new_name)
        own = [n for n, a in enumerate(actions) if owner.get(id(a)) == owner[id(rename)]]
        others = [
            other
            for n, other in enumerate(actions)
            if (id(other) in owner and n not in own)  # it renames columns
            and (
                _changes(other, {fact.table, new})
                or _mentions(other, fact.table)
                or (own[0] < n < own[-1] and _mentions(other, new))
                or (n < position and _changes_key(other, fact.table, start))
            )
        ]
        if others:
            also = routine.listed(list(dict.fromkeys(str(o.source) for o in others[1:])))
            likewise = f"; likewise {also}" if also else ""
            yield refuse.finding(
                others[0],
                "renamed_in_train",
                f"{rename.source} renames {fact.table} to {fact.new_name}, and zdm does not"
                f" plan other changes of a table together with its rename{likewise}",
                NEXT_TRAIN,
            )


def _still_referred(
    actions: Sequence[Action], owner: Mapping[int, int], start: Snapshot
) -> Iterator[Finding]:
    """Rows are deleted in the contract, and a column is dropped behind it: until then its
    foreign key refers to them."""
    dropped: list[Action] = []
    for action in actions:
        fact = action.fact
        if not isinstance(fact, Fact) or id(action) not in owner or action.statement.vouched:
            continue
        if fact.kind is ActionKind.DROP_COLUMN:
            dropped.append(action)
        for earlier in dropped if fact.kind is ActionKind.DELETE else ():
            if refers(earlier, fact.table, start):
                yield refuse.finding(
                    action,
                    "still_referred",
                    f"{earlier.source} drops a column whose foreign key refers to"
                    f" {fact.table}, but only after these rows are deleted, so it would refuse"
                    " that",
                    NEXT_TRAIN,
                )


def refers(action: Action, target: Name | None, start: Snapshot) -> bool:
    """Whether it changes a column of a foreign key to the table."""
    fact = action.fact
    table = start.table(fact.table) if isinstance(fact, Fact) and fact.table else None
    return table is not None and any(
        key.references == target and isinstance(fact, Fact) and fact.name in key.columns
        for key in table.constraints
    )


def _changes(action: Action, tables: set[Name]) -> bool:
    """Whether it changes one of them; what makes or drops one is another conflict."""
    fact = action.fact
    return isinstance(fact, Fact) and fact.kind not in _WHOLE_TABLES and fact.table in tables


def _mentions(action: Action, table: Name) -> bool:
    """Whether the statement may name the table, as a foreign key or a query does."""
    return any(
        found.name == table.name and found.schema in ("", table.schema)
        for found in mentioned.reads(action)
    )


def _changes_key(action: Action, target: Name, start: Snapshot) -> bool:
    """Whether it changes a column whose foreign key references the table: later steps name
    the table that they reference, and lock it."""
    return refers(action, target, start)


def runs_in_contract(action: Action) -> bool:
    """Whether the author lets it run as written in the contract."""
    return _runs_in(action) is Phase.CONTRACT


def _runs_in(action: Action) -> Phase | None:
    """The phase in which the author lets it run as written."""
    phases = [d.argument for d in action.statement.vouched]
    if not phases:
        return None
    return Phase.CONTRACT if "contract" in phases else Phase.EXPAND


CHECKS = (_lost_writes, _lost_copies, _name_reused, _constraint_renamed, _not_null_moved)
