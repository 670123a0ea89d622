"""The impact of an Action, and of a whole statement.

Everything is looked up in one place by what the statement says; the server is asked in tests
whether it is so (tests/postgres/impact).
"""

from collections.abc import Mapping, Sequence
from functools import reduce

from zdm.model import impact
from zdm.model.commands import (
    AlterDomain,
    AlterRelation,
    AlterSequence,
    AlterTable,
    NoRelation,
    SetSchema,
    Work,
    WorkOn,
)
from zdm.model.impact import Impact
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import (
    AddConstraint,
    ChangeEnum,
    CommentOn,
    CreateObject,
    CreateTable,
    CreateTableAs,
    CreateTrigger,
    DropObjects,
    IndexDefinition,
    Insert,
    Read,
    RenameObject,
    Update,
)
from zdm.schema import edits
from zdm.schema.impact import alter_table, maintenance, objects, rows
from zdm.schema.impact.place import Place

# By the class of `said`: the versions that do something else than the one before.
_CHANGED_IN: Mapping[type, tuple[int, ...]] = {
    AddConstraint: (18,),
    AlterTable: (15, 17),
    CreateTable: (15,),
    DropObjects: (15,),
    WorkOn: (18,),
}
_UNREAD = "zdm does not know what this statement locks"


def action(one: Action, snapshot: Snapshot, major: int | None = None) -> Impact:
    """What the Action does to relations, on a server of that version."""
    place = Place(
        snapshot=snapshot,
        settings=one.statement.settings,
        major=snapshot.major if major is None else major,
    )
    found = _of_definition(one, place)
    if found is None:
        found = _of_command(one, place)
    if found is None:
        found = _of_rows(one, place)
    if found is not None:
        unknown = _half_known(found, place)
        return found.joined(Impact(unknown=unknown)) if unknown else found
    reason = _UNREAD if isinstance(one.fact, Fact) else one.fact.reason
    return impact.of((), unknown=reason)


def _half_known(found: Impact, place: Place) -> str:
    """The tables that may have partitions, keys or indexes which the Snapshot does not hold."""
    tables = (place.snapshot.table(touch.relation) for touch in found.touches)
    names = [str(table.name) for table in tables if table is not None and table.opaque]
    return f"{', '.join(names)} may have more than is in the schema" if names else ""


def statement(parts: Sequence[Action], snapshot: Snapshot, major: int | None = None) -> Impact:
    """The same of all sub-commands of one statement."""
    return reduce(Impact.joined, each(parts, snapshot, major), Impact())


def each(
    parts: Sequence[Action], snapshot: Snapshot, major: int | None = None
) -> tuple[Impact, ...]:
    """The Impact of each sub-command of one statement. A constraint that the statement drops
    proves nothing to its other sub-commands (measured 12-18)."""
    left = snapshot
    for dropped in filter(None, map(_dropped_constraint, parts)):
        if left.table(dropped[0]) is not None:
            left = edits.drop_constraint(left, *dropped)
    if left is snapshot:
        return tuple([action(part, snapshot, major) for part in parts])
    return tuple(
        action(part, snapshot if _dropped_constraint(part) else left, major) for part in parts
    )


def versions(parts: Sequence[Action], majors: Sequence[int]) -> tuple[int, ...]:
    """Those on which the statement may do something else than on the one before."""
    new = {major for part in parts for major in _changed_in(part)}
    return tuple(
        major
        for before, major in zip((0, *majors), majors, strict=False)
        if not before or any(before < changed <= major for changed in new)
    )


def _changed_in(part: Action) -> tuple[int, ...]:
    if isinstance(part.said, CreateTable) and not part.said.is_partition:
        return ()
    return _CHANGED_IN.get(type(part.said), ())


def worst(
    parts: Sequence[Action], snapshot: Snapshot, majors: Sequence[int]
) -> tuple[Impact, ...]:
    """The same, the worst of all these versions."""
    every = [each(parts, snapshot, major) for major in versions(parts, majors)]
    if len(every) == 1:
        return every[0]
    return tuple(reduce(Impact.joined, one) for one in zip(*every, strict=True))


def _dropped_constraint(part: Action) -> tuple[Name, str] | None:
    fact = part.fact
    if not isinstance(fact, Fact) or fact.kind is not ActionKind.DROP_CONSTRAINT:
        return None
    return None if fact.table is None else (fact.table, fact.name)


def _of_definition(one: Action, place: Place) -> Impact | None:
    fact = one.fact if isinstance(one.fact, Fact) else None
    match one.said:
        case CreateTable() as said:
            return objects.create_table(said, place)
        case CreateTableAs() as said:
            return objects.create_table_as(said, one, place)
        case IndexDefinition() as said:
            return objects.create_index(said, fact, place)
        case CreateObject() as said:
            return objects.create(said, one, place)
        case DropObjects() as said:
            return objects.drop(said, fact, place)
        case RenameObject() as said:
            return objects.rename(said, fact, place)
        case CommentOn() as said:
            return objects.comment(said, place)
    return None


def _of_command(one: Action, place: Place) -> Impact | None:
    match one.said:
        case SetSchema() as said:
            return objects.set_schema(said, place)
        case CreateTrigger() as said:
            return objects.create_trigger(said, place)
        case AlterSequence() as said:
            return objects.alter_sequence(said, place)
        case AlterDomain() as said:
            return objects.alter_domain(said, place)
        case ChangeEnum():
            return impact.of(())
        case NoRelation(outside_transaction=outside):
            return impact.of((), in_transaction=not outside)
        case AlterRelation() as said:
            return alter_table.of_relation(said, place)
    return None


def _of_rows(one: Action, place: Place) -> Impact | None:
    match one.said:
        case Insert() as said:
            return rows.insert(said, one, place)
        case Update() as said:
            return rows.update(said, one, place)
        case Read() as said:
            return rows.select(said, one, place)
        case WorkOn(work=Work.DELETE | Work.MERGE) as said:
            return rows.of_rows(said, one, place)
        case WorkOn() as said:
            return maintenance.of(said, place)
    if isinstance(one.fact, Fact) and one.fact.kind in ALTER_TABLE:
        return alter_table.of(one, one.fact, place)
    return None


ALTER_TABLE = frozenset(
    {
        ActionKind.ADD_COLUMN,
        ActionKind.DROP_COLUMN,
        ActionKind.CHANGE_TYPE,
        ActionKind.SET_DEFAULT,
        ActionKind.DROP_DEFAULT,
        ActionKind.SET_NOT_NULL,
        ActionKind.DROP_NOT_NULL,
        ActionKind.ADD_CONSTRAINT,
        ActionKind.DROP_CONSTRAINT,
        ActionKind.VALIDATE_CONSTRAINT,
        ActionKind.ALTER_TABLE_OTHER,
    }
)
