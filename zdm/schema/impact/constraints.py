"""ADD, VALIDATE, ALTER and DROP CONSTRAINT."""

from zdm.model import impact
from zdm.model.commands import AlterTable
from zdm.model.impact import NO, UNKNOWN, YES, Answer, Impact, Touch
from zdm.model.locks import LockMode
from zdm.model.schema import Constraint, Table
from zdm.model.statement import Fact
from zdm.model.syntax import ConstraintDefinition
from zdm.schema import not_null_proof
from zdm.schema.impact.place import AE, RS, SRE, SUE, Place, S, each, touch

_KEYS = frozenset({"unique", "primary key", "exclusion"})
_NO_SUCH = "{} has no constraint {} in the schema, so its other table is unknown"


def add(says: ConstraintDefinition, fact: Fact, table: Table, place: Place) -> Impact:
    """ADD CONSTRAINT."""
    family = place.family(table, only=fact.only)
    if says.kind == "foreign key":
        return _add_foreign_key(says, family, table, place)
    if says.kind in _KEYS:
        nullable = says.kind == "primary key" and any(
            c.name in says.columns and not c.not_null for c in table.columns
        )
        below = AE if place.major >= 18 or nullable else S
        return impact.of(_keyed(says, one, AE if one is table else below) for one in family)
    if says.kind == "not null":
        (column, *_) = says.columns or ("",)
        missing = [not_null_proof.missing(one, column) for one in family]
        unproven = [NO if says.not_valid else answer for answer in missing]
        return impact.of(
            touch(one, AE, scans=s) for one, s in zip(family, unproven, strict=True)
        )
    if says.no_inherit and place.major < 18:
        family = (table,)
    alone = {table.name} if says.no_inherit else {one.name for one in family}
    return impact.of(
        touch(one, AE, scans=_reads_for_check(says, one) if one.name in alone else NO)
        for one in family
    )


def _reads_for_check(says: ConstraintDefinition, table: Table) -> Answer:
    """A partition that has the same CHECK already is not read again."""
    if says.not_valid or says.not_enforced:
        return NO
    there = table.constraint(says.name) if says.name else None
    return NO if there is not None and there.validated else YES


def _keyed(says: ConstraintDefinition, table: Table, lock: LockMode) -> Touch:
    builds = NO if says.using_index or _has_key(says, table) else YES
    columns = says.columns
    if says.using_index:
        used = next((i for i in table.indexes if i.name == says.using_index), None)
        columns = tuple(k for k in used.keys if k) if used is not None else ()
    if builds is YES or says.kind != "primary key":
        return touch(table, lock, builds=builds, scans=builds)
    missing = {not_null_proof.missing(table, c) for c in columns} or {UNKNOWN}
    scans = YES if YES in missing else UNKNOWN if UNKNOWN in missing else NO
    return touch(table, lock, scans=scans)


def _has_key(says: ConstraintDefinition, table: Table) -> bool:
    """A partition keeps the index of its own constraint of the same kind and columns."""
    return any(
        c.kind == says.kind and c.columns == says.columns and c.index is not None
        for c in table.constraints
    )


def _add_foreign_key(
    says: ConstraintDefinition, family: tuple[Table, ...], table: Table, place: Place
) -> Impact:
    parent = None if says.references is None else place.table(says.references)
    if parent is None:
        return impact.of(
            [touch(one, SRE, scans=UNKNOWN) for one in family],
            unknown=f"the table that {table.name} refers to is not in the schema",
        )
    checked = not (says.not_valid or says.not_enforced)
    same = [one for one in family if _has_foreign_key(says, one, parent)]
    touches = [
        touch(one, SRE, scans=YES if checked and one not in same else NO) for one in family
    ]
    read = UNKNOWN if checked and len(same) < len(family) else NO
    touches += [touch(one, SRE, scans=read) for one in place.family(parent)]
    if same:
        touches += each([parent], AE)
    return impact.of(touches)


def _has_foreign_key(says: ConstraintDefinition, table: Table, parent: Table) -> bool:
    return table.partition_of is not None and any(
        c.references == parent.name and c.columns == says.columns and c.validated
        for c in table.constraints
    )


def validate(fact: Fact, table: Table, place: Place) -> Impact:
    """VALIDATE CONSTRAINT."""
    found = table.constraint(fact.name)
    family = place.family(table, only=fact.only)
    if found is None:
        touches = [touch(one, SUE, scans=UNKNOWN) for one in family]
        return impact.of(touches, unknown=_NO_SUCH.format(table.name, fact.name))
    if found.validated:
        return impact.of([touch(table, SUE)])
    touches = [touch(one, SUE, scans=YES) for one in family]
    parent = None if found.references is None else place.snapshot.table(found.references)
    if parent is not None:
        touches += [touch(one, RS, scans=UNKNOWN) for one in place.family(parent)]
    return impact.of(touches)


def alter(said: AlterTable, fact: Fact, table: Table, place: Place) -> Impact:
    """ALTER CONSTRAINT."""
    found, enforced = table.constraint(said.name), said.enforced
    family = place.family(table, only=fact.only)
    if found is None:
        return impact.of(
            [touch(one, AE, scans=UNKNOWN if enforced else NO) for one in family],
            unknown=_NO_SUCH.format(table.name, said.name),
        )
    touches = [touch(one, AE, scans=YES if enforced else NO) for one in family]
    parent = None if found.references is None else place.snapshot.table(found.references)
    if enforced and parent is not None:
        touches += [touch(one, SRE, scans=UNKNOWN) for one in place.family(parent)]
    return impact.of(touches)


def drop(fact: Fact, table: Table, place: Place) -> Impact:
    """DROP CONSTRAINT."""
    found = table.constraint(fact.name)
    touches = each(place.family(table, only=fact.only), AE)
    if found is None:
        missing = "" if fact.if_exists else _NO_SUCH.format(table.name, fact.name)
        return impact.of(touches, unknown=missing)
    touches += [*_other_table(found, AE, place)]
    if fact.cascade and found.kind in _KEYS:
        for other, constraint in place.referencing(table):
            if set(constraint.referenced_columns) == set(found.columns):
                touches += each(place.family(other), AE)
    return impact.of(touches)


def _other_table(constraint: Constraint, lock: LockMode, place: Place) -> list[Touch]:
    found = constraint.references
    table = None if found is None else place.snapshot.table(found)
    return [] if table is None else each(place.family(table), lock)
