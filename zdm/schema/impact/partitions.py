"""ATTACH and DETACH PARTITION, CREATE TABLE … PARTITION OF, and dropping a partition."""

from zdm.model import impact
from zdm.model.commands import AlterTable
from zdm.model.impact import NO, UNKNOWN, YES, Answer, Impact, Touch
from zdm.model.locks import LockMode
from zdm.model.schema import Constraint, Table
from zdm.model.syntax import PartitionBound
from zdm.schema.impact import bounds
from zdm.schema.impact.place import AE, AS, SRE, SUE, Place, each, on, touch

_NO_PARTITION = "the partition is not in the schema, so what it holds is unknown"


def attach(said: AlterTable, parent: Table, place: Place) -> Impact:
    """ATTACH PARTITION."""
    child = None if said.other is None else place.table(said.other)
    if child is None or said.bound is None:
        return impact.of([touch(parent, SUE)], unknown=_NO_PARTITION)
    unproven = bounds.unproven(said.bound, parent, child)
    builds = _builds(parent, child)
    scans = builds if builds is not NO and unproven is not YES else unproven
    if any(not _has_key(key, child) for key in place.foreign_keys(parent)):
        scans = YES
    touches = [touch(parent, SUE)]
    touches += [touch(t, AE, builds=builds, scans=scans) for t in place.family(child)]
    touches += _on_default(said.bound, parent, place)
    for key in place.foreign_keys(parent):
        has_it = _has_key(key, child)
        if key.references is not None:
            table = place.snapshot.table(key.references)
            read = UNKNOWN if not has_it else NO
            touches += [touch(table, AE if has_it else SRE, scans=read)] if table else []
    touches += on([t.name for t, _ in place.referencing(parent)], _inbound(place))
    return impact.of(touches, unknown=unseen_default(parent, place))


def _inbound(place: Place) -> LockMode:
    """The lock on a table that refers to one that gets another partition."""
    return SRE if place.major >= 15 else AS


def _has_key(key: Constraint, child: Table) -> bool:
    return any(
        c.references == key.references and c.columns == key.columns and c.validated
        for c in child.constraints
    )


def _builds(parent: Table, child: Table) -> Answer:
    """An index that the partition lacks is built; of an expression it is not known."""
    answers = set()
    for index in parent.indexes:
        if None in index.keys or index.predicate is not None:
            answers.add(UNKNOWN)
            continue
        same = [i for i in child.indexes if i.keys == index.keys and i.valid]
        answers.add(NO if any(i.unique >= index.unique for i in same) else YES)
    return YES if YES in answers else UNKNOWN if UNKNOWN in answers else NO


def unseen_default(parent: Table, place: Place, but: Table | None = None) -> str:
    """A partition whose bound is not known may be the DEFAULT one."""
    unseen = (t for t in place.children(parent) if t.partition_bound is None and t != but)
    names = [str(t.name) for t in unseen if t.partition_of is not None]
    return f"{', '.join(names)} may be the DEFAULT partition of {parent.name}" if names else ""


def _on_default(bound: PartitionBound, parent: Table, place: Place) -> list[Touch]:
    """The DEFAULT partition is read: it may hold rows of the new one."""
    default = place.default_partition(parent)
    if default is None or bound.kind == "default":
        return []
    return [
        touch(one, AE, scans=bounds.not_excluded(bound, parent, one))
        for one in place.family(default)
    ]


def detach(said: AlterTable, parent: Table, place: Place) -> Impact:
    """DETACH PARTITION; CONCURRENTLY and FINALIZE lock the partition only at the end."""
    child = None if said.other is None else place.table(said.other)
    gently = said.concurrently or said.change.value == "finalize detach"
    touches = [touch(parent, SUE if gently else AE)]
    unknown = _NO_PARTITION if child is None else unseen_default(parent, place, but=child)
    if child is not None:
        touches += each([child], AE)
    default = place.default_partition(parent)
    if default is not None and not gently:
        touches += each([default], AE)
    touches += on([k.references for k in place.foreign_keys(parent) if k.references], SRE)
    referencing = [t for t, _ in place.referencing(parent)]
    touches += [touch(t, AE, scans=UNKNOWN) for t in referencing]
    if referencing and child is not None:
        touches.append(touch(child, AE, scans=UNKNOWN))
    return impact.of(touches, unknown=unknown, in_transaction=not said.concurrently)


def dropped(table: Table, place: Place) -> Impact:
    """What dropping a partition does to the tables above and beside it."""
    parent = place.snapshot.table(table.partition_of) if table.partition_of else None
    if parent is None:
        return impact.of(())
    default = place.default_partition(parent)
    beside = [default] if default is not None and default != table else []
    unknown = unseen_default(parent, place, but=table)
    return impact.of(each([parent, *beside], AE), unknown=unknown)


def created(parent: Table, place: Place) -> Impact:
    """What a new partition does to the tables around it."""
    touches = each([parent], AE)
    default = place.default_partition(parent)
    if default is not None:
        touches.append(touch(default, AE, scans=bounds.not_excluded(None, parent, default)))
    touches += on([k.references for k in place.foreign_keys(parent) if k.references], SRE)
    touches += on([t.name for t, _ in place.referencing(parent)], _inbound(place))
    return impact.of(touches, unknown=unseen_default(parent, place))
