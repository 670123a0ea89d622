"""Fills of one train that touch each other's columns.

The triggers of all fills work side by side from expand to the end of the rollout, and they
also fire for the batches of the other fills. So the author's order is lost where one fill
writes what another one reads or writes, and such a train is refused.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.findings import Finding, Severity
from zdm.model.plan import Backfill, Copy, Phase
from zdm.model.schema import Name
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import AddConstraint
from zdm.parse import expressions, mentioned
from zdm.planning.classify import Placed
from zdm.planning.conflicts import NEXT_TRAIN, runs_in_contract
from zdm.planning.walk import Owned
from zdm.recipes.reading import refuse, updates
from zdm.schema import lookup

_REMEDY = (
    "write them as one UPDATE (with CASE or COALESCE, if the rows differ), or move the later"
    " one to a revision that is planned after this train is contracted"
)

_WRITES = frozenset(
    {
        ActionKind.INSERT,
        ActionKind.UPDATE,
        ActionKind.DELETE,
        ActionKind.TRUNCATE,
    }
)
_HARMLESS = frozenset(
    {
        ActionKind.CREATE_TABLE,
        ActionKind.ADD_COLUMN,
        ActionKind.ADD_CONSTRAINT,
        ActionKind.VALIDATE_CONSTRAINT,
        ActionKind.RENAME_CONSTRAINT,
        ActionKind.SET_NOT_NULL,
        ActionKind.CREATE_INDEX,
        ActionKind.RENAME_INDEX,
        ActionKind.COMMENT,
        ActionKind.GRANT,
    }
)  # for the rows that are copied, whether before or after
_AWAY = (
    "let the SELECT of the INSERT give the rows their values, and leave out those that are not"
    " meant; or move this statement to a revision that is planned after this train is"
    " contracted"
)

_MADE_SO = (
    "write the table in CREATE TABLE as it shall be, and the values in the SELECT of the"
    " INSERT; or move this statement to a revision that is planned after this train is"
    " contracted"
)


class _Fill(Struct, frozen=True):
    """`at_once`: one statement, without a trigger; `copies`: batches, without a trigger, that
    write another table; `synced`: its trigger only keeps two columns in sync, as it does for
    writes of the applications."""

    owner: int
    table: Name
    writes: frozenset[str]
    reads: frozenset[str]
    at_once: bool = False
    copies: bool = False
    synced: bool = False

    def shared(self, other: "_Fill") -> frozenset[str]:
        """The columns that one of the two writes and the other one uses."""
        if self.owner == other.owner or self.table != other.table:
            return frozenset()
        if (self.at_once or other.at_once) and (
            self.at_once is other.at_once or self.synced or other.synced
        ):
            return frozenset()
        if any(
            one.copies and one.owner == max(self.owner, other.owner) for one in (self, other)
        ):
            return frozenset()  # it reads what the fill before it has written
        return self.writes & (other.writes | other.reads) | (other.writes & self.reads)


def conflicts(steps: Sequence[Owned], placed: Sequence[Placed]) -> tuple[Finding, ...]:
    """What each check finds."""
    return tuple(found for check in CHECKS for found in check(steps, placed))


def _overlaps(steps: Sequence[Owned], placed: Sequence[Placed]) -> tuple[Finding, ...]:
    """Each pair of operations once, at the place of the later one."""
    found: dict[tuple[int, int], Finding] = {}
    when = _places(steps)
    fills = list(_fills(steps, placed))
    for position, one in enumerate(fills):
        for other in fills[:position]:
            pair = (min(one.owner, other.owner), max(one.owner, other.owner))
            if when[pair[0]][-1] < when[pair[1]][0]:
                continue  # the first is done, and its trigger gone, when the second begins
            if shared := one.shared(other):
                found.setdefault(pair, _finding(pair, placed, one.table, min(shared)))
    return tuple(found.values())


def _fills(steps: Sequence[Owned], placed: Sequence[Placed]) -> Iterator[_Fill]:
    batched = {owned.owner for owned in steps if isinstance(owned.step, Backfill)}
    for owned in steps:
        if owned.owner is None:
            continue
        if isinstance(owned.step, Backfill):
            yield _fill(owned.owner, owned.step, placed[owned.owner])
        elif owned.owner not in batched and owned.step.phase is Phase.BACKFILL:
            yield from _at_once(owned.owner, placed[owned.owner])


def _at_once(owner: int, place: Placed) -> Iterator[_Fill]:
    for action in place.actions:
        update = updates.read(action)
        if update is not None:
            writes = frozenset(column for column, _ in update.assignments)
            reads = mentioned.columns(action)
            yield _Fill(owner, update.table, writes, reads, at_once=True)


def _fill(owner: int, step: Backfill, place: Placed) -> _Fill:
    if step.copy is not None:
        reads = frozenset(
            c for action in place.actions for c in _mentioned(action, place, step)
        )
        return _Fill(owner, step.table, frozenset(), reads, copies=True)
    read = [step.differs, *(one.expression for one in step.assignments)]
    used = [column for text in read for column in expressions.columns(expressions.read(text))]
    writes = frozenset(one.column for one in step.assignments)
    return _Fill(owner, step.table, writes, frozenset(used), synced=step.synced)


def _mentioned(action: Action, place: Placed, step: Backfill) -> Iterator[str]:
    yield from mentioned.columns(action)
    if mentioned.every_column(action):
        yield from (c.name for c in place.context.snapshot.require_table(step.table).columns)


def _finding(
    pair: tuple[int, int], placed: Sequence[Placed], table: Name, column: str
) -> Finding:
    earlier, later = (placed[number] for number in pair)
    action = later.actions[0]
    return Finding(
        slug="fills_overlap",
        severity=Severity.ERROR,
        message=f"`{later.operation.title}` and `{earlier.operation.title}`"
        f" ({earlier.context.origin[0]}) both use {table}.{column}, and zdm fills columns side"
        " by side, so their order would be lost",
        remedy=_REMEDY,
        source=action.source,
        statement=action.statement.sql,
    )


def _places(steps: Sequence[Owned]) -> dict[int, list[int]]:
    """The places of each operation's steps in the plan."""
    places: dict[int, list[int]] = {}
    for position, one in enumerate(steps):
        if one.owner is not None:
            places.setdefault(one.owner, []).append(position)
    return places


def _copied(steps: Sequence[Owned], placed: Sequence[Placed]) -> tuple[Finding, ...]:
    """Each statement that changes a table into which rows are copied, or rows of it, where it
    would meet others than in the author's order."""
    places = _places(steps)
    return tuple(
        finding
        for position, one in enumerate(steps)
        if one.owner is not None and isinstance(one.step, Backfill) and one.step.copy
        for finding in _against(one.step.copy, (one.owner, position), placed, places)
    )


def _against(
    copy: Copy, at: tuple[int, int], placed: Sequence[Placed], places: dict[int, list[int]]
) -> Iterator[Finding]:
    owner, position = at
    for other, place in enumerate(placed):
        action = _changing(place, copy)
        when = places.get(other)
        if other == owner or action is None or not when:
            continue
        turned = when[0] < position if other > owner else when[-1] > position
        if turned or (not copy.unique and _kind(action) is ActionKind.INSERT):
            yield _turned(action, copy, placed[owner])


def _read_on(steps: Sequence[Owned], placed: Sequence[Placed]) -> tuple[Finding, ...]:
    """Each statement that takes rows of a table which gets others until the contract: it takes
    those of one moment."""
    kept = {
        one.owner: one.step.copy.table
        for one in steps
        if isinstance(one.step, Backfill) and one.step.copy is not None and one.step.synced
    }
    return tuple(
        refuse.finding(
            action,
            "lost_writes",
            f"this takes rows of {table}, which gets what the old version writes until the"
            " contract, at one moment, so what is written later would be missing",
            NEXT_TRAIN,
        )
        for owner, table in kept.items()
        for other, place in enumerate(placed)
        for action in place.actions
        if other != owner and _takes(action, table, place)
    )


def _takes(action: Action, table: Name, place: Placed) -> bool:
    """Whether it writes rows by those of the table, while the old version runs."""
    if _kind(action) not in _WRITES or runs_in_contract(action):
        return False
    settings, snapshot = action.statement.settings, place.context.snapshot
    read = (lookup.found(one, snapshot, settings) for one in mentioned.reads(action))
    return table in read


def _turned(action: Action, copy: Copy, place: Placed) -> Finding:
    first = f"{place.context.origin[0]} copies rows into {copy.table} in batches, and this"
    if _kind(action) in _WRITES:
        return refuse.finding(
            action,
            "copied_rows_order",
            f"{first} statement writes rows there, too, which the batches would meet in another"
            " order",
            _AWAY,
        )
    return refuse.finding(
        action,
        "copied_rows_order",
        f"{first} statement changes that table, which the batches would meet too early or late",
        _MADE_SO,
    )


def _referring(steps: Sequence[Owned], placed: Sequence[Placed]) -> tuple[Finding, ...]:
    """Each fill of a column whose foreign key refers to a table into which rows are copied: its
    trigger writes the values before the rows are there, and for rows that get none."""
    copied = {
        one.step.copy.table
        for one in steps
        if isinstance(one.step, Backfill) and one.step.copy is not None
    }
    found = (
        refuse.finding(
            place.actions[0],
            "filled_before_copied",
            f"the trigger of this fill writes {one.step.table}.{min(columns)} for the old"
            f" version, too, whose rows then refer to rows of {to} that are not copied, which"
            " the foreign key refuses",
            "move this statement to a revision that is planned after this train is contracted,"
            " and read the value from the copied rows: SET c = (SELECT k FROM copied WHERE …)",
        )
        for one in steps
        if one.owner is not None and isinstance(one.step, Backfill)
        for place in [placed[one.owner]]
        if _has_trigger(one.owner, steps)
        for to, of in _keys(one.owner, one.step.table, placed)
        if to in copied and not one.step.synced
        if (columns := {*of} & {a.column for a in one.step.assignments})
    )
    return tuple(dict.fromkeys(found))


def _keys(
    owner: int, name: Name, placed: Sequence[Placed]
) -> Iterator[tuple[Name | None, tuple[str, ...]]]:
    """The foreign keys of the table, also those that the train adds later: the table to which
    one refers, and its columns."""
    for key in placed[owner].context.snapshot.require_table(name).constraints:
        yield key.references, key.columns
    for place in placed[owner + 1 :]:
        for action in place.actions:
            said, fact = action.said, action.fact
            says = said.constraint if isinstance(said, AddConstraint) else None
            about = isinstance(fact, Fact) and fact.table == name
            if says is not None and says.references is not None and about:
                snapshot = place.context.snapshot
                to = lookup.found(says.references, snapshot, action.statement.settings)
                yield to, says.columns


def _has_trigger(owner: int, steps: Sequence[Owned]) -> bool:
    return any(one.owner == owner and one.step.phase is Phase.EXPAND for one in steps)


def _changing(place: Placed, copy: Copy) -> Action | None:
    for action in place.actions:
        fact = action.fact
        if isinstance(fact, Fact) and fact.kind not in _HARMLESS and fact.table == copy.table:
            return action
    return None


def _kind(action: Action) -> ActionKind | None:
    return action.fact.kind if isinstance(action.fact, Fact) else None


CHECKS = (_overlaps, _copied, _read_on, _referring)
