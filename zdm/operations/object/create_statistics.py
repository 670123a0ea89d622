"""CREATE STATISTICS on columns or expressions of a table.

It takes SHARE UPDATE EXCLUSIVE for milliseconds, which lets reads and writes pass (manual,
CREATE STATISTICS; measured 14, 18). The planner uses it from the next ANALYZE on, and no
statement of an application names it, so it runs as written in EXPAND.
"""

from collections.abc import Sequence

from msgspec import Struct

from zdm.model.commands import Work, WorkOn
from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import Step, TableLock
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import Action, Fact, Statement
from zdm.parse import emit
from zdm.parse.emit import Qualified
from zdm.parse.objects import statistics as written
from zdm.recipes import run_sql
from zdm.recipes.object import objects
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes
from zdm.schema.effects import statistics

SLUG = "create_statistics"
_UNNAMED = 16  # the first version that chooses a name


class CreateStatistics(Struct, frozen=True, kw_only=True):
    """Make it. `there`: it exists and the statement has IF NOT EXISTS."""

    table: Name
    name: Name
    statement: Statement
    locks: tuple[TableLock, ...]
    there: bool

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        tail = " (already exists)" if self.there else ""
        return f"create statistics {self.name} of {self.table}{tail}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """None."""
        del context
        return ()

    def choice(self, context: Context) -> Choice:
        """Reads and writes pass."""
        del context
        if self.there:
            return choice.nothing("it is there, and the statement says IF NOT EXISTS")
        return choice.single(
            "run it as written before the rollout", because="it blocks neither reads nor writes"
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """The author's statement."""
        if self.there:
            return ()
        return (
            run_sql.as_authored(
                Owned(operation=SLUG, origin=context.origin),
                self.statement,
                id=f"{self.table}-{self.name}-statistics",
                title=self.title,
                locks=self.locks,
                probe=probes.probe(probes.absent(objects.no_statistics(self.name))),
                undo=(emit.sql("DROP STATISTICS IF EXISTS {s}", s=Qualified(self.name)),),
                reason="Reads and writes pass; the planner uses it from the next ANALYZE on.",
            ),
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A CREATE STATISTICS on a table of the Snapshot."""
    action, said = actions[0], actions[0].said
    if not isinstance(said, WorkOn) or said.work is not Work.CREATE_STATISTICS:
        return None
    fact = action.fact
    if not isinstance(fact, Fact) or fact.table is None:
        return None
    table = snapshot.table(fact.table)
    if table is None:
        return None if snapshot.opaque else statements.unknown_table(action, fact.table)
    there = statistics.there(action, table, snapshot)
    problem = _problem(action, table, snapshot, there=there and not fact.if_exists)
    if problem is not None:
        return refuse.refuse(action, "statistics_cannot_be_created", *problem)
    operation = CreateStatistics(
        table=table.name,
        name=statistics.name(action, table, snapshot),
        statement=action.statement,
        locks=statements.of_author(snapshot, action),
        there=there,
    )
    return Match(operation=operation, consumed=(0,))


def _problem(
    action: Action, table: Table, snapshot: Snapshot, *, there: bool
) -> tuple[str, str] | None:
    if not written.named(action) and snapshot.major < _UNNAMED:
        return (
            f"PostgreSQL {snapshot.major} chooses no name for statistics, so this statement"
            " would fail",
            "give the statistics a name",
        )
    lacking = statistics.lacking(action, table)
    if lacking:
        return (
            f"{table.name} has no column {lacking}, so this statement would fail",
            "correct the name, or make a new snapshot of the database",
        )
    if there:
        name = statistics.name(action, table, snapshot)
        return (
            f"there are statistics {name} already, so this statement would fail",
            "give the new ones another name",
        )
    return None
