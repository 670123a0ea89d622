"""The schema that a statement meets: its tables, and what hangs together with them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from zdm.model.impact import NO, Answer, Touch
from zdm.model.locks import LockMode
from zdm.model.schema import Constraint, Index, Name, Sequence, Snapshot, Table, View
from zdm.model.statement import Setting
from zdm.model.syntax import RelationName
from zdm.schema import lookup

AS, RS, RX, SUE, S, SRE, X, AE = LockMode
NOT_IN_SCHEMA = "{} is not in the schema, so what belongs to it is unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The Snapshot before a statement, the settings in force, and the server's version."""

    snapshot: Snapshot
    settings: tuple[Setting, ...]
    major: int

    def name(self, relation: RelationName) -> Name:
        """The relation that is meant: a table, view, sequence or index."""
        table = lookup.found(relation, self.snapshot, self.settings)
        if self.snapshot.table(table) is not None:
            return table
        others = {v.name for v in self.snapshot.views}
        others |= {s.name for s in self.snapshot.sequences}
        others |= {Name(t.name.schema, i.name) for t in self.snapshot.tables for i in t.indexes}
        return lookup.among(relation, others, self.snapshot, self.settings)

    def table(self, relation: RelationName) -> Table | None:
        """The table that is meant."""
        return self.snapshot.table(self.name(relation))

    def view(self, name: Name) -> View | None:
        """The view or materialized view of that name."""
        return next((v for v in self.snapshot.views if v.name == name), None)

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
        return tuple(
            t
            for t in self.snapshot.tables
            if t.partition_of == table.name or table.name in t.inherits
        )

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
        return next((t for t in leaves if t.partition_bound == "DEFAULT"), None)

    def foreign_keys(self, table: Table) -> tuple[Constraint, ...]:
        """Its own foreign keys and those of the partitioned tables above it."""
        above = [c for t in self.ancestors(table) for c in t.constraints]
        return tuple(c for c in above if c.references is not None)

    def referencing(self, table: Table) -> tuple[tuple[Table, Constraint], ...]:
        """Foreign keys of other tables, and its own, to it or to a table above it."""
        names = {t.name for t in self.ancestors(table)}
        return tuple(
            (t, c) for t in self.snapshot.tables for c in t.constraints if c.references in names
        )

    def sequences(self, table: Table, column: str | None = None) -> tuple[Sequence, ...]:
        """The sequences that the table, or one column of it, owns."""
        return tuple(
            s
            for s in self.snapshot.sequences
            if s.owner_table == table.name and column in (None, s.owner_column)
        )

    def views_over(self, names: Iterable[Name], column: str | None = None) -> tuple[View, ...]:
        """The views that read one of the relations, or that column of it, and those on them."""
        first = frozenset(names)
        found: list[View] = []
        for view in self.snapshot.views:
            if any(n in first and column in (None, c) for n, c in view.uses):
                found.append(view)
        for below in found:
            found += [
                v
                for v in self.snapshot.views
                if v not in found and any(n == below.name for n, _ in v.uses)
            ]
        return tuple(found)

    def behind(self, name: Name) -> tuple[Name, ...]:
        """A relation and, for a view, all that it reads."""
        view = self.view(name)
        below = {n for n, _ in view.uses} if view is not None else set[Name]()
        return (name, *(other for n in sorted(below) for other in self.behind(n)))

    def index(self, relation: RelationName) -> tuple[Table, Index] | None:
        """The index that is meant, and its table."""
        name = self.name(relation)
        for table in self.snapshot.tables:
            for index in table.indexes:
                if Name(table.name.schema, index.name) == name:
                    return table, index
        return None


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
