"""The part of a statement that a rule is about, where its table is in use."""

from collections.abc import Iterator

from zdm.model.commands import AlterTable, Change
from zdm.model.impact import Touch
from zdm.model.locks import LockMode
from zdm.model.rule import Site
from zdm.model.schema import Name, Table
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import (
    AddColumn,
    AddConstraint,
    ColumnDefinition,
    ConstraintDefinition,
    DropObjects,
    IndexDefinition,
    RelationName,
)
from zdm.schema import lookup

_OF_ROWS = (ActionKind.INSERT, ActionKind.UPDATE, ActionKind.DELETE)


def added_column(site: Site) -> tuple[Table, ColumnDefinition] | None:
    """ADD COLUMN of a table in use."""
    table = site.in_use(ActionKind.ADD_COLUMN)
    if table is None or not isinstance(site.action.said, AddColumn):
        return None
    return table, site.action.said.column


def added_constraint(site: Site, kind: str) -> tuple[Table, ConstraintDefinition] | None:
    """ADD CONSTRAINT of that kind, to a table in use."""
    table, said = site.in_use(ActionKind.ADD_CONSTRAINT), site.action.said
    if table is None or not isinstance(said, AddConstraint) or said.constraint.kind != kind:
        return None
    return table, said.constraint


def changed(site: Site, *changes: Change) -> tuple[Table, AlterTable] | None:
    """Another sub-command of ALTER TABLE, of a table in use."""
    table, said = site.in_use(), site.action.said
    if table is None or not isinstance(said, AlterTable) or said.change not in changes:
        return None
    return table, said


def built_index(site: Site) -> tuple[Table, IndexDefinition] | None:
    """CREATE INDEX on a table in use."""
    table, said = site.in_use(ActionKind.CREATE_INDEX), site.action.said
    if table is None or not isinstance(said, IndexDefinition):
        return None
    return table, said


def dropped(site: Site, *kinds: str) -> Iterator[Name]:
    """What a DROP of one of these kinds drops, save what is new."""
    said = site.action.said
    if not isinstance(said, DropObjects) or said.kind not in kinds:
        return
    for words in said.objects:
        name = named(site, lookup.relation(words))
        if not site.is_new(name):
            yield name


def named(site: Site, relation: RelationName) -> Name:
    """The table that is meant, or the one that would be made."""
    return lookup.found(relation, site.before, site.action.statement.settings)


def on_table(site: Site, table: Table) -> Touch:
    """What the Action does to the table."""
    return site.impact.on(table.name) or Touch(
        relation=table.name, lock=LockMode.ACCESS_EXCLUSIVE
    )


def changes_rows(action: Action) -> bool:
    """Whether it is an INSERT, UPDATE or DELETE."""
    return isinstance(action.fact, Fact) and action.fact.kind in _OF_ROWS


def writes_out_values(action: Action) -> bool:
    """Whether it is an INSERT of rows that it spells out, which are few."""
    return bool(getattr(action.said, "written_out", False))


def exclusive(site: Site) -> tuple[Touch, ...]:
    """Relations in use that it locks against reads, too."""
    return tuple(t for t in site.on_used if t.lock.blocks_reads)


def is_concurrent(site: Site) -> bool:
    """Whether it says CONCURRENTLY, so that it waits for others and must not be cut off."""
    fact = site.fact
    if fact is not None and fact.concurrently:
        return True
    return bool(getattr(site.action.said, "concurrently", False))
