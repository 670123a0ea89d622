"""UPDATE of a few rows of a table in use: one short statement.

Batches and the trigger beside them are for many rows, which one statement would lock for long.
A few rows, by literal keys or of a table that is small by its statistics, are written at once,
as the author wrote it: also from other tables, where these are small, too. Its place is that
of a backfill, in the author's order with the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, Cost, Irreversible, Phase, Step, TableLock
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import Action, DirectiveKind, Statement
from zdm.parse import mentioned
from zdm.recipes import run_sql
from zdm.recipes.reading import few, filled, statements, updates
from zdm.recipes.reading.updates import Update
from zdm.recipes.run_sql import Owned

SLUG = "update_rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateFew:
    """Set columns of a few rows. `sources`: the tables in use that it reads besides."""

    table: Name
    columns: tuple[str, ...]
    sources: tuple[Name, ...]
    statement: Statement
    at_most: int
    locks: tuple[TableLock, ...]

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"set {self.table}.{self._columns} in a few rows"

    @property
    def _columns(self) -> str:
        return ", ".join(self.columns)

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """Both versions read the new values, and others act on the rows."""
        lines = [
            (
                f"both versions see the new values of {self.table}.{self._columns} at once, and"
                " a rollback does not bring the old ones back",
                "make sure that both versions understand both values, and that neither keeps"
                " writing the old ones; put `-- zdm: keep old values` above it if a rollback"
                " must restore them",
            )
        ]
        if self.sources:
            named = ", ".join(map(str, self.sources))
            lines.append(
                (
                    f"the values come from {named} at one moment; what an application writes"
                    " there later is not copied, and if several of its rows match one row,"
                    " PostgreSQL takes any of them",
                    "make sure that at most one row matches, and that the new version writes"
                    " both places",
                )
            )
        lines += filled.hazards(context.snapshot.require_table(self.table), *self.columns)
        return tuple(Hazard(operation=SLUG, message=m, remedy=r) for m, r in lines)

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """The author's statement."""
        owner = Owned(operation=SLUG, origin=context.origin)
        return (
            run_sql.short_transaction(
                owner,
                id="-".join((str(self.table), *self.columns, "set")),
                phase=Phase.BACKFILL,
                title=self.title,
                sql=(self.statement.sql,),
                locks=self.locks,
                settings=self.statement.settings,
                probe="",  # only the journal shows it
                undo=Irreversible(reason="the previous values are not recorded", rows=True),
                serves=BOTH,
                reason=f"At most {few.in_words(self.at_most)}, in the same transaction as their"
                " journal entry.",
                cost=Cost(rows=self.at_most),
            ),
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """An UPDATE of a few rows; any other is left to the backfill, which refuses what it cannot
    do."""
    action = actions[0]
    update = updates.read(action)
    table = None if update is None else snapshot.table(update.table)
    if update is None or table is None or _keeps(action) or not _settable(update, table):
        return None
    where = update.where if update.alone else None  # else it may be a key of another table
    at_most = few.at_most(where, table, snapshot)
    sources = few.sources(action, snapshot)
    if at_most is None or sources is None or not few.reads_little(action, snapshot):
        return None
    if mentioned.chooses(action) or filled.refused(table, snapshot) is not None:
        return None
    operation = UpdateFew(
        table=table.name,
        columns=tuple(column for column, _ in update.assignments),
        sources=tuple(s.name for s in sources if not s.created and s.name != table.name),
        statement=action.statement,
        at_most=at_most,
        locks=statements.of_author(snapshot, action),
    )
    return Match(operation=operation, consumed=(0,))


def _keeps(action: Action) -> bool:
    """Whether the old values are kept, which batches do."""
    return any(d.kind is DirectiveKind.KEEP_OLD_VALUES for d in action.statement.directives)


def _settable(update: Update, table: Table) -> bool:
    """Whether PostgreSQL lets an UPDATE set all of its columns."""
    found = [table.column(column) for column, _ in update.assignments]
    return table.kind != "foreign table" and all(
        column is not None and not column.generated and column.identity != "always"
        for column in found
    )
