"""The part of a statement that a rule is about, where its table is in use."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.catalog.indexed import having
from zdm.model.commands import AlterTable, Change
from zdm.model.expression import TypeName
from zdm.model.impact import Touch
from zdm.model.locks import LockMode
from zdm.model.rule import Done, Site, has
from zdm.model.schema import Name, Table
from zdm.model.statement import ActionKind
from zdm.model.syntax import (
    AddColumn,
    AddConstraint,
    ChangeType,
    ColumnDefinition,
    ConstraintDefinition,
    CreateTable,
    DropObjects,
    IndexDefinition,
    RelationName,
)
from zdm.schema import family, lookup, type_names

MOST_NAMED = 5
_ONE_OF_A_NAME = ("table", "view", "materialized view", "sequence")


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
    """What a DROP of one of these kinds drops, save what is new; an index is as new as its
    table."""
    said = site.action.said
    if not isinstance(said, DropObjects) or said.kind not in kinds:
        return
    for words in said.objects:
        if said.kind in ("schema", "extension"):
            if not _is_made(site, said.kind, words[-1]):
                yield Name("", words[-1])
            continue
        name = named(site, lookup.relation(words))
        table = table_of_index(site, name) if said.kind == "index" else None
        is_new = site.is_new(name if table is None else table.name)
        if not is_new and not _is_dropped(site, said.kind, name):
            yield name


def _is_dropped(site: Site, kind: str, name: Name) -> bool:
    """Whether this release has dropped it before, and nothing has the name since."""
    if kind not in _ONE_OF_A_NAME or has(site.before, name):
        return False
    return any(
        isinstance(done.action.said, DropObjects) and done.action.said.kind == kind
        for done in site.done.on(name)
    )


def _is_made(site: Site, kind: str, name: str) -> bool:
    """Whether this release makes the schema or extension."""
    if kind == "schema":
        return name in site.before.schemas and name not in site.released.schemas
    before, released = site.before.extensions, site.released.extensions
    return name in {e.name for e in before} and name not in {e.name for e in released}


def dropped_part(site: Site, kind: str) -> Iterator[tuple[str, Name]]:
    """A trigger, policy or rule that a DROP takes from a table in use."""
    said = site.action.said
    if not isinstance(said, DropObjects) or said.kind != kind:
        return
    for words in said.objects:
        if len(words) > 1:
            table = named(site, lookup.relation(words[:-1]))
            if not site.is_new(table):
                yield words[-1], table


class ForeignKey(Struct, frozen=True, kw_only=True):
    """A foreign key that a statement makes; `made` are the columns that it makes, too."""

    table: Name
    columns: tuple[str, ...]
    made: tuple[ColumnDefinition, ...]
    references: Name
    said: ConstraintDefinition

    def types(self, site: Site) -> tuple[str, ...]:
        """Those of its columns; empty where one is not known."""
        settings = site.action.statement.settings
        made = [c for c in self.made if c.name in self.columns]
        types = {c.name: type_names.canonical(c.type, site.before, settings) for c in made}
        there = site.before.table(self.table)
        if there is not None:
            types |= {c.name: c.type for c in there.columns}
        return tuple([types.get(column, "") for column in self.columns])

    def key(self, site: Site) -> tuple[str, ...]:
        """The columns that it points at."""
        parent = site.before.table(self.references)
        if self.said.referenced_columns or parent is None:
            return self.said.referenced_columns
        return family.primary_key(site.before, parent)


def foreign_keys(site: Site) -> Iterator[ForeignKey]:
    """Those of ADD CONSTRAINT, ADD COLUMN and CREATE TABLE."""
    said, fact = site.action.said, site.fact
    match said:
        case AddConstraint(constraint=one) if fact is not None and fact.table is not None:
            yield from _keys(site, fact.table, (), (one,))
        case AddColumn(column=column) if fact is not None and fact.table is not None:
            yield from _keys(site, fact.table, (column,), ())
        case CreateTable():
            table = lookup.made(said.table, site.before, site.action.statement.settings)
            yield from _keys(site, table, said.columns, said.constraints)


def referenced(site: Site) -> Iterator[Name]:
    """The tables in use at which foreign keys that it makes point."""
    if isinstance(site.action.said, AddConstraint | AddColumn | CreateTable):
        for key in foreign_keys(site):
            if not site.is_new(key.references):
                yield key.references


def _keys(
    site: Site,
    table: Name,
    columns: tuple[ColumnDefinition, ...],
    own: tuple[ConstraintDefinition, ...],
) -> Iterator[ForeignKey]:
    every: list[tuple[ConstraintDefinition, tuple[str, ...]]]
    every = [(c, (column.name,)) for column in columns for c in column.constraints]
    every += [(c, c.columns) for c in own]
    for said, named_ in every:
        if said.references is not None:
            yield ForeignKey(
                table=table,
                columns=named_,
                made=columns,
                references=named(site, said.references),
                said=said,
            )


def typed_columns(site: Site) -> Iterator[tuple[str, TypeName]]:
    """Columns that CREATE TABLE, ADD COLUMN and ALTER COLUMN TYPE give a type."""
    match site.action.said:
        case CreateTable(columns=columns):
            yield from ((column.name, column.type) for column in columns)
        case AddColumn(column=column):
            yield column.name, column.type
        case ChangeType(column=name, type=kind):
            yield name, kind


def is_index(site: Site, name: Name) -> bool:
    """Whether the name is that of an index."""
    return table_of_index(site, name) is not None


def table_of_index(site: Site, name: Name) -> Table | None:
    """The table of the index, None where no file or snapshot has it."""
    tables = having(site.before.tables, "index", name.name)
    return next((t for t in tables if t.name.schema == name.schema), None)


def is_partitioned(table: Table | None) -> bool:
    """Whether it is known to be a partitioned table."""
    return table is not None and table.kind == "partitioned table"


def of_file(site: Site) -> Iterator[Done]:
    """What the file has done before."""
    file = site.action.source.file
    return (done for done in site.done if done.action.source.file == file)


def named(site: Site, relation: RelationName) -> Name:
    """The table that is meant, or the one that would be made."""
    return lookup.found(relation, site.before, site.action.statement.settings)


def on_table(site: Site, table: Table) -> Touch:
    """What the Action does to the table."""
    return site.impact.on(table.name) or Touch(
        relation=table.name, lock=LockMode.ACCESS_EXCLUSIVE
    )


def exclusive(site: Site) -> tuple[Touch, ...]:
    """Relations in use that it locks against reads, too."""
    return tuple(t for t in site.on_used if t.lock.blocks_reads)


def is_concurrent(site: Site) -> bool:
    """Whether it says CONCURRENTLY, so that it waits for others and must not be cut off."""
    fact = site.fact
    if fact is not None and fact.concurrently:
        return True
    return bool(getattr(site.action.said, "concurrently", False))


def is_short(site: Site) -> bool:
    """Whether its locks are neither waited for longer than the settings allow nor held for
    another statement."""
    limit = site.action.statement.timeouts.lock
    if not limit or limit > site.lock_timeout_limit:
        return False
    return site.block is None or site.block.works <= 1


def listed(names: Sequence[Name], count: int = 0) -> str:
    """The names of tables; of many, the first ones. `count` if there are more than these."""
    first = ", ".join(map(str, names[:MOST_NAMED]))
    more = max(len(names), count) - MOST_NAMED
    return first if more <= 0 else f"{first} and {more} more"
