"""ANALYZE, VACUUM and REINDEX CONCURRENTLY of tables in use, in the author's place.

All three take SHARE UPDATE EXCLUSIVE, which lets reads and writes pass, for as long as they run
(manual, chapter 13.3; measured 14, 18), and run outside a transaction. They come behind the
fills of their table, and behind rows that are deleted in the contract. VACUUM would take ACCESS
EXCLUSIVE for a moment to cut the empty end of the table, on standbys too, so its TRUNCATE is
off. VACUUM FULL, CLUSTER and REINDEX without CONCURRENTLY block for all of the table.
"""

from collections.abc import Sequence

from msgspec import Struct

from zdm.model.commands import NoRelation, Work, WorkOn
from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, Cost, Phase, Step, TableLock
from zdm.model.schema import Index, Name, Snapshot, Table
from zdm.model.statement import Action, Fact, Setting
from zdm.parse.objects import maintenance
from zdm.recipes import run_sql, site
from zdm.recipes.index import rebuilt, upkeep
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned

SLUG = "maintain_table"


class MaintainTable(Struct, frozen=True, kw_only=True):
    """ANALYZE or VACUUM of one table; VACUUM FULL of one that the train makes."""

    table: Name
    work: Work
    columns: tuple[str, ...]
    sql: str
    locks: tuple[TableLock, ...]
    settings: tuple[Setting, ...]

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        if self.work is not Work.ANALYZE:
            return f"{self.work} {self.table}"
        columns = f".{', '.join(self.columns)}" if self.columns else ""
        return f"gather statistics of {self.table}{columns}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """None: reads and writes pass."""
        del context
        return ()

    def choice(self, context: Context) -> Choice:
        """Reads and writes pass."""
        table = context.snapshot.require_table(self.table)
        reads = () if self.work is Work.ANALYZE else (Trait.SCANS,)
        return choice.single(
            "run it outside a transaction, behind what fills or empties the table",
            *reads,
            because="this train makes the table, so nothing waits for a lock on it"
            if table.created
            else "it blocks neither reads nor writes",
            may=(Trait.WAITS,),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step."""
        reason = "Reads and writes pass while it runs."
        if self.work is Work.VACUUM:
            reason += (
                " It leaves the empty end of the table: to cut that would take ACCESS EXCLUSIVE"
                " for a moment, on standbys too."
            )
        table = context.snapshot.require_table(self.table)
        return (
            run_sql.concurrently(
                Owned(operation=SLUG, origin=context.origin),
                id=f"{self.table}-{self.work.replace(' ', '-')}",
                phase=Phase.EXPAND,
                title=self.title,
                sql=(self.sql,),
                locks=self.locks,
                settings=self.settings,
                preconditions=(upkeep.permitted(table, self.work, context.major),),
                probe="",  # only the journal shows it; a second time it changes nothing
                undo=(),
                serves=BOTH,
                reason="Nothing uses the table yet." if table.created else reason,
                cost=Cost(rows=table.rows, scan=self.work is not Work.ANALYZE),
            ),
        )


class RebuildIndexes(Struct, frozen=True, kw_only=True):
    """REINDEX CONCURRENTLY of an index, or of all that a table has but those that it passes
    over."""

    table: Name
    indexes: tuple[Index, ...]
    passed: tuple[str, ...]
    settings: tuple[Setting, ...]

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        names = ", ".join(index.name for index in self.indexes)
        noun = "index" if len(self.indexes) == 1 else "indexes"
        return f"rebuild {noun} {names or '(none)'} of {self.table}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """What is not rebuilt."""
        del context
        return tuple(
            Hazard(
                operation=SLUG,
                message=f"{name} of {self.table} is not rebuilt: REINDEX CONCURRENTLY passes"
                " over an INVALID index and over that of an exclusion constraint",
                remedy=f"drop it if it is INVALID; else {upkeep.BY_HAND}",
            )
            for name in self.passed
        )

    def choice(self, context: Context) -> Choice:
        """CONCURRENTLY, as it says."""
        del context
        if not self.indexes:
            return choice.nothing("the table has no index that CONCURRENTLY rebuilds")
        return choice.single(
            "REINDEX INDEX CONCURRENTLY, each index by itself, with a repair of what it leaves",
            Trait.BUILDS,
            because="reads and writes continue, and use the former index until the new one is"
            " there",
            may=(Trait.WAITS,),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step for each index."""
        table = context.snapshot.require_table(self.table)
        place = site.at(SLUG, table, context, settings=self.settings)
        return tuple(rebuilt.rebuild(place, index) for index in self.indexes)


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """Maintenance of tables of the Snapshot."""
    action, said = actions[0], actions[0].said
    if isinstance(said, NoRelation) and said.statement == "NOTIFY":
        return refuse.refuse(action, "notify_not_planned", *upkeep.notified())
    if not isinstance(said, WorkOn) or said.work not in upkeep.WORKS:
        return None
    if not said.relations and said.work in upkeep.COPYING:
        return refuse.refuse(action, "cluster_vacuum_full", *upkeep.of_all(said))
    if not said.relations:
        return refuse.refuse(action, "maintenance_cannot_be_planned", *upkeep.of_all(said))
    if len(said.relations) > 1:  # in one statement, whose author says when it runs
        return None
    if said.work is Work.REINDEX_INDEX:
        return _index(action, said, snapshot)
    return _of_table(action, said, snapshot)


def _of_table(action: Action, said: WorkOn, snapshot: Snapshot) -> Match | Refusal | None:
    name = action.fact.table if isinstance(action.fact, Fact) else None
    table = None if name is None else snapshot.table(name)
    if table is None and any(view.name == name for view in snapshot.views):
        why = upkeep.of_view(f"the view {name}")
        return refuse.refuse(action, "maintenance_cannot_be_planned", *why)
    if table is None:
        return None if snapshot.opaque else statements.unknown_table(action, name)
    if table.created and said.work is Work.CLUSTER and table.kind == "table":
        return None  # it runs as written
    refusal = _refusal(action, said, table, snapshot)
    if refusal is not None:
        return refusal
    if said.work is Work.REINDEX_TABLE:
        return _rebuild(action, table, table.indexes)
    operation = MaintainTable(
        table=table.name,
        work=said.work,
        columns=maintenance.columns(action),
        sql=maintenance.written(
            action, table.name, keeps_end=said.work is Work.VACUUM and upkeep.cuts(action)
        ),
        locks=statements.of_author(snapshot, action),
        settings=action.statement.settings,
    )
    return Match(operation=operation, consumed=(0,))


def _refusal(action: Action, said: WorkOn, table: Table, snapshot: Snapshot) -> Refusal | None:
    """The rules of `zdm check` have the names of the first two."""
    copies, blocks = upkeep.copying(said, table), upkeep.blocking(said, table)
    if copies is not None:
        return refuse.refuse(action, "cluster_vacuum_full", *copies)
    if blocks is not None:
        return refuse.refuse(action, "reindex_not_concurrent", *blocks)
    lacking = next((c for c in maintenance.columns(action) if table.column(c) is None), "")
    if lacking:
        return statements.unknown_column(action, table.name, lacking)
    problem = upkeep.problem(action, said, table, snapshot)
    if problem is not None:
        return refuse.refuse(action, "maintenance_cannot_be_planned", *problem)
    return None


def _index(action: Action, said: WorkOn, snapshot: Snapshot) -> Match | Refusal | None:
    found, name = upkeep.index(action, said, snapshot), said.relations[0].name
    if found is None and upkeep.is_of_view(said, snapshot):
        why = upkeep.of_view(f"the index {name} of a materialized view")
        return refuse.refuse(action, "maintenance_cannot_be_planned", *why)
    if found is None and snapshot.opaque:
        return None
    if found is None:
        return refuse.refuse(
            action,
            "unknown_index",
            f"there is no index {name} in the schema, so this statement would fail",
            "correct the name, or make a new snapshot of the database",
        )
    table, index = found
    refusal = _refusal(action, said, table, snapshot)
    problem = upkeep.of_index(index, table) if refusal is None else None
    if problem is not None:
        return refuse.refuse(action, "maintenance_cannot_be_planned", *problem)
    return refusal or _rebuild(action, table, (index,))


def _rebuild(action: Action, table: Table, named: Sequence[Index]) -> Match:
    found = tuple(index for index in named if upkeep.is_rebuilt(index, table))
    operation = RebuildIndexes(
        table=table.name,
        indexes=found,
        passed=tuple(index.name for index in named if index not in found),
        settings=action.statement.settings,
    )
    return Match(operation=operation, consumed=(0,))
