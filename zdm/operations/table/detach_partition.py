"""DETACH PARTITION when the old version is gone, without blocking reads and writes.

Its rows are no longer read or written through the table above, so it waits for the contract.
CONCURRENTLY takes SHARE UPDATE EXCLUSIVE on the table above, waits for the transactions that
use it, and locks the partition at the end; it runs outside a transaction, and when it is cut
off, FINALIZE completes it. It is an error beside a DEFAULT partition, where the plain form
locks both and the table above under ACCESS EXCLUSIVE, for milliseconds (manual, ALTER TABLE;
14-18). It leaves a CHECK of the bounds, which the plain form does not.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.commands import AlterTable, Change
from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import (
    NEW_ONLY,
    STATEMENT_TIMEOUT,
    Irreversible,
    Phase,
    RunSql,
    Step,
    TableLock,
)
from zdm.model.schema import Constraint, Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind
from zdm.parse import emit
from zdm.parse.emit import Ident, Qualified
from zdm.recipes import run_sql, site
from zdm.recipes.reading import refuse, statements
from zdm.recipes.site import Site
from zdm.recipes.sql import probes
from zdm.schema import family, generated_names, lookup

SLUG = "detach_partition"
_UNDO = Irreversible(
    reason="a rollback starts the old version first, and it needs the rows in the table above"
)


class DetachPartition(Struct, frozen=True, kw_only=True):
    """Detach a partition. `plain`: there is a DEFAULT partition; `check`: what CONCURRENTLY
    leaves and the author's statement does not."""

    table: Name
    parent: Name
    plain: bool = False
    check: str = ""

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"detach {self.table} from {self.parent}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """Where its rows are, and what no longer applies to them."""
        parent = context.snapshot.require_table(self.parent)
        child = context.snapshot.require_table(self.table)
        lines = self._lines(parent, child)
        return tuple(Hazard(operation=SLUG, message=m, remedy=r) for m, r in lines)

    def _lines(self, parent: Table, child: Table) -> Iterator[tuple[str, str]]:
        goes = "goes to the DEFAULT partition" if self.plain else "fails"
        yield (
            f"until the contract the rows of {self.table} are in {self.parent}, afterwards they"
            f" are not, and an INSERT of such a row into {self.parent} {goes}",
            "let the new version work with both",
        )
        yield (
            f"until the contract {self.table} takes no row outside its bounds",
            f"let the new version write other rows into {self.table} only afterwards",
        )
        ends = [f"trigger {t.name}" for t in child.triggers if t.inherited]
        ends += [f"publication {name}" for name in parent.publications]
        ends += [f"identity of {c.name}" for c in child.columns if c.identity]
        if ends:
            yield (
                f"{self.table} no longer has what it has from {self.parent}: {', '.join(ends)}",
                "give it its own afterwards, if it is still written",
            )

    def choice(self, context: Context) -> Choice:
        """CONCURRENTLY, unless there is a DEFAULT partition."""
        del context
        return choice.of(
            choice.way(
                "concurrently",
                "DETACH PARTITION CONCURRENTLY when the old version is gone",
                not self.plain,
                Trait.WAITS,
                because="reads and writes of the other partitions continue; the old version"
                " reads and writes the rows through the table above until it is gone",
                unless="CONCURRENTLY is an error beside a DEFAULT partition",
            ),
            choice.way(
                "plain",
                "DETACH PARTITION when the old version is gone",
                self.plain,
                Trait.WAITS,
                because="beside a DEFAULT partition there is no other; the lock blocks all"
                " reads and writes of the table above for milliseconds",
                unless="it blocks all reads and writes of the table above, also while it waits",
            ),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """DETACH, and the end of the CHECK that it leaves."""
        child = context.snapshot.require_table(self.table)
        place = site.at(SLUG, child, context)
        if self.plain:
            return (self._plainly(place),)
        detach = self._concurrently(place)
        stays = self.check and context.left.table(self.table) is not None
        return (detach, self._drop_check(place)) if stays else (detach,)

    def _sql(self, ending: str) -> str:
        return emit.sql(
            f"ALTER TABLE {{p}} DETACH PARTITION {{t}}{ending}",
            p=Qualified(self.parent),
            t=Qualified(self.table),
        )

    def _locks(self, place: Site, *, plain: bool) -> tuple[TableLock, ...]:
        parent = place.snapshot.require_table(self.parent)
        default = family.default(place.snapshot, self.parent) if plain else None
        referenced = {c.references for c in _keys(parent, place.snapshot)}
        above = LockMode.ACCESS_EXCLUSIVE if plain else LockMode.SHARE_UPDATE_EXCLUSIVE
        wanted = [
            TableLock(table=self.parent, mode=above),
            TableLock(table=self.table, mode=LockMode.ACCESS_EXCLUSIVE),
        ]
        if default is not None:
            wanted.append(TableLock(table=default.name, mode=LockMode.ACCESS_EXCLUSIVE))
        wanted += [
            TableLock(table=name, mode=LockMode.SHARE_ROW_EXCLUSIVE)
            for name in referenced
            if name is not None
        ]
        return statements.locks(place.snapshot, *wanted)

    def _concurrently(self, place: Site) -> RunSql:
        return run_sql.concurrently(
            place,
            id=place.id("detach"),
            phase=Phase.CONTRACT,
            title=self.title,
            sql=(self._sql(" CONCURRENTLY"),),
            locks=self._locks(place, plain=False),
            probe=probes.probe(
                probes.absent(probes.partition(self.table)), probes.detaching(self.table)
            ),
            repair=(self._sql(" FINALIZE"),),
            undo=_UNDO,
            serves=NEW_ONLY,
            reason="CONCURRENTLY blocks no reads and writes of the other partitions; when it is"
            " cut off, FINALIZE completes it.",
        )

    def _plainly(self, place: Site) -> RunSql:
        locks = self._locks(place, plain=True)
        return RunSql(
            id=place.id("detach"),
            operation=SLUG,
            origin=place.origin,
            phase=Phase.CONTRACT,
            title=self.title,
            sql=(self._sql(""),),
            locks=locks,
            lock_timeout=run_sql.wait_of_each(len(locks)),
            statement_timeout=STATEMENT_TIMEOUT,
            probe=probes.probe(probes.absent(probes.partition(self.table))),
            undo=_UNDO,
            serves=NEW_ONLY,
            reason="Beside a DEFAULT partition CONCURRENTLY is an error; only the catalog"
            " changes.",
        )

    def _drop_check(self, place: Site) -> RunSql:
        return run_sql.short_transaction(
            place,
            id=place.id("drop-check"),
            phase=Phase.CONTRACT,
            title=f"drop the check of the bounds that {self.table} keeps",
            sql=(
                emit.sql(
                    "ALTER TABLE {t} DROP CONSTRAINT IF EXISTS {k}",
                    t=Qualified(self.table),
                    k=Ident(self.check),
                ),
            ),
            locks=place.lock(LockMode.ACCESS_EXCLUSIVE),
            probe=probes.probe(probes.absent(probes.constraint(self.table, self.check))),
            undo=_UNDO,
            serves=NEW_ONLY,
            reason="DETACH without CONCURRENTLY, as the author wrote it, leaves none.",
        )


def _keys(parent: Table, snapshot: Snapshot) -> Iterator[Constraint]:
    """Its foreign keys, and those of the tables above it."""
    yield from (c for c in parent.constraints if c.references is not None)
    above = snapshot.table(parent.partition_of) if parent.partition_of is not None else None
    if above is not None:
        yield from _keys(above, snapshot)


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """DETACH PARTITION from a table in use."""
    action, said = actions[0], actions[0].said
    fact = statements.fact(action, ActionKind.ALTER_TABLE_OTHER)
    if fact is None or not isinstance(said, AlterTable) or said.other is None:
        return None
    if said.change not in (Change.DETACH_PARTITION, Change.FINALIZE_DETACH):
        return None
    parent = lookup.table_of(snapshot, action)
    other = lookup.found(said.other, snapshot, action.statement.settings)
    child = snapshot.table(other)
    if parent is None or child is None:
        return statements.unknown_table(action, fact.table if parent is None else other)
    problem = _problem(said, parent, child, snapshot)
    if problem is not None:
        return refuse.refuse(action, "partition_cannot_be_detached", *problem)
    plain = family.default(snapshot, parent.name) is not None
    operation = DetachPartition(
        table=child.name,
        parent=parent.name,
        plain=plain,
        check="" if plain or said.concurrently else _check(parent, child, snapshot),
    )
    return Match(operation=operation, consumed=(0,))


def _check(parent: Table, child: Table, snapshot: Snapshot) -> str:
    """The name of the CHECK that CONCURRENTLY leaves: by the column, where it has only one."""
    columns = family.bounding_columns(snapshot, parent)
    named = columns if len(columns) == 1 else ()
    return generated_names.free(snapshot, child.name, named, "check")


def _problem(
    said: AlterTable, parent: Table, child: Table, snapshot: Snapshot
) -> tuple[str, str] | None:
    if said.change is Change.FINALIZE_DETACH:
        return (
            "FINALIZE completes a DETACH … CONCURRENTLY that was cut off, which is a repair of"
            " one database, and fails on all others",
            "run it by hand where it is needed",
        )
    if child.partition_of != parent.name:
        return (
            f"{child.name} is no partition of {parent.name}, so this statement would fail",
            "correct the names, or make a new snapshot of the database",
        )
    if said.concurrently and family.default(snapshot, parent.name) is not None:
        return (
            f"{parent.name} has a DEFAULT partition, beside which CONCURRENTLY is an error",
            "remove CONCURRENTLY: zdm sets a lock_timeout and tries again",
        )
    above = {parent.name, *_above(parent, snapshot)}
    keys = [
        f"{key.name} of {table.name}"
        for table in snapshot.tables
        if table.partition_of is None
        for key in table.constraints
        if key.references in above
    ]
    if keys:
        return (
            f"foreign keys refer to {parent.name} ({', '.join(keys)}), so rows that refer to"
            f" {child.name} would be looked for while all writes of those tables wait",
            "drop the foreign keys in an earlier release; or, in a quiet hour, put"
            " `-- zdm: run in contract -- reason` above it",
        )
    return None


def _above(table: Table, snapshot: Snapshot) -> Iterator[Name]:
    while table.partition_of is not None:
        yield table.partition_of
        table = snapshot.require_table(table.partition_of)
