"""What a table gets from the one above it, as a partition or by inheritance, and what ATTACH,
DETACH, INHERIT and NO INHERIT leave."""

from msgspec.structs import replace

from zdm.model.commands import AlterTable, Change
from zdm.model.schema import Column, Constraint, Name, Snapshot, Table, Trigger
from zdm.model.statement import Action
from zdm.model.syntax import CreateTrigger, PartitionBound
from zdm.parse.readers import authority
from zdm.schema import edits, family, generated_names, lookup
from zdm.schema.effects import indexes, not_nulls

_IDENTITY_OF_PARTITIONS = 17  # the first version in which a partition's column is one, too

_LISTED = 15  # the first version whose catalog lists the triggers of partitions


def column(above: Column, major: int, *, partition: bool) -> Column:
    """A column as a new table gets it."""
    identity = above.identity if partition and major >= _IDENTITY_OF_PARTITIONS else ""
    return Column(
        name=above.name,
        type=above.type,
        not_null=above.not_null,
        default=above.default,
        default_volatility=above.default_volatility,
        generated=above.generated,
        identity=identity,
        collation=above.collation,
        constrained_domain=above.constrained_domain,
    )


def inherit_constraints(snapshot: Snapshot, name: Name, above: Table) -> Snapshot:
    """CHECK and NOT NULL of the table above, under their names."""
    for constraint in above.constraints:
        if constraint.kind == "check":
            there = snapshot.require_table(name).constraint(constraint.name)
            if there is None:
                inherited = replace(
                    constraint, inherited=True, validated=True, comment=None, definition=""
                )
                snapshot = edits.put_constraint(snapshot, name, inherited)
    for one in above.columns:
        if one.not_null and snapshot.require_table(name).column(one.name) is not None:
            own = not_nulls.of(above, one.name)
            snapshot = not_nulls.inherit(snapshot, name, one.name, own)
    return snapshot


def inherit_indexes(snapshot: Snapshot, name: Name, above: Table) -> Snapshot:
    """A partition gets every index of the table above."""
    for index in above.indexes:
        of, words = indexes.kind(snapshot, above, index), indexes.words_of(index)
        snapshot = indexes.inherit(snapshot, name, index, words, of)
    return snapshot


def inherit_triggers(snapshot: Snapshot, name: Name, above: Table) -> Snapshot:
    """A partition, and those below it, get every trigger FOR EACH ROW of the table above."""
    for trigger in above.triggers:
        if snapshot.major >= _LISTED and each_row(trigger):
            snapshot = put_trigger(snapshot, name, replace(trigger, inherited=True))
    return snapshot


def put_trigger(snapshot: Snapshot, name: Name, trigger: Trigger) -> Snapshot:
    """The table with the trigger, and its partitions where it is FOR EACH ROW."""
    table = snapshot.require_table(name)
    others = [t for t in table.triggers if t.name != trigger.name]
    triggers = tuple(sorted([*others, trigger], key=lambda t: t.name))
    snapshot = edits.put_table(snapshot, replace(table, triggers=triggers))
    listed = snapshot.major >= _LISTED and each_row(trigger)
    for child in family.partitions(snapshot, name) if listed else ():
        snapshot = put_trigger(snapshot, child.name, replace(trigger, inherited=True))
    return snapshot


def each_row(trigger: Trigger) -> bool:
    """Whether it fires for each row, by its text."""
    actions = authority.of_step(trigger.definition, (), ("public",))
    return any(isinstance(a.said, CreateTrigger) and a.said.per_row for a in actions)


def change(snapshot: Snapshot, action: Action) -> Snapshot:
    """ATTACH PARTITION, DETACH PARTITION, INHERIT, NO INHERIT."""
    table, said = lookup.table_of(snapshot, action), action.said
    if table is None or not isinstance(said, AlterTable) or said.other is None:
        return snapshot
    other = snapshot.table(lookup.found(said.other, snapshot, action.statement.settings))
    if other is None:
        return snapshot
    match said.change:
        case Change.ATTACH_PARTITION:
            return _attach(snapshot, table, replace(other, partition_bound=bound(said.bound)))
        case Change.DETACH_PARTITION:
            if said.concurrently and family.default(snapshot, table.name) is not None:
                return snapshot
            return _detach(snapshot, table, other, says_bound=said.concurrently)
        case Change.INHERIT:
            return _inherit(snapshot, table, other)
    return _leave(snapshot, table, other)


def bound(said: PartitionBound | None) -> str | None:
    """The server's text of the bound; only DEFAULT is known from the statement."""
    return family.DEFAULT if said is not None and said.kind == "default" else None


def _attach(snapshot: Snapshot, above: Table, table: Table) -> Snapshot:
    if above.kind != "partitioned table" or not _fits(snapshot, above, table, exactly=True):
        return snapshot
    if family.parents(table) or (family.partitions(snapshot, table.name) and table.inherits):
        return snapshot
    if any(c.identity for c in table.columns) or _has_another_key(table, above):
        return snapshot
    snapshot = edits.put_table(snapshot, replace(table, partition_of=above.name))
    for one in above.columns if snapshot.major >= _IDENTITY_OF_PARTITIONS else ():
        if one.identity:
            own = snapshot.require_table(table.name).require_column(one.name)
            changed = replace(own, identity=one.identity)
            snapshot = edits.put_column(snapshot, table.name, changed)
    snapshot = _taken_from(snapshot, table.name, above)
    snapshot = _without_keys_of(snapshot, table.name, above)
    snapshot = inherit_indexes(snapshot, table.name, above)
    return inherit_triggers(snapshot, table.name, above)


def _has_another_key(table: Table, above: Table) -> bool:
    """The server makes the primary key of the table above for each partition, beside which a
    primary key of other columns is one too many."""
    own, wanted = table.primary_key, above.primary_key
    return own is not None and wanted is not None and own.columns != wanted.columns


def _fits(snapshot: Snapshot, above: Table, table: Table, *, exactly: bool) -> bool:
    """Whether it has the columns, the NOT NULLs and the checks of the table above."""
    if above.name in (table.name, *family.below(snapshot, table.name)):
        return False
    for one in above.columns:
        own = table.column(one.name)
        if own is None or own.type != one.type or (one.not_null and not own.not_null):
            return False
        if bool(own.generated) != bool(one.generated):
            return False
    if exactly and len(table.columns) != len(above.columns):
        return False
    checks = {c.name for c in above.constraints if c.kind == "check"}
    return checks <= {c.name for c in table.constraints if c.kind == "check"}


def _taken_from(snapshot: Snapshot, name: Name, above: Table) -> Snapshot:
    """A partition's CHECKs and NOT NULLs are those of the table above from now on."""
    table = snapshot.require_table(name)
    checks = {c.name for c in above.constraints if c.kind == "check"}
    columns = {c.columns for c in above.constraints if c.kind == "not null"}
    return edits.put_table(
        snapshot,
        replace(
            table,
            constraints=tuple(
                replace(c, inherited=True)
                if (c.kind == "check" and c.name in checks)
                or (c.kind == "not null" and c.columns in columns)
                else c
                for c in table.constraints
            ),
        ),
    )


def _without_keys_of(snapshot: Snapshot, name: Name, above: Table) -> Snapshot:
    """A partition's foreign keys that the table above has, too, are parts of those."""
    table = snapshot.require_table(name)
    keys = {_refers(c) for c in above.constraints if c.references is not None}
    kept = tuple(c for c in table.constraints if c.references is None or _refers(c) not in keys)
    return edits.put_table(snapshot, replace(table, constraints=kept))


def _refers(key: Constraint) -> tuple[object, ...]:
    return key.columns, key.references, key.referenced_columns, key.definition, key.validated


def _detach(
    snapshot: Snapshot, above: Table, table: Table, *, says_bound: bool = False
) -> Snapshot:
    """It keeps what it has as its own, but for triggers and identities. CONCURRENTLY leaves
    its bound as a CHECK, too."""
    if table.partition_of != above.name:
        return snapshot
    if says_bound:
        table = _with_bound(snapshot, above, table)
    left = replace(
        table,
        partition_of=None,
        partition_bound=None,
        constraints=tuple(replace(c, inherited=False) for c in table.constraints),
        columns=tuple(replace(c, identity="") for c in table.columns),
    )
    for index in table.indexes:
        left = indexes.listed(left, index, indexes.kind(snapshot, table, index))
    left = _with_keys(snapshot, left, above)
    snapshot = edits.put_table(snapshot, left)
    for name in (table.name, *family.below(snapshot, table.name)):
        snapshot = _without_triggers(snapshot, name, above)
    return snapshot


def _with_bound(snapshot: Snapshot, above: Table, table: Table) -> Table:
    columns = family.bounding_columns(snapshot, above)
    named = columns if len(columns) == 1 else ()
    name = generated_names.free(snapshot, table.name, named, "check")
    check = Constraint(name=name, kind="check", columns=columns, definition="")
    constraints = sorted([*table.constraints, check], key=lambda c: c.name)
    return replace(table, constraints=tuple(constraints))


def _with_keys(snapshot: Snapshot, table: Table, above: Table) -> Table:
    """Foreign keys of the table above, which are its own now, under the same names."""
    del snapshot
    keys = [c for c in above.constraints if c.kind == "foreign key"]
    there = {c.name for c in table.constraints}
    own = [replace(c, inherited=False) for c in keys if c.name not in there]
    constraints = sorted([*table.constraints, *own], key=lambda c: c.name)
    return replace(table, constraints=tuple(constraints))


def _without_triggers(snapshot: Snapshot, name: Name, above: Table) -> Snapshot:
    table = snapshot.require_table(name)
    names = {t.name for t in above.triggers}
    kept = tuple(t for t in table.triggers if not (t.inherited and t.name in names))
    return edits.put_table(snapshot, replace(table, triggers=kept))


def _inherit(snapshot: Snapshot, table: Table, above: Table) -> Snapshot:
    if above.name in table.inherits or "table" not in (table.kind,) or above.kind != "table":
        return snapshot
    if table.partition_of is not None or above.partition_of is not None:
        return snapshot
    if not _fits(snapshot, above, table, exactly=False):
        return snapshot
    return edits.put_table(snapshot, replace(table, inherits=(*table.inherits, above.name)))


def _leave(snapshot: Snapshot, table: Table, above: Table) -> Snapshot:
    if above.name not in table.inherits:
        return snapshot
    left = tuple(name for name in table.inherits if name != above.name)
    kept = tuple(replace(c, inherited=False) for c in table.constraints)
    return edits.put_table(snapshot, replace(table, inherits=left, constraints=kept))
