"""What the sub-commands of ALTER TABLE leave that are about a constraint."""

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.expression import Expression
from zdm.model.schema import Constraint, Index, Name, Snapshot, Table
from zdm.model.sql import ident
from zdm.model.statement import Action, Fact, Setting
from zdm.model.syntax import AddConstraint, ConstraintDefinition
from zdm.parse import comparisons, expressions, rewrite
from zdm.schema import edits, family, generated_names, lookup, not_null_proof
from zdm.schema.effects import drops, indexes, not_nulls
from zdm.schema.effects.dependents import Thing

KINDS = ("check", "foreign key", "primary key", "unique", "exclusion")
_NOT_VALID_OF_PARTITIONED = 18  # the first version that takes such a foreign key
_KEYS = {"primary key": "pkey", "unique": "key", "exclusion": "excl"}


class New(Struct, frozen=True, kw_only=True):
    """A constraint as the author wrote it, and where. `only`: not on the tables below;
    `fresh`: the table is being made, so that nothing is left to validate."""

    table: Name
    says: ConstraintDefinition
    columns: tuple[str, ...]
    settings: tuple[Setting, ...] = ()
    only: bool = False
    fresh: bool = False

    @property
    def valid(self) -> bool:
        """Whether every row is known to satisfy it."""
        return self.fresh or not self.says.not_valid


def add(snapshot: Snapshot, action: Action) -> Snapshot:
    """ADD CONSTRAINT."""
    table, said, fact = lookup.table_of(snapshot, action), action.said, action.fact
    if table is None or not isinstance(said, AddConstraint) or not isinstance(fact, Fact):
        return snapshot
    new = New(
        table=table.name,
        says=said.constraint,
        columns=said.constraint.columns,
        settings=action.statement.settings,
        only=fact.only,
    )
    return put(snapshot, new)


def put(snapshot: Snapshot, new: New) -> Snapshot:
    """The table with the constraint, and those below it; unchanged where the server refuses."""
    table, says = snapshot.require_table(new.table), new.says
    if says.name and table.constraint(says.name) is not None:
        return snapshot
    if says.using_index:
        return _using_index(snapshot, table, new)
    if not lookup.has(table, *new.columns):
        return snapshot
    match says.kind:
        case "not null":
            return _not_null(snapshot, table, new)
        case "check":
            return _check(snapshot, table, new)
        case "foreign key":
            return _foreign_key(snapshot, table, new)
    return _key(snapshot, table, new) if says.kind in _KEYS else snapshot


def _not_null(snapshot: Snapshot, table: Table, new: New) -> Snapshot:
    (column,) = new.columns
    old = not_nulls.of(table, column)
    if old is not None and new.says.name:
        return snapshot  # it has another name
    if new.only and family.children(snapshot, table.name):
        return snapshot
    valid = new.valid
    snapshot = not_nulls.put(snapshot, table.name, column, new.says.name, valid=valid)
    if new.says.no_inherit or old is not None:
        return snapshot
    return not_nulls.put_below(snapshot, table.name, column)


def _check(snapshot: Snapshot, table: Table, new: New) -> Snapshot:
    local = new.says.no_inherit
    if local and table.kind == "partitioned table":
        return snapshot
    below = () if local else family.below(snapshot, table.name)
    if below and new.only:
        return snapshot
    named = new.columns if len(new.columns) == 1 else ()
    made = _constraint(snapshot, new, named, "check")
    snapshot = edits.put_constraint(snapshot, table.name, made)
    for child in below:
        if snapshot.require_table(child).constraint(made.name) is None:
            inherited = replace(made, inherited=True)
            snapshot = edits.put_constraint(snapshot, child, inherited)
    return snapshot


def _constraint(snapshot: Snapshot, new: New, named: tuple[str, ...], label: str) -> Constraint:
    return Constraint(
        name=new.says.name or generated_names.free(snapshot, new.table, named, label),
        kind=new.says.kind,
        columns=new.columns,
        definition=_definition(snapshot, new),
        validated=new.valid,
    )


def _definition(snapshot: Snapshot, new: New) -> str:
    """Its text; on a table of this train nothing asks for it but a later SET NOT NULL or ATTACH
    PARTITION, an ON CONFLICT whether it is checked at once, and what a foreign key does."""
    created = snapshot.require_table(new.table).created
    asked = new.says.deferrable or new.says.on_delete
    if created and not _proves(new.says.expression) and not asked:
        return ""
    text = rewrite.constraint_definition(new.says, new.columns)
    return f"{text} DEFERRABLE" if created and new.says.deferrable else text


def _proves(check: Expression | None) -> bool:
    """Whether it says which values, or that no NULL, a column holds."""
    if check is None:
        return False
    tests = not_null_proof.every(check)
    return bool(expressions.null_tested(check)) or any(map(comparisons.read, tests))


def _foreign_key(snapshot: Snapshot, table: Table, new: New) -> Snapshot:
    if new.says.references is None:
        return snapshot
    name = lookup.found(new.says.references, snapshot, new.settings)
    parent = snapshot.table(name)
    late = snapshot.major < _NOT_VALID_OF_PARTITIONED and table.kind == "partitioned table"
    alone = new.only and table.kind == "partitioned table"
    if parent is None or alone or (late and not new.valid):
        return snapshot
    wanted = new.says.referenced_columns or family.primary_key(snapshot, parent)
    unseen = parent.opaque and not wanted  # its primary key
    if not unseen and (len(wanted) != len(new.columns) or not _is_key(parent, wanted)):
        return snapshot
    made = _constraint(snapshot, new, new.columns, "fkey")
    made = replace(made, references=name, referenced_columns=wanted)
    for below in family.below(snapshot, table.name):
        snapshot = _taken_over(snapshot, snapshot.require_table(below), made)
    return edits.put_constraint(snapshot, table.name, made)


def _taken_over(snapshot: Snapshot, leaf: Table, made: Constraint) -> Snapshot:
    """A partition's own foreign key becomes a part of the partitioned table's."""
    same = [
        c.name
        for c in leaf.constraints
        if leaf.partition_of is not None
        and (c.kind, c.columns) == (made.kind, made.columns)
        and (c.references, c.referenced_columns) == (made.references, made.referenced_columns)
    ]
    if not same:
        return snapshot
    return edits.drop_constraint(snapshot, leaf.name, same[0])


def _is_key(table: Table, columns: tuple[str, ...]) -> bool:
    """Whether a unique index is on exactly these columns."""
    if any(c.kind in _KEYS and set(c.columns) == set(columns) for c in table.constraints):
        return True
    return bool(table.opaque) or any(
        i.unique and i.predicate is None and None not in i.keys and set(i.keys) == set(columns)
        for i in table.indexes
    )


def _key(snapshot: Snapshot, table: Table, new: New) -> Snapshot:
    kind = new.says.kind
    primary = kind == "primary key"
    if primary and family.primary_key(snapshot, table):
        return snapshot
    if not set(family.partition_columns(table)) <= set(new.columns):
        return snapshot
    if not table.opaque and any(table.column(c) is None for c in new.says.including):
        return snapshot
    words = generated_names.numbered([*new.columns, *new.says.including])
    made = _constraint(snapshot, new, () if primary else words, _KEYS[kind])
    if lookup.in_use(snapshot, Name(table.name.schema, made.name)):
        return snapshot
    index = Index(
        name=made.name,
        definition="",
        keys=new.columns,
        columns=tuple(dict.fromkeys([*new.columns, *new.says.including])),
        unique=kind != "exclusion",
        constraint=made.name,
    )
    keyed = edits.with_key(table, replace(made, index=made.name), index)
    snapshot = edits.put_table(snapshot, keyed)
    for column in new.columns if primary else ():
        snapshot = required_by_key(snapshot, table.name, column)
    return snapshot if new.only else indexes.put_below(snapshot, table.name, index, words)


def required_by_key(snapshot: Snapshot, name: Name, column: str) -> Snapshot:
    """A column of a primary key is NOT NULL, also on partitions."""
    if snapshot.require_table(name).column(column) is None:
        return snapshot  # the table is opaque
    snapshot = not_nulls.put(snapshot, name, column)
    return not_nulls.put_below(snapshot, name, column)


def _using_index(snapshot: Snapshot, table: Table, new: New) -> Snapshot:
    """The index becomes the constraint's, and gets its name."""
    index = next((i for i in table.indexes if i.name == new.says.using_index), None)
    if index is None or not _can_be_key(snapshot, table, index, new.says.kind):
        return snapshot
    name = new.says.name or index.name
    if name != index.name and lookup.in_use(snapshot, Name(table.name.schema, name)):
        return snapshot
    columns = tuple(key for key in index.keys if key is not None)
    made = Constraint(
        name=name,
        kind=new.says.kind,
        columns=columns,
        definition=f"{new.says.kind.upper()} ({', '.join(map(ident, columns))})",
        index=name,
    )
    snapshot = edits.drop_index(snapshot, table.name, index.name)
    snapshot = edits.put_index(snapshot, table.name, replace(index, name=name, constraint=name))
    snapshot = edits.put_constraint(snapshot, table.name, made)
    for column in columns if made.kind == "primary key" else ():
        snapshot = required_by_key(snapshot, table.name, column)
    return snapshot


def _can_be_key(snapshot: Snapshot, table: Table, index: Index, kind: str) -> bool:
    if index.constraint is not None or not index.unique or index.predicate is not None:
        return False
    if None in index.keys or table.kind == "partitioned table":
        return False
    return kind != "primary key" or not family.primary_key(snapshot, table)


def drop(snapshot: Snapshot, action: Action) -> Snapshot:
    """DROP CONSTRAINT; a NOT NULL of PostgreSQL 18 takes the column's with it."""
    found = _named(snapshot, action)
    if found is None or family.inherits_constraint(snapshot, *found):
        return snapshot
    table, constraint = found
    if constraint.kind == "not null":
        column = table.require_column(constraint.columns[0])
        if not_nulls.required(snapshot, table, column):
            return snapshot
    cascade = isinstance(action.fact, Fact) and action.fact.cascade
    thing = Thing("constraint", table.name, constraint.name)
    return drops.remove_constraint(snapshot, thing, action, cascade=cascade)


def validate(snapshot: Snapshot, action: Action) -> Snapshot:
    """VALIDATE CONSTRAINT."""
    found = _named(snapshot, action)
    if found is None or found[1].kind not in ("check", "foreign key", "not null"):
        return snapshot
    table, constraint = found
    below = family.below(snapshot, table.name) if constraint.kind != "foreign key" else ()
    if constraint.validated:
        return snapshot
    if below and isinstance(action.fact, Fact) and action.fact.only:
        return snapshot
    for name in (table.name, *below):
        own = snapshot.require_table(name).constraint(constraint.name)
        if own is not None:
            snapshot = edits.put_constraint(snapshot, name, replace(own, validated=True))
    return snapshot


def _named(snapshot: Snapshot, action: Action) -> tuple[Table, Constraint] | None:
    table, fact = lookup.table_of(snapshot, action), action.fact
    if table is None or not isinstance(fact, Fact):
        return None
    constraint = table.constraint(fact.name)
    return None if constraint is None else (table, constraint)
