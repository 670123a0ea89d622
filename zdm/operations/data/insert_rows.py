"""INSERT of a few rows into a table in use, added in EXPAND, or behind a backfill that comes
before it.

Both versions see them at once. The rows and their journal entry are written in the same
transaction, so they are inserted once, whatever happens. The rows are written out, or taken
from small tables. Batches of many would insert again what an application deletes meanwhile,
so copy_rows puts them into new tables only.
"""

from collections.abc import Sequence

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import Irreversible, Step, TableLock
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, ActionKind, Statement
from zdm.model.syntax import Insert
from zdm.parse import mentioned
from zdm.recipes import run_sql
from zdm.recipes.reading import few, refuse, second_run, statements
from zdm.recipes.reading.second_run import Second
from zdm.recipes.run_sql import Owned

SLUG = "insert_rows"


class InsertRows(Struct, frozen=True, kw_only=True):
    """Insert a few rows. `sources`: the tables in use that it reads; `taken`: those whose rows
    it takes, since they are small; `updates`: ON CONFLICT DO UPDATE, `twice`: from the values
    that are there."""

    table: Name
    statement: Statement
    locks: tuple[TableLock, ...]
    second: Second = Second.NOTHING
    sources: tuple[Name, ...] = ()
    taken: tuple[Name, ...] = ()
    updates: bool = False
    twice: bool = False

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"insert rows into {self.table}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """The old version reads the new rows, too."""
        del context
        lines = [
            (
                f"both versions see the new rows of {self.table} at once, and a rollback does"
                " not delete them",
                "make sure that the old version understands them",
            )
        ]
        if self.second is Second.FAILS:
            lines.append(
                (
                    f"after a rollback the rows are still in {self.table}, so a second run may"
                    " fail because their keys are taken",
                    "add ON CONFLICT DO NOTHING, or delete the rows before the second run",
                )
            )
        if self.second is Second.DOUBLES:
            lines.append(
                (
                    f"after a rollback the rows are still in {self.table}, and a second run"
                    " inserts them once more, because no unique index has the values that it"
                    " writes out",
                    "delete the rows before the second run; or write out their keys, with ON"
                    " CONFLICT DO NOTHING",
                )
            )
        if self.sources:
            named = ", ".join(map(str, self.sources))
            lines.append(
                (
                    f"the rows follow from {named} at one moment; for what an application"
                    f" writes there later, {self.table} gets none",
                    "make sure that the new version writes both places, or needs no more rows",
                )
            )
        if self.updates:
            lines.append(
                (
                    f"ON CONFLICT DO UPDATE overwrites rows of {self.table} that both versions"
                    " use, and a rollback does not bring the old values back",
                    "make sure that both versions understand both values",
                )
            )
        if self.twice:
            lines.append(
                (
                    "ON CONFLICT DO UPDATE takes the new values from those that are there, so"
                    f" after a rollback a second run changes rows of {self.table} once more",
                    "set the old values again before a second run; or take the new values from"
                    " EXCLUDED alone",
                )
            )
        return tuple(Hazard(operation=SLUG, message=m, remedy=r) for m, r in lines)

    def choice(self, context: Context) -> Choice:
        """A few rows, once."""
        del context
        return choice.single(
            "run it as written before the rollout, with its journal entry in the transaction",
            because="it inserts few rows, which no second run inserts again",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """The author's statement."""
        owner = Owned(operation=SLUG, origin=context.origin)
        return (
            run_sql.as_authored(
                owner,
                self.statement,
                id=f"{self.table}-insert",
                title=self.title,
                locks=self.locks,
                preconditions=few.still_small(self.taken),
                probe="",  # only the journal shows it
                undo=Irreversible(reason="which rows were inserted is not recorded", rows=True),
                reason="A few rows, in the same transaction as their journal entry.",
            ),
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """An INSERT into a table that was there before the train."""
    action = actions[0]
    fact = statements.fact(action, ActionKind.INSERT)
    if fact is None:
        return None
    table = snapshot.table(fact.table) if fact.table is not None else None
    if table is None:
        return statements.not_of_table(action, fact.table, snapshot)
    says = action.said
    sources = few.sources(action, snapshot)
    if sources is None or not few.inserts(action, snapshot):
        return refuse.refuse(
            action,
            "insert_reads_rows",
            f"this INSERT into {table.name} takes rows that are not known to be few; one"
            " statement would be a long transaction, and batches would insert again what an"
            f" application deletes from {table.name} meanwhile",
            "list the rows in VALUES, or select them by literals of a unique key; or copy them"
            " into a table that this train makes; or, if the tables are small, plan with a"
            " snapshot of an analysed database; or copy the rows when the old version is gone,"
            " with `-- zdm: run in contract -- reason`",
        )
    operation = InsertRows(
        table=table.name,
        statement=action.statement,
        locks=statements.of_author(snapshot, action),
        second=second_run.of_insert(action, table, snapshot),
        taken=few.taken(action, snapshot),
        sources=tuple(t.name for t in sources if not t.created and t.name != table.name),
        updates=isinstance(says, Insert) and says.on_conflict == "update",
        twice=mentioned.updates_again(action),
    )
    return Match(operation=operation, consumed=(0,))
