"""Where a recipe works: the table before the operation, and what every step of
the recipe shares. Tables that the same train makes are not worked on by recipes at all.
"""

from msgspec import Struct

from zdm.model.locks import LockMode
from zdm.model.operation import Context
from zdm.model.plan import TableLock
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import Setting, Source
from zdm.schema import family

ADD_LOCKS_BELOW = 18


class Site(Struct, frozen=True, kw_only=True):
    """The operation's slug, its table, the Snapshot before it, and where it came from.

    `settings` are those in force at the author's statement (search_path, TimeZone …).
    """

    operation: str
    table: Table
    snapshot: Snapshot
    origin: tuple[Source, ...]
    settings: tuple[Setting, ...] = ()

    @property
    def name(self) -> Name:
        """The table's name."""
        return self.table.name

    @property
    def major(self) -> int:
        """The target server's major version."""
        return self.snapshot.major

    def lock(self, mode: LockMode) -> tuple[TableLock, ...]:
        """The lock on the table."""
        return (TableLock(table=self.name, mode=mode),)

    def lock_below(self, mode: LockMode) -> tuple[TableLock, ...]:
        """The lock on the table and on those that inherit from it, which ALTER TABLE changes
        along with it. The lock on a partitioned table counts for its partitions."""
        below = (self.snapshot.table(name) for name in family.below(self.snapshot, self.name))
        heirs = [t.name for t in below if t is not None and t.partition_of is None]
        return tuple(sorted(TableLock(table=name, mode=mode) for name in (self.name, *heirs)))

    def lock_to_add(self, mode: LockMode) -> tuple[TableLock, ...]:
        """The lock of ADD CONSTRAINT; from PostgreSQL 18 on those that inherit, too, whatever
        the constraint is (measured 14-18)."""
        return self.lock_below(mode) if self.major >= ADD_LOCKS_BELOW else self.lock(mode)

    def id(self, *parts: str) -> str:
        """A step id; the planner puts the phase and a number before it."""
        return "-".join((str(self.name), *parts))

    def beside(self, name: str) -> Name:
        """An object of that name in the table's schema."""
        return Name(self.name.schema, name)


def at(
    operation: str, table: Table, context: Context, *, settings: tuple[Setting, ...] = ()
) -> Site:
    """The site of an operation on a table of the context's Snapshot."""
    return Site(
        operation=operation,
        table=table,
        snapshot=context.snapshot,
        origin=context.origin,
        settings=settings,
    )
