"""The columns that are widened together, and the foreign keys that connect them.

Each has a wider column beside it until the contract, under a name of zdm's own. What is on the
column is built on the other one under such a name, too; the switch exchanges the names.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from zdm.model.locks import LockMode
from zdm.model.operation import Context
from zdm.model.plan import TableLock
from zdm.model.schema import Column, Constraint, Index, Name, Table
from zdm.model.sql import zdm_name
from zdm.model.statement import Setting
from zdm.recipes.site import Site, at
from zdm.recipes.trigger import zdm_trigger
from zdm.recipes.trigger.zdm_trigger import ZdmTrigger
from zdm.recipes.type import shared_types
from zdm.recipes.type.shared_types import Kind


def beside(name: str) -> str:
    """The name of what is built on the wider column until the switch, and of what is on the
    narrow one afterwards."""
    return zdm_name(name)


def apart(name: str) -> str:
    """The name under which one of the two is while they exchange theirs."""
    return zdm_name(name, prefix="zdm_x_")


class Wider(Struct, frozen=True, kw_only=True):
    """A column, and the type that it gets."""

    column: Column
    type: str

    @property
    def name(self) -> str:
        """The column's name, which stays."""
        return self.column.name

    @property
    def beside(self) -> str:
        """The other column's name."""
        return beside(self.name)

    @property
    def kind(self) -> Kind:
        """What the two types have in common."""
        return shared_types.shared(self.column.type, self.type) or Kind.WIDER


class Wide(Struct, frozen=True, kw_only=True):
    """A table with the columns of it that are widened."""

    site: Site
    columns: tuple[Wider, ...]

    @property
    def table(self) -> Table:
        """As it is before."""
        return self.site.table

    @property
    def words(self) -> tuple[str, str]:
        """What the new columns and the others are called in words."""
        integers = all(wider.kind is Kind.WIDER for wider in self.columns)
        return ("wider", "narrow") if integers else ("new", "former")

    @property
    def names(self) -> Mapping[str, str]:
        """The wider column's name for each of them."""
        return {wider.name: wider.beside for wider in self.columns}

    @property
    def trigger(self) -> ZdmTrigger:
        """What keeps the other columns in sync."""
        return zdm_trigger.of(self.site, "widen", self.columns[0].name)

    @property
    def key(self) -> Constraint | None:
        """The primary key, if one of the columns is in it."""
        key = self.table.primary_key
        return key if key is not None and self.has(*key.columns) else None

    @property
    def indexes(self) -> tuple[Index, ...]:
        """Those with one of the columns in them."""
        return tuple(index for index in self.table.indexes if self.has(*index.columns))

    def has(self, *columns: str) -> bool:
        """Whether one of these is widened."""
        return not self.names.keys().isdisjoint(columns)

    def constraints(self, kind: str) -> tuple[Constraint, ...]:
        """Those of the kind with one of the columns in them."""
        return tuple(
            c for c in self.table.constraints if c.kind == kind and self.has(*c.columns)
        )


class Link(Struct, frozen=True, kw_only=True):
    """A foreign key with a widened column on one side or on both. `moves`: it depends on a
    primary key that is replaced, so it cannot be there in both forms after the switch."""

    site: Site  # of the table that refers
    key: Constraint
    parent: Name
    own: Mapping[str, str]  # names of the wider columns
    referenced: Mapping[str, str]
    moves: bool
    word: str  # for the new columns

    @property
    def beside(self) -> str:
        """The name of the new one until the switch."""
        return beside(self.key.name)

    def locks(self, here: LockMode, there: LockMode) -> tuple[TableLock, ...]:
        """On the table and on the one that it references."""
        if self.parent == self.site.name:
            return self.site.lock(here)
        other = TableLock(table=self.parent, mode=there)
        return tuple(sorted({*self.site.lock(here), other}))


class Group(Struct, frozen=True, kw_only=True):
    """Tables, the referenced ones first, and the foreign keys."""

    tables: tuple[Wide, ...]
    links: tuple[Link, ...]

    @property
    def locked(self) -> tuple[Name, ...]:
        """The tables of the switch in the order in which it locks them: the referenced ones
        first, and last those of which only a foreign key is exchanged."""
        names = [wide.site.name for wide in self.tables]
        outer = {link.site.name for link in self.links} | {
            link.parent for link in self.links if link.moves
        }
        return (*names, *sorted(outer - {*names}))


def of(
    operation: str,
    context: Context,
    columns: Sequence[tuple[Name, str, str]],
    settings: tuple[Setting, ...],
) -> Group:
    """By the table, the column and the new type of each."""
    tables = []
    for name in dict.fromkeys(table for table, _, _ in columns):
        table = context.snapshot.require_table(name)
        own = tuple(
            Wider(column=table.require_column(column), type=new)
            for of, column, new in columns
            if of == name
        )
        place = at(operation, table, context, settings=settings)
        tables.append(Wide(site=place, columns=own))
    found = ordered(tuple(tables))
    return Group(tables=found, links=links(found))


def links(tables: tuple[Wide, ...]) -> tuple[Link, ...]:
    """All foreign keys with a widened column."""
    known = {wide.site.name: wide for wide in tables}
    first = tables[0].site
    return tuple(
        link
        for table in first.snapshot.tables
        for constraint in table.constraints
        if (link := _link(table, constraint, known, first)) is not None
    )


def _link(
    table: Table, key: Constraint, known: Mapping[Name, Wide], first: Site
) -> Link | None:
    if key.kind != "foreign key" or key.references is None:
        return None
    here, there = known.get(table.name), known.get(key.references)
    own = _names(here, key.columns)
    referenced = _names(there, key.referenced_columns)
    if not own and not referenced:
        return None
    primary = there.key if there is not None else None
    site = here.site if here is not None else _site(first, table)
    return Link(
        site=site,
        key=key,
        parent=key.references,
        own=own,
        referenced=referenced,
        moves=primary is not None and set(primary.columns) == set(key.referenced_columns),
        word=next(wide.words[0] for wide in (here, there) if wide is not None),
    )


def _names(wide: Wide | None, columns: tuple[str, ...]) -> Mapping[str, str]:
    if wide is None:
        return {}
    return {name: other for name, other in wide.names.items() if name in columns}


def _site(first: Site, table: Table) -> Site:
    return Site(
        operation=first.operation,
        table=table,
        snapshot=first.snapshot,
        origin=first.origin,
        settings=first.settings,
    )


def ordered(tables: tuple[Wide, ...]) -> tuple[Wide, ...]:
    """The referenced ones first; in a circle by name."""
    left = sorted(tables, key=lambda wide: wide.site.name)
    found: list[Wide] = []
    while left:
        names = {wide.site.name for wide in left}
        free = [wide for wide in left if not _refers(wide, names)] or left[:1]
        found += free
        left = [wide for wide in left if wide not in free]
    return tuple(found)


def _refers(wide: Wide, names: set[Name]) -> bool:
    others = names - {wide.site.name}
    return any(key.references in others for key in _foreign(wide))


def _foreign(wide: Wide) -> Iterator[Constraint]:
    return (c for c in wide.table.constraints if c.kind == "foreign key")
