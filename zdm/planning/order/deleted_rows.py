"""DELETEs of the contract, and statements before them that count on the same rows.

What is copied from the rows before the rollout is missing what the old version writes between,
and the DELETE takes that, too. A constraint that needs the rows gone must not be validated
before them, or the run stops at it each time.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.findings import Finding
from zdm.model.plan import Phase
from zdm.model.schema import Index, Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Fact, Train
from zdm.model.syntax import AddConstraint, IndexDefinition, RelationName
from zdm.parse import mentioned
from zdm.parse.rows import taken
from zdm.planning.classify import Placed
from zdm.planning.walk import Owned
from zdm.recipes.column import refusing
from zdm.recipes.reading import deletes, refuse, statements, updates
from zdm.schema import family, lookup

_DELETES = frozenset({ActionKind.DELETE, ActionKind.TRUNCATE})
_COPY = (
    "put `-- zdm: run in contract -- reason` above the earlier statement, so that both run when"
    " the old version is gone; or, if no version writes such rows any more,"
    " `-- zdm: run in expand -- reason`"
)
_MOVED = (
    "put `-- zdm: run in contract -- reason` above the UPDATE, so that both run when the old"
    " version is gone"
)
_CHILDREN = (
    "if the old version works without these rows, too, put `-- zdm: run in expand -- reason`"
    " above this DELETE"
)
_REFERRED = (
    "move it, and what needs the rows gone, to a revision that is planned after this train is"
    " contracted"
)
_READS = "drop it in a revision that is planned after this train is contracted"
_VALIDATED = (
    "put this DELETE above the statement that adds the constraint, or into a revision that is"
    " planned and contracted before this train"
)
_EXPAND = (
    "if the old version works without these rows, write `run in expand` for `run in contract`"
)
_ADDED = "put this DELETE into a revision that is planned and contracted before this train"


class _Work(Struct, frozen=True):
    """An operation, the places of its steps in the plan, and of its actions in the train."""

    place: Placed
    steps: tuple[int, ...]
    actions: tuple[tuple[tuple[int, int], Action], ...]


def conflicts(
    steps: Sequence[Owned], placed: Sequence[Placed], train: Train
) -> tuple[Finding, ...]:
    """Each DELETE that comes too late for another statement of the train."""
    order = {statement.source: n for n, statement in enumerate(train.statements)}
    works = [
        _Work(
            place=place,
            steps=tuple(n for n, one in enumerate(steps) if one.owner == owner),
            actions=tuple(((order[a.statement.source], owner), a) for a in place.actions),
        )
        for owner, place in enumerate(placed)
    ]
    rollout = [n for n, one in enumerate(steps) if one.step.phase is Phase.ROLLOUT]
    late = [w for w in works if w.steps and rollout and w.steps[0] > rollout[0]]
    found: list[Finding] = []
    for work in late:
        at, delete = work.actions[0]
        table = _deletes(delete)
        if table is None:
            continue
        for other in works:
            found += _dropped([a for when, a in other.actions if when > at], work.place, table)
            if not other.steps or other.steps[0] >= work.steps[0]:
                continue
            if other.steps[0] < rollout[0]:
                earlier = [action for when, action in other.actions if when < at]
                snapshot = other.place.context.snapshot
                found += _copies(earlier, snapshot, delete, table)
                found += _moves(earlier, snapshot, delete, table)
            later = [action for when, action in other.actions if when > at]
            found += _validates(later, other.place.context.snapshot, delete, table)
            found += _parents(later, delete, work.place.context.snapshot.table(table))
    return (*found, *_unreferred(works, rollout))


def _deletes(action: Action) -> Name | None:
    fact = action.fact
    return fact.table if isinstance(fact, Fact) and fact.kind in _DELETES else None


def _copies(
    earlier: Sequence[Action], snapshot: Snapshot, delete: Action, table: Name
) -> Iterator[Finding]:
    """Rows that an INSERT or UPDATE takes from the table, unless its author says when."""
    gone = _gone(table, snapshot)
    for action in earlier:
        if action.statement.vouched:
            continue
        settings = action.statement.settings
        named = {lookup.found(relation, snapshot, settings) for relation in _taken(action)}
        named |= statements.called(action, snapshot)
        for name in sorted(named & {*gone}):
            yield refuse.finding(
                delete,
                "rows_deleted_uncopied",
                f"{action.source} takes rows of {name} before the rollout, and this DELETE of"
                f" {table} runs after it, so rows that are written between are"
                f" {gone[name]} and never copied",
                _COPY,
            )
            return


def _gone(table: Name, snapshot: Snapshot) -> dict[Name, str]:
    """The tables whose rows go with those of the table, by foreign keys at all depths, or lose
    what they refer to; and what happens to them."""
    start = snapshot.table(table)
    found = {table: "deleted"}
    for one in deletes.acting(start, snapshot) if start is not None else ():
        word = "deleted" if one.changed is None else "changed"
        found[one.table.name] = word if word == "deleted" else found.get(one.table.name, word)
    for name, word in tuple(found.items()):
        for other in family.around(snapshot, name):
            found.setdefault(other, word)
    return found


def _moves(
    earlier: Sequence[Action], snapshot: Snapshot, delete: Action, table: Name
) -> Iterator[Finding]:
    """Rows that an UPDATE makes refer to others of the table than those that are deleted, or to
    others of a table whose rows are deleted with them."""
    gone = {name for name, word in _gone(table, snapshot).items() if word == "deleted"}
    for action in earlier:
        update = None if action.statement.vouched else updates.read(action)
        changed = None if update is None else snapshot.table(update.table)
        if update is None or changed is None:
            continue
        columns = {column for column, _ in update.assignments}
        keys = [key for key in changed.constraints if columns & {*key.columns}]
        for of in (key.references for key in keys if key.references in gone):
            yield refuse.finding(
                delete,
                "rows_refer_again",
                f"{action.source} changes to which rows of {of} those of {changed.name}"
                f" refer before the rollout, and this DELETE of {table} runs after it; rows"
                " that the old version makes refer to the deleted rows between are deleted"
                " with them, or stop the run",
                _MOVED,
            )
            return


def _taken(action: Action) -> tuple[RelationName, ...]:
    """The relations whose rows it takes, not only looks up."""
    kind = action.fact.kind if isinstance(action.fact, Fact) else None
    if kind is ActionKind.UPDATE:
        return mentioned.reads(action)
    return taken.by_insert(action) if kind is ActionKind.INSERT else ()


def _validates(
    later: Sequence[Action], snapshot: Snapshot, delete: Action, table: Name
) -> Iterator[Finding]:
    """A constraint that the author validates behind the DELETE, or a unique index."""
    for action in later:
        fact = action.fact
        if not isinstance(fact, Fact) or fact.table != table or not _scans(action, fact):
            continue
        if _is_kept(action, snapshot.table(table)):
            continue
        message = (
            f"{action.source} validates a constraint or builds a unique index of {table} before"
            " this DELETE would run, so rows that break it would stop the run each time"
        )
        if delete.statement.vouched:
            yield refuse.finding(delete, "delete_after_constraint", message, _EXPAND)
        elif isinstance(action.said, AddConstraint | IndexDefinition):
            yield refuse.finding(delete, "delete_after_constraint", message, _ADDED)
        else:
            yield refuse.finding(delete, "delete_after_constraint", message, _VALIDATED)
        return


def _parents(later: Sequence[Action], delete: Action, table: Table | None) -> Iterator[Finding]:
    """Rows that a foreign key of these refers to, and that the author deletes after them."""
    above = {c.references for c in table.constraints if c.references} if table else set()
    for action in later:
        parent = _deletes(action)
        if table is not None and parent in above:
            yield refuse.finding(
                delete,
                "delete_after_parents",
                f"{action.source} deletes rows of {parent} before the rollout, and the rows of"
                f" {table.name} that refer to them are deleted after it, so a foreign key would"
                " stop the run",
                _CHILDREN,
            )
            return


_DROPS = frozenset({ActionKind.DROP_COLUMN, ActionKind.DROP_TABLE})


def _dropped(later: Sequence[Action], place: Placed, table: Name) -> Iterator[Finding]:
    """Another table by which it decides, and which the new version does not write any more."""
    delete, snapshot = place.actions[0], place.context.snapshot
    settings = delete.statement.settings
    read = {lookup.found(one, snapshot, settings) for one in mentioned.reads(delete)} - {table}
    for action in later:
        fact = action.fact
        if delete.statement.vouched or not isinstance(fact, Fact) or fact.kind not in _DROPS:
            continue
        whole = fact.kind is ActionKind.DROP_TABLE
        if fact.table in read and (whole or fact.name in mentioned.columns(delete)):
            what = fact.table if whole else f"{fact.table}.{fact.name}"
            yield refuse.finding(
                delete,
                "delete_reads_dropped",
                f"{action.source} drops {what}, so the new version does not write it, and this"
                " DELETE decides by it after the rollout, also about rows of the new version",
                _READS,
            )
            return


def _scans(action: Action, fact: Fact) -> bool:
    said = action.said
    if isinstance(said, AddConstraint):
        return not said.constraint.not_valid
    if isinstance(said, IndexDefinition):
        return said.unique
    return fact.kind is ActionKind.VALIDATE_CONSTRAINT


_KEYS = frozenset({"unique", "primary key"})


def _is_kept(action: Action, table: Table | None) -> bool:
    """Whether another unique index refuses already what the new one would."""
    said = action.said
    keys: tuple[str | None, ...] = ()
    if isinstance(said, IndexDefinition) and not said.nulls_not_distinct:
        keys = tuple(element.column or None for element in said.elements)
    elif isinstance(said, AddConstraint) and said.constraint.kind in _KEYS:
        keys = () if said.constraint.nulls_not_distinct else said.constraint.columns
    if table is None or not keys:
        return False
    new = Index(name="", definition="", keys=keys, columns=(), unique=True)
    return refusing.implied(new, table, frozenset())


def _unreferred(works: Sequence[_Work], rollout: Sequence[int]) -> Iterator[Finding]:
    """DELETEs before the rollout of rows to which a foreign key refers that the train drops
    before them: a rollback would add it back."""
    early = [w for w in works if w.steps and rollout and w.steps[0] < rollout[0]]
    for work in early:
        at, delete = work.actions[0]
        table = _deletes(delete)
        if table is None or delete.statement.vouched:
            continue
        for other in early:
            for when, action in other.actions:
                if when < at and not action.statement.vouched and _refers(action, other, table):
                    yield refuse.finding(
                        delete,
                        "rollback_would_fail",
                        f"{action.source} drops a foreign key to {table}, and rows that refer"
                        " to the deleted ones break it, so a rollback could not restore it",
                        _REFERRED,
                    )


def _refers(action: Action, work: _Work, target: Name) -> bool:
    fact = action.fact
    if not isinstance(fact, Fact) or fact.kind is not ActionKind.DROP_CONSTRAINT:
        return False
    table = work.place.context.snapshot.table(fact.table) if fact.table else None
    key = table.constraint(fact.name) if table is not None else None
    return key is not None and key.references == target
