"""Anything that touches only tables which the same train has made: it runs as written.

Such a table is not in use yet, so locks, scans and rewrites on it are harmless, and dropping
it undoes all of it. A foreign key to a table in use takes SHARE ROW EXCLUSIVE on that table.
Rows must not be copied from a table in use: what the old version writes there afterwards
would be missing from the copy.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import NO_TIMEOUT, Step, TableLock
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, ActionKind, Fact, Statement
from zdm.parse import emit
from zdm.parse.emit import Ident, Part, Qualified
from zdm.recipes import run_sql
from zdm.recipes.reading import added, insert, refuse, statements
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes
from zdm.schema import lookup

SLUG = "new_table_change"
_DATA = frozenset({ActionKind.INSERT, ActionKind.UPDATE, ActionKind.DELETE})
_MOVES = frozenset({ActionKind.RENAME_TABLE, ActionKind.SET_SCHEMA})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTableChange:
    """Run the statement."""

    table: Name
    what: str
    statement: Statement
    locks: tuple[TableLock, ...]
    index: Name | None  # of a concurrent build
    moved_to: Name | None

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"{self.what} on the new table {self.table}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """None."""
        del context
        return ()

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """The author's statement."""
        word = self.what.replace(" ", "-")
        owner = Owned(operation=SLUG, origin=context.origin)
        step = run_sql.as_authored(
            owner,
            self.statement,
            id=f"{self.table}-{word}",
            title=self.title,
            locks=self.locks,
            probe="",  # only the journal shows it
            undo=_move_back(self.table, self.moved_to),
            reason="This train creates the table, so it is not in use yet.",
        )
        if self.index is not None:
            drop = emit.sql("DROP INDEX CONCURRENTLY IF EXISTS {i}", i=Qualified(self.index))
            valid = probes.index_valid(self.index)
            there = probes.relation(self.index)
            step = replace(
                step,
                lock_timeout=NO_TIMEOUT,
                statement_timeout=NO_TIMEOUT,
                in_transaction=False,
                probe=probes.probe(valid, there),
                repair=(drop,),
            )
        return (step,)


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A statement whose tables are all made by the train."""
    action = actions[0]
    fact = action.fact
    if not isinstance(fact, Fact) or fact.table is None or fact.kind is ActionKind.CREATE_TABLE:
        return None
    table = snapshot.table(fact.table)
    if table is None or not table.created:
        return None
    parts = tuple(a for a in actions if a.statement is action.statement)
    if len(parts) != action.count or actions[: len(parts)] != list(parts):
        return None
    others = {name for part in parts for name in insert.reads(part, snapshot)}
    others = {name for name in others - {table.name} if not _created(name, snapshot)}
    parents = {name for part in parts for name in _parents(part, snapshot)}
    if others - parents:
        return _copied(action, others - parents) if fact.kind in _DATA else None
    operation = NewTableChange(
        table=table.name,
        what=fact.kind.value,
        statement=action.statement,
        locks=statements.of_author(snapshot, *parts),
        index=Name(table.name.schema, fact.name) if fact.concurrently else None,
        moved_to=_moved_to(fact),
    )
    return Match(operation=operation, consumed=tuple(range(len(parts))))


def _created(name: Name, snapshot: Snapshot) -> bool:
    table = snapshot.table(name)
    return table is not None and table.created


def _parents(action: Action, snapshot: Snapshot) -> frozenset[Name]:
    """Tables that a foreign key points at."""
    return frozenset(
        lookup.found(relation, snapshot, action.statement.settings)
        for relation in added.referenced(action)
    )


def _copied(action: Action, others: set[Name]) -> Refusal:
    named = ", ".join(str(name) for name in sorted(others))
    return refuse.refuse(
        action,
        "copies_rows",
        f"this statement copies rows of {named} at one moment, and what the old version writes"
        " there afterwards is missing from the copy",
        "copy them when the old version is gone, with `-- zdm: run in contract -- reason`; or"
        " let the new version write both tables first",
    )


def _moved_to(fact: Fact) -> Name | None:
    if fact.table is None or fact.kind not in _MOVES:
        return None
    if fact.kind is ActionKind.RENAME_TABLE:
        return Name(fact.table.schema, fact.new_name)
    return Name(fact.new_name, fact.table.name)


def _move_back(table: Name, moved_to: Name | None) -> tuple[str, ...]:
    """The undo of CREATE TABLE must find the table under its first name."""
    if moved_to is None:
        return ()
    parts: dict[str, Part] = {"t": Qualified(moved_to)}
    if moved_to.schema == table.schema:
        return (emit.sql("ALTER TABLE {t} RENAME TO {n}", n=Ident(table.name), **parts),)
    return (emit.sql("ALTER TABLE {t} SET SCHEMA {n}", n=Ident(table.schema), **parts),)
