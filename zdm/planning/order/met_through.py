"""Two statements that meet in rows of a table which one of them does not name.

They meet through a partition or a child, a foreign key that acts, a trigger, a function or a
view. The other checks know what a statement names, so where zdm runs the two at different
times the later one is refused, whatever it would do to the rows.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.findings import Finding
from zdm.model.plan import Backfill, Phase
from zdm.model.schema import Snapshot
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import AddConstraint, Insert
from zdm.planning.classify import Placed
from zdm.planning.order import new_keys
from zdm.planning.walk import Owned
from zdm.recipes.reading import reach, refuse
from zdm.recipes.reading.reach import Met
from zdm.schema import family

_BOTH = (
    "move this statement to a revision that is planned after this train is contracted; or, if"
    " only the new version needs what both do, put `-- zdm: run in contract -- reason` above"
    " both"
)
_LATER = "move this statement to a revision that is planned after this train is contracted"
_SCANS = frozenset({ActionKind.VALIDATE_CONSTRAINT, ActionKind.SET_NOT_NULL})
_AGREE = ("adds", "deletes", "reads")  # in whatever order two of one kind are done


class _Work(Struct, frozen=True):
    """An operation, what its statement meets, and the places of its steps in the plan."""

    owner: int
    action: Action
    met: tuple[Met, ...]
    first: int
    last: int
    late: bool  # behind the rollout
    fills: bool  # in batches, with a trigger that is there until the contract
    looks: bool = False  # writes no row of a table, so no trigger fires for it
    constraint: bool = False


def conflicts(steps: Sequence[Owned], placed: Sequence[Placed]) -> Iterator[Finding]:
    """Each statement that meets one before it so, once."""
    works = [w for n, place in enumerate(placed) for w in _works(n, place, steps)]
    for position, later in enumerate(works):
        for earlier in works[:position]:
            met = None if _keeps_order(earlier, later) else _meets(earlier, later)
            if met is not None:
                yield _finding(earlier, later, *met)
                break


def _works(owner: int, place: Placed, steps: Sequence[Owned]) -> Iterator[_Work]:
    own = [(n, one.step) for n, one in enumerate(steps) if one.owner == owner]
    early = [one for one in own if one[1].phase.position < Phase.ROLLOUT.position]
    later = len(own) > len(early)
    own = early or own  # what an UPDATE sets once more in the contract is of later rows
    for action in place.actions if own else ():
        snapshot = place.context.snapshot
        rows, scans = reach.of(action, snapshot), tuple(_scanned(action, snapshot))
        if rows or scans:
            yield _Work(
                owner=owner,
                action=action,
                met=rows or scans,
                first=own[0][0],
                last=own[-1][0],
                late=not early,
                looks=all(met.does == "reads" for met in rows),
                fills=later and any(isinstance(step, Backfill) for _, step in own),
                constraint=not rows,
            )


def _scanned(action: Action, snapshot: Snapshot) -> Iterator[Met]:
    """The tables whose rows a constraint or unique index of the author is about."""
    fact = action.fact
    if not isinstance(fact, Fact) or fact.table is None or action.statement.vouched:
        return
    adds = isinstance(action.said, AddConstraint) or new_keys.table(action) is not None
    if adds or fact.kind in _SCANS:
        for name in (fact.table, *family.below(snapshot, fact.table)):
            through = "" if name == fact.table else f"{fact.table}, above it"
            yield Met(table=name, does="reads", root=fact.table, through=through)


def _keeps_order(earlier: _Work, later: _Work) -> bool:
    """Whether the author's order is kept, and no trigger of a fill is there before."""
    if earlier.owner == later.owner:
        return True
    if earlier.constraint and not _counts_on(later.action, earlier.action):
        return True
    in_order = earlier.last < later.first
    if earlier.constraint or later.constraint:
        return in_order
    fires = earlier.fills and not later.looks
    return in_order and earlier.late == later.late and (later.late or not fires)


def _counts_on(later: Action, constraint: Action) -> bool:
    """Whether what the statement does follows from a constraint before it."""
    said = constraint.said
    if isinstance(said, AddConstraint) and said.constraint.kind == "foreign key":
        return True
    keyed = new_keys.table(constraint) is not None
    return keyed and isinstance(later.said, Insert) and bool(later.said.on_conflict)


def _meets(earlier: _Work, later: _Work) -> tuple[Met, Met] | None:
    """What the two meet in, if one of them does not name it."""
    for one in earlier.met:
        for other in later.met:
            same = one.table == other.table or None in (one.table, other.table)
            if not same or not (one.through or other.through):
                continue
            if one.root is not None and one.root == other.root:
                continue  # by the table that both name, so the other checks know it
            if other.refer and not one.through and earlier.last < later.first:
                continue  # `deleted_rows` knows these
            if one.does != other.does or one.does not in _AGREE:
                return one, other
    return None


def _finding(earlier: _Work, later: _Work, one: Met, other: Met) -> Finding:
    table = one.table or other.table
    rows = "any rows" if table is None else f"rows of {table}"
    by = " and ".join(
        f"{what} {met.does} them through {met.through}"
        for what, met in (("it", one), ("this statement", other))
        if met.through
    )
    message = (
        f"{earlier.action.source} and this statement meet in {rows} ({by}), and zdm runs the"
        " two at different times, so rows that are written between may be lost, or changed in"
        " another order than the author's"
    )
    if earlier.constraint or later.constraint:
        return refuse.finding(later.action, "rows_met_through", message, _LATER)
    return refuse.finding(later.action, "rows_met_through", message, _BOTH)
