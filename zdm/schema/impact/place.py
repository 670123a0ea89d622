"""The schema that a statement meets: its tables, and what hangs together with them."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from zdm.model.catalog.indexed import having, named
from zdm.model.impact import NO, Answer, Touch
from zdm.model.locks import LockMode
from zdm.model.schema import Constraint, Index, Name, Sequence, Snapshot, Table, View
from zdm.model.statement import Setting
from zdm.model.syntax import RelationName
from zdm.schema import family, generated_names, lookup

AS, RS, RX, SUE, S, SRE, X, AE = LockMode
NOT_IN_SCHEMA = "{} is not in the schema, so what belongs to it is unknown"


class Place(Struct, frozen=True, kw_only=True):
    """The Snapshot before a statement, the settings in force, and the server's version."""

    snapshot: Snapshot
    settings: tuple[Setting, ...]
    major: int

    def name(self, relation: RelationName) -> Name:
        """The relation that is meant: a table, view, sequence or index."""
        table = lookup.found(relation, self.snapshot, self.settings)
        if self.snapshot.table(table) is not None:
            return table
        return lookup.among(relation, _Relations(self.snapshot), self.snapshot, self.settings)

    def table(self, relation: RelationName) -> Table | None:
        """The table that is meant."""
        return self.snapshot.table(self.name(relation))

    def view(self, name: Name) -> View | None:
        """The view or materialized view of that name."""
        found = named(self.snapshot.views, name)
        return found[0] if found else None

    def family(self, table: Table, *, only: bool = False) -> tuple[Table, ...]:
        """The table, its partitions and its children, at all depths."""
        found = [table]
        if not only:
            for one in found:
                known = {t.name for t in found}
                found += [t for t in self.children(one) if t.name not in known]
        return tuple(found)

    def children(self, table: Table) -> tuple[Table, ...]:
        """Its partitions and the tables that inherit from it."""
        return family.children(self.snapshot, table.name)

    def ancestors(self, table: Table) -> Iterator[Table]:
        """The partitioned tables above it, itself first."""
        found: Table | None = table
        while found is not None:
            yield found
            parent = found.partition_of
            found = None if parent is None else self.snapshot.table(parent)

    def default_partition(self, parent: Table) -> Table | None:
        """Its DEFAULT partition, if there is one."""
        leaves = self.children(parent)
        return next((t for t in leaves if t.partition_bound == family.DEFAULT), None)

    def foreign_keys(self, table: Table) -> tuple[Constraint, ...]:
        """Its own foreign keys and those of the partitioned tables above it."""
        above = [c for t in self.ancestors(table) for c in t.constraints]
        return tuple(c for c in above if c.references is not None)

    def referencing(self, table: Table) -> tuple[tuple[Table, Constraint], ...]:
        """Foreign keys of other tables, and its own, to it or to a table above it."""
        names = {t.name for t in self.ancestors(table)}
        tables = {t.name: t for n in names for t in _referring(self.snapshot, n)}
        return tuple(
            (tables[n], c)
            for n in sorted(tables)
            for c in tables[n].constraints
            if c.references in names
        )

    def sequences(self, table: Table, column: str | None = None) -> tuple[Sequence, ...]:
        """The sequences that the table, or one column of it, owns."""
        return tuple(
            s
            for s in having(
                self.snapshot.sequences, "owner", table.name.schema, table.name.name
            )
            if column in (None, s.owner_column)
        )

    def views_over(self, names: Iterable[Name], column: str | None = None) -> tuple[View, ...]:
        """The views that read one of the relations, or that column of it, and those on them."""
        first = frozenset(names)
        reading = {v.name: v for n in first for v in _reading(self.snapshot, n)}
        found = [
            reading[name]
            for name in sorted(reading)
            if any(n in first and column in (None, c) for n, c in reading[name].uses)
        ]
        for below in found:
            found += [v for v in _reading(self.snapshot, below.name) if v not in found]
        return tuple(found)

    def behind(self, name: Name) -> tuple[Name, ...]:
        """A relation and, for a view, all that it reads."""
        view = self.view(name)
        below = {n for n, _ in view.uses} if view is not None else set[Name]()
        return (name, *(other for n in sorted(below) for other in self.behind(n)))

    def index(self, relation: RelationName) -> tuple[Table, Index] | None:
        """The index that is meant, and its table."""
        name = self.name(relation)
        for table in having(self.snapshot.tables, "index", name.name):
            if table.name.schema == name.schema:
                return table, next(i for i in table.indexes if i.name == name.name)
        return None


class _Relations(Struct, frozen=True):
    """The names of views, sequences and indexes, asked one by one."""

    snapshot: Snapshot

    def __contains__(self, name: object) -> bool:
        return isinstance(name, Name) and generated_names.is_relation(self.snapshot, name)


def _referring(snapshot: Snapshot, name: Name) -> tuple[Table, ...]:
    return having(snapshot.tables, "references", name.schema, name.name)


def _reading(snapshot: Snapshot, name: Name) -> tuple[View, ...]:
    return having(snapshot.views, "uses", name.schema, name.name)


def is_enforced(constraint: Constraint) -> bool:
    """A foreign key that is NOT ENFORCED has no triggers (PostgreSQL 18)."""
    return not constraint.definition.endswith("NOT ENFORCED")


def touch(
    table: Table,
    lock: LockMode,
    *,
    rewrites: Answer = NO,
    builds: Answer = NO,
    scans: Answer = NO,
) -> Touch:
    """A Touch of the table; a partitioned one holds no rows."""
    if table.kind == "partitioned table":
        rewrites = builds = scans = NO
    return Touch(relation=table.name, lock=lock, rewrites=rewrites, builds=builds, scans=scans)


def each(tables: Iterable[Table], lock: LockMode) -> list[Touch]:
    """The same lock on each table, and no more."""
    return [touch(table, lock) for table in tables]


def on(names: Iterable[Name], lock: LockMode) -> list[Touch]:
    """The same lock on each relation, and no more."""
    return [Touch(relation=name, lock=lock) for name in names]
