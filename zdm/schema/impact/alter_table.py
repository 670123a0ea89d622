"""Sub-commands of ALTER TABLE: one table for those that do the same to every table, and the
places that know the others."""

from collections.abc import Callable, Mapping

from zdm.model import impact
from zdm.model.commands import AlterRelation, AlterTable, Change
from zdm.model.impact import NO, UNKNOWN, YES, Impact, Touch
from zdm.model.locks import LockMode
from zdm.model.schema import Name, Table
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import AddColumn, AddConstraint, ChangeType
from zdm.schema import lookup
from zdm.schema.impact import columns, constraints, partitions
from zdm.schema.impact.place import AE, AS, NOT_IN_SCHEMA, SRE, SUE, Place, each, on, touch

ALONE, FAMILY = False, True  # the table alone, or its partitions and children as well
SIMPLE: Mapping[Change, tuple[LockMode, bool]] = {
    Change.SET_STATISTICS: (SUE, FAMILY),
    Change.SET_STORAGE: (AE, FAMILY),
    Change.SET_COMPRESSION: (AE, ALONE),
    Change.SET_COLUMN_OPTIONS: (SUE, ALONE),
    Change.DROP_EXPRESSION: (AE, FAMILY),
    Change.ROW_SECURITY: (AE, ALONE),
    Change.RULE: (AE, ALONE),
    Change.CLUSTER_ON: (SUE, ALONE),
    Change.FOREIGN_OPTIONS: (AE, ALONE),
}
_OF_SEQUENCE = {Change.SET_IDENTITY: SRE, Change.DROP_IDENTITY: AE}
_SOFT_OPTIONS = frozenset(  # storage parameters that are set under SHARE UPDATE EXCLUSIVE
    {
        "fillfactor", "toast_tuple_target", "parallel_workers", "vacuum_index_cleanup",
        "vacuum_truncate", "log_autovacuum_min_duration", "deduplicate_items",
        "vacuum_max_eager_freeze_failure_rate",
    }
)  # fmt: skip
_UNKNOWN_CHANGE = "this sub-command of ALTER TABLE is not known"


def of(action: Action, fact: Fact, place: Place) -> Impact:
    """One sub-command of ALTER TABLE."""
    name = fact.table
    if name is None:
        return impact.of((), unknown="the table is not known")
    table = place.snapshot.table(name)
    if table is not None:
        return _on_table(action, fact, table, place)
    if isinstance(action.said, AlterTable):
        return _on_relation(action.said, name)
    doubted = Touch(relation=name, lock=AE, rewrites=UNKNOWN, builds=UNKNOWN, scans=UNKNOWN)
    return impact.of([doubted], unknown=NOT_IN_SCHEMA.format(name))


def _on_table(action: Action, fact: Fact, table: Table, place: Place) -> Impact:
    match action.said:
        case AddColumn() as said:
            return columns.add(said, fact, table, place)
        case ChangeType() as said:
            return columns.change_type(said, fact, table, place)
        case AddConstraint(constraint=says):
            return constraints.add(says, fact, table, place)
        case AlterTable() as said:
            return _change(said, fact, table, place)
    of_kind = _OF_KIND.get(fact.kind)
    if of_kind is not None:
        return of_kind(fact, table, place)
    return impact.of(each(place.family(table, only=fact.only), AE))


_OF_KIND: Mapping[ActionKind, Callable[[Fact, Table, Place], Impact]] = {
    ActionKind.DROP_COLUMN: columns.drop,
    ActionKind.SET_NOT_NULL: columns.set_not_null,
    ActionKind.VALIDATE_CONSTRAINT: constraints.validate,
    ActionKind.DROP_CONSTRAINT: constraints.drop,
}


def _change(said: AlterTable, fact: Fact, table: Table, place: Place) -> Impact:
    if said.change in SIMPLE:
        lock, recurses = SIMPLE[said.change]
        return impact.of(each(place.family(table, only=fact.only or not recurses), lock))
    if said.change is Change.ALTER_CONSTRAINT:
        return constraints.alter(said, fact, table, place)
    changed = _OF_CHANGE.get(said.change)
    if changed is not None:
        return changed(said, table, place)
    doubted = touch(table, AE, rewrites=UNKNOWN, builds=UNKNOWN, scans=UNKNOWN)
    return impact.of([doubted], unknown=_UNKNOWN_CHANGE)


def _options(said: AlterTable, table: Table, _: Place) -> Impact:
    return impact.of([touch(table, options_lock(said.options))])


def _owner(_: AlterTable, table: Table, place: Place) -> Impact:
    return impact.of([touch(table, AE), *on([s.name for s in place.sequences(table)], AE)])


def _alone(_said: AlterTable, table: Table, _: Place) -> Impact:
    return impact.of([touch(table, AE)])


def _tablespace(_said: AlterTable, table: Table, _: Place) -> Impact:
    """The file is copied; the indexes stay where they are."""
    return impact.of([touch(table, AE, rewrites=YES, scans=YES)])


def options_lock(options: tuple[str, ...]) -> LockMode:
    """The lock for storage parameters; the strongest of them decides."""
    soft = all(o in _SOFT_OPTIONS or o.startswith("autovacuum_") for o in options)
    return SUE if soft else AE


def _rewritten(said: AlterTable, table: Table, place: Place) -> Impact:
    """SET LOGGED and UNLOGGED change owned sequences as well, from PostgreSQL 15 on."""
    wanted = "permanent" if said.change is Change.SET_LOGGED else "unlogged"
    if table.persistence == wanted:
        return impact.of([touch(table, AE)])
    builds = YES if table.indexes else NO
    touches = [touch(table, AE, rewrites=YES, builds=builds, scans=YES)]
    if place.major >= 15:
        touches += on([s.name for s in place.sequences(table)], AE)
    return impact.of(touches)


def _of_type(said: AlterTable, table: Table, place: Place) -> Impact:
    """OF, NOT OF a composite type."""
    kinds = {t.name for t in place.snapshot.types}
    named = [said.other] if said.other is not None else []
    names = [lookup.among(n, kinds, place.snapshot, place.settings) for n in named]
    return impact.of([touch(table, AE), *on(names, AS)])


def _access_method(_: AlterTable, table: Table, _place: Place) -> Impact:
    """Nothing happens where it has that access method, which the Snapshot does not hold."""
    builds = UNKNOWN if table.indexes else NO
    return impact.of([touch(table, AE, rewrites=UNKNOWN, builds=builds, scans=UNKNOWN)])


def _trigger(said: AlterTable, table: Table, place: Place) -> Impact:
    """ENABLE, DISABLE TRIGGER: also the copies on partitions."""
    meant = [t for t in table.triggers if said.name in ("", t.name)]
    copied = any("FOR EACH ROW" in t.definition or not t.definition for t in meant)
    return impact.of(each(place.family(table, only=not copied), SRE))


def _set_expression(said: AlterTable, table: Table, place: Place) -> Impact:
    """SET EXPRESSION rewrites a stored column; a virtual one is only checked."""
    column = table.column(said.name)
    stored = YES if column is not None and column.generated == "stored" else NO
    checked = column is None or column.not_null
    checked |= any(c.kind == "check" and said.name in c.columns for c in table.constraints)
    indexed = any(t.indexes for t in place.family(table))
    scans = YES if stored is YES or checked else NO
    return impact.of(
        touch(one, AE, rewrites=stored, builds=stored if indexed else NO, scans=scans)
        for one in place.family(table)
    )


def _identity(said: AlterTable, table: Table, place: Place) -> Impact:
    """Partitions take part from PostgreSQL 17 on."""
    tables = place.family(table) if place.major >= 17 else (table,)
    lock = _OF_SEQUENCE.get(said.change)
    owned = [s.name for s in place.sequences(table, said.name)]
    return impact.of([*each(tables, AE), *(on(owned, lock) if lock is not None else ())])


def _inherit(said: AlterTable, table: Table, place: Place) -> Impact:
    touches = each(place.family(table), AE)
    if said.other is not None:
        lock = SUE if said.change is Change.INHERIT else AS
        touches += on([place.name(said.other)], lock)
    return impact.of(touches)


_OF_CHANGE: Mapping[Change, Callable[[AlterTable, Table, Place], Impact]] = {
    Change.ATTACH_PARTITION: partitions.attach,
    Change.DETACH_PARTITION: partitions.detach,
    Change.FINALIZE_DETACH: partitions.detach,
    Change.INHERIT: _inherit,
    Change.NO_INHERIT: _inherit,
    Change.SET_EXPRESSION: _set_expression,
    Change.ADD_IDENTITY: _identity,
    Change.SET_IDENTITY: _identity,
    Change.DROP_IDENTITY: _identity,
    Change.SET_LOGGED: _rewritten,
    Change.SET_UNLOGGED: _rewritten,
    Change.SET_ACCESS_METHOD: _access_method,
    Change.TRIGGER: _trigger,
    Change.OF_TYPE: _of_type,
    Change.SET_OPTIONS: _options,
    Change.OWNER: _owner,
    Change.REPLICA_IDENTITY: _alone,
    Change.SET_TABLESPACE: _tablespace,
}


def _on_relation(said: AlterTable, name: Name) -> Impact:
    """What is no table: an index, a view, a sequence."""
    lock = _relation_lock(said)
    if lock is None:
        doubted = Touch(relation=name, lock=AE, rewrites=UNKNOWN, builds=UNKNOWN, scans=UNKNOWN)
        return impact.of([doubted], unknown=NOT_IN_SCHEMA.format(name))
    return impact.of(on([name], lock))


def _relation_lock(said: AlterTable) -> LockMode | None:
    if said.change in SIMPLE:
        return SIMPLE[said.change][0]
    if said.change is Change.SET_OPTIONS:
        return options_lock(said.options)
    return AE if said.change is Change.OWNER else None


def of_relation(said: AlterRelation, place: Place) -> Impact:
    """ALTER of an index, view, sequence … by sub-commands."""
    name = place.name(said.relation)
    found = impact.of(())
    for change in said.changes:
        found = found.joined(_of_relation(change, said.kind, name, place))
    return found


def _of_relation(said: AlterTable, kind: str, name: Name, place: Place) -> Impact:
    match kind, said.change:
        case "index", Change.ATTACH_PARTITION:
            return _attach_index(said, name, place)
        case "index", Change.SET_TABLESPACE:
            return impact.of([Touch(relation=name, lock=AE, builds=YES)])
        case "materialized view", Change.SET_TABLESPACE:
            return impact.of([Touch(relation=name, lock=AE, rewrites=YES, scans=YES)])
        case "materialized view", Change.SET_ACCESS_METHOD:
            touched = Touch(relation=name, lock=AE, rewrites=YES, builds=UNKNOWN, scans=YES)
            return impact.of([touched])
        case "sequence", Change.SET_LOGGED | Change.SET_UNLOGGED:
            return impact.of(on([name], AE))
        case "view" | "sequence" | "type" | "foreign table", Change.OTHER:
            return impact.of(on([name], AE))
    return _on_relation(said, name)


def _attach_index(said: AlterTable, name: Name, place: Place) -> Impact:
    """ALTER INDEX … ATTACH PARTITION."""
    touches = on([name], SUE)
    if said.other is None:
        return impact.of(touches)
    found = place.index(said.other)
    touches += on([place.name(said.other)], AE)
    if found is not None:
        touches += each(place.ancestors(found[0]), AS)
    return impact.of(touches)
