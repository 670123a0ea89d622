"""INSERT … VALUES into a table in use: a few seed rows, added in EXPAND.

Both versions see them at once. The rows and their journal entry are written in the same
transaction, so they are inserted once, whatever happens. INSERT … SELECT is a copy at one
moment, which misses what the old version writes later, so it is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import Irreversible, Step, TableLock
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Statement
from zdm.model.syntax import Insert
from zdm.recipes import run_sql
from zdm.recipes.reading import insert, refuse, statements
from zdm.recipes.run_sql import Owned

SLUG = "insert_rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertRows:
    """Insert the rows of the VALUES list."""

    table: Name
    statement: Statement
    locks: tuple[TableLock, ...]
    keyed: bool = False  # a second time, their keys would be taken

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
        if self.keyed:
            lines.append(
                (
                    f"after a rollback the rows are still in {self.table}, so a second run may"
                    " fail because their keys are taken",
                    "add ON CONFLICT DO NOTHING, or delete the rows before the second run",
                )
            )
        return tuple(Hazard(operation=SLUG, message=m, remedy=r) for m, r in lines)

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
        return statements.unknown_table(action, fact.table)
    says = action.said
    listed = isinstance(says, Insert) and says.written_out
    if not listed or insert.reads(action, snapshot):
        return refuse.refuse(
            action,
            "insert_reads_rows",
            f"this INSERT into {table.name} copies rows at one moment, and what the old version"
            " writes afterwards is missing from the copy",
            "list the rows in VALUES; or copy them when the old version is gone, with"
            " `-- zdm: run in contract -- reason`",
        )
    if isinstance(says, Insert) and says.on_conflict == "update":
        return refuse.refuse(
            action,
            "insert_updates_rows",
            f"ON CONFLICT DO UPDATE changes rows of {table.name} that both versions use",
            "insert with ON CONFLICT DO NOTHING, and change rows with an UPDATE",
        )
    operation = InsertRows(
        table=table.name,
        statement=action.statement,
        locks=statements.of_author(snapshot, action),
        keyed=isinstance(says, Insert) and not says.on_conflict and _has_key(table),
    )
    return Match(operation=operation, consumed=(0,))


def _has_key(table: Table) -> bool:
    return any(index.unique for index in table.indexes)
