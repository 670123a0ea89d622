"""DROP INDEX of a table in use, always CONCURRENTLY, after the old version is gone.

Plain DROP INDEX takes ACCESS EXCLUSIVE on the table; the concurrent one lets reads and writes
pass, cannot run in a transaction block, and takes neither CASCADE nor the index of a
constraint (manual, DROP INDEX; measured 11-18). The old version's queries may need the index
to be fast, and its ON CONFLICT a unique one to work, so it is dropped in the contract.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import NEW_ONLY, Phase, Step
from zdm.model.schema import Index, Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind
from zdm.recipes import run_sql, site
from zdm.recipes.column import refusing
from zdm.recipes.index import build
from zdm.recipes.reading import refuse, statements
from zdm.recipes.sql import probes

SLUG = "drop_index"


@dataclass(frozen=True, slots=True, kw_only=True)
class DropIndex:
    """Drop an index; None: it does not exist, and the statement has IF EXISTS."""

    table: Name | None
    index: Index | None
    name: str

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        where = f" of {self.table}" if self.table else " (does not exist)"
        return f"drop index {self.name}{where}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """Queries that were fast may become slow."""
        del context
        if self.index is None:
            return ()
        return (
            Hazard(
                operation=SLUG,
                message=f"queries of the new version that use {self.name} must read"
                f" {self.table} without it",
                remedy="check pg_stat_user_indexes.idx_scan before the contract",
            ),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step, or none."""
        table = context.snapshot.table(self.table) if self.table else None
        if table is None or self.index is None:
            return ()
        place = site.at(SLUG, table, context)
        full = place.beside(self.name)
        step = run_sql.concurrently(
            place,
            id=place.id(self.name, "drop-index"),
            phase=Phase.CONTRACT,
            title=self.title,
            sql=(build.drop_sql(full),),
            locks=place.lock(LockMode.SHARE_UPDATE_EXCLUSIVE),
            probe=probes.probe(probes.absent(probes.relation(full))),
            undo=(self.index.definition.replace(" INDEX ", " INDEX CONCURRENTLY ", 1),),
            serves=NEW_ONLY,
            reason="CONCURRENTLY blocks neither reads nor writes; repeated after a failure, it"
            " continues where it stopped.",
        )
        return (step,)


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A DROP INDEX of one index of a table of the Snapshot."""
    action = actions[0]
    fact = statements.fact(action, ActionKind.DROP_INDEX)
    if fact is None:
        return None
    schema, _, name = fact.name.rpartition(".")
    table = _table_of(snapshot, schema, name)
    if table is None:
        if fact.if_exists:
            return Match(operation=DropIndex(table=None, index=None, name=name), consumed=(0,))
        return refuse.refuse(
            action,
            "unknown_index",
            f"there is no index {fact.name} in the schema, so this statement would fail",
            "correct the name, or write IF EXISTS",
        )
    found = next(i for i in table.indexes if i.name == name)
    problem = _problem(table, found, cascade=fact.cascade) or _still_unique(table, found)
    if problem is not None:
        return refuse.refuse(action, "index_cannot_be_dropped", *problem)
    return Match(operation=DropIndex(table=table.name, index=found, name=name), consumed=(0,))


def _table_of(snapshot: Snapshot, schema: str, name: str) -> Table | None:
    schemas = (schema,) if schema else snapshot.search_path
    for wanted in schemas:
        for table in snapshot.tables:
            if table.name.schema == wanted and any(i.name == name for i in table.indexes):
                return table
    return None


def _problem(table: Table, found: Index, *, cascade: bool) -> tuple[str, str] | None:
    if found.constraint is not None:
        return (
            f"{found.name} belongs to the constraint {found.constraint} of {table.name}",
            "drop the constraint instead, with `-- zdm: run in contract -- reason`",
        )
    if table.kind != "table" or table.partition_of is not None:
        return (
            f"{table.name} is partitioned, where DROP INDEX CONCURRENTLY is an error",
            "drop it in a quiet hour, with `-- zdm: run in contract -- reason`",
        )
    if found.replica_identity:
        return (
            f"{found.name} is the replica identity of {table.name}, so UPDATE on a published"
            " table would fail without it (55000)",
            "set another REPLICA IDENTITY first",
        )
    if cascade:
        return (
            f"CASCADE also drops everything that depends on {found.name}, unlisted",
            "drop what depends on it first, and remove CASCADE",
        )
    return None


def _still_unique(table: Table, found: Index) -> tuple[str, str] | None:
    """Before the rollout the old version needs it, and after it the new version meets it."""
    if not found.unique or not found.valid or refusing.implied(found, table, frozenset()):
        return None
    return (
        f"{found.name} is unique: while it is there, it refuses rows of the new version that"
        " repeat its keys, and without it every ON CONFLICT of the old version that names its"
        " columns fails",
        "put `-- zdm: run in contract -- reason` above it if the new version still writes no"
        " duplicates, or `-- zdm: run in expand -- reason` if the old version has no such"
        " ON CONFLICT; with DROP INDEX CONCURRENTLY, so that reads and writes continue",
    )
