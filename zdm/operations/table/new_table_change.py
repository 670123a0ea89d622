"""Anything that touches only tables which the same train has made: it runs as written.

Such a table is not in use yet, so locks, scans and rewrites on it are harmless, and dropping
it undoes all of it. A foreign key to a table in use takes SHARE ROW EXCLUSIVE on that table.
A few rows are copied from a table in use, and the plan says so; many are left to copy_rows.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import NO_TIMEOUT, Step, TableLock
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Fact, Statement
from zdm.model.syntax import AddColumn, AddConstraint, Insert
from zdm.parse import emit, mentioned
from zdm.parse.emit import Ident, Part, Qualified
from zdm.recipes import run_sql
from zdm.recipes.partition import reached
from zdm.recipes.reading import added, few, insert, refuse, statements, truncates
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes
from zdm.schema import generated_names, lookup

SLUG = "new_table_change"
_DATA = frozenset({ActionKind.INSERT, ActionKind.UPDATE, ActionKind.DELETE})
_MOVES = frozenset({ActionKind.RENAME_TABLE, ActionKind.SET_SCHEMA})


class NewTableChange(Struct, frozen=True, kw_only=True):
    """Run the statement. `sources`: tables in use that it reads; `taken`: those whose rows it
    takes, since they are small."""

    table: Name
    what: str
    statement: Statement
    locks: tuple[TableLock, ...]
    index: Name | None  # of a concurrent build
    moved_to: Name | None
    sources: tuple[Name, ...] = ()
    taken: tuple[Name, ...] = ()
    undo: tuple[str, ...] = ()  # what would keep another new table from being dropped

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"{self.what} on the new table {self.table}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """That a copy is one of a moment."""
        del context
        if not self.sources:
            return ()
        named = ", ".join(map(str, self.sources))
        return (
            Hazard(
                operation=SLUG,
                message=f"the rows of {self.table} follow from {named} at one moment; what an"
                " application writes there afterwards is missing",
                remedy="make sure that the new version writes both places, or copy the rest in"
                " a revision that is planned after this train is contracted",
            ),
        )

    def choice(self, context: Context) -> Choice:
        """Nothing uses the table yet."""
        del context
        return choice.of(
            choice.way(
                "as_written",
                "run it as written",
                self.index is None,
                because="this train makes the table, so nothing waits for a lock on it",
                unless="CONCURRENTLY runs in no transaction, and leaves an INVALID index when"
                " it fails",
                wording="the same without CONCURRENTLY: nothing writes to a new table",
            ),
            choice.way(
                "concurrently",
                "run it outside a transaction, with a repair of the INVALID index",
                self.index is not None,
                Trait.BUILDS,
                because="it says CONCURRENTLY",
                unless="it does not say CONCURRENTLY",
            ),
        )

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
            preconditions=few.still_small(self.taken),
            probe="",  # only the journal shows it
            undo=(*_move_back(self.table, self.moved_to), *self.undo),
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
    if table is None or not table.created or reached.moves(action, table, snapshot):
        return None
    parts = tuple(a for a in actions if a.statement is action.statement)
    if len(parts) != action.count or actions[: len(parts)] != list(parts):
        return None
    refusal = reached.refuses(table, parts, snapshot)
    if refusal is not None:
        return refusal
    others = _read(parts, table, snapshot)
    parents = {name for part in parts for name in _parents(part, snapshot)}
    missing = [parent for parent in sorted(parents) if lookup.is_missing(snapshot, parent)]
    if missing:
        return statements.unknown_table(action, missing[0])
    copied = others - parents
    takes_along = fact.kind is ActionKind.TRUNCATE and _takes_along(action, snapshot)
    if takes_along or (copied and fact.kind not in _DATA):
        return None
    if copied and not _few(action, snapshot):
        return _copied(action, copied)
    operation = NewTableChange(
        table=table.name,
        what=fact.kind.value,
        statement=action.statement,
        locks=statements.of_author(snapshot, *parts),
        index=Name(table.name.schema, fact.name) if fact.concurrently else None,
        moved_to=_moved_to(fact),
        sources=tuple(sorted(copied)),
        taken=_taken(action, copied, snapshot),
        undo=tuple(sql for part in reversed(parts) for sql in _freed(part, table, snapshot)),
    )
    return Match(operation=operation, consumed=tuple(range(len(parts))))


def _read(parts: Sequence[Action], table: Table, snapshot: Snapshot) -> set[Name]:
    """Tables in use that it names."""
    others = {name for part in parts for name in insert.reads(part, snapshot)}
    return {name for name in others - {table.name} if not _created(name, snapshot)}


def _takes_along(action: Action, snapshot: Snapshot) -> bool:
    """Whether CASCADE would empty a table in use."""
    return any(not table.created for table in truncates.reached(action, snapshot))


def _few(action: Action, snapshot: Snapshot) -> bool:
    """Whether the rows that it takes from tables in use are few."""
    if isinstance(action.said, Insert):
        return few.inserts(action, snapshot)
    return few.reads_little(action, snapshot) and not mentioned.draws(action)


def _taken(action: Action, copied: set[Name], snapshot: Snapshot) -> tuple[Name, ...]:
    """Those of the tables that must be small for that."""
    if not isinstance(action.said, Insert):
        return tuple(sorted(copied))
    return tuple(sorted(copied & {*few.taken(action, snapshot)}))


def _created(name: Name, snapshot: Snapshot) -> bool:
    table = snapshot.table(name)
    return table is not None and table.created


def _parents(action: Action, snapshot: Snapshot) -> frozenset[Name]:
    """Tables that a foreign key points at."""
    return frozenset(
        lookup.found(relation, snapshot, action.statement.settings)
        for relation in added.referenced(action)
    )


def _freed(action: Action, table: Table, snapshot: Snapshot) -> Iterator[str]:
    """Takes away what depends on something that the train makes later, which its undo drops
    before this table."""
    fact, said = action.fact, action.said
    if not isinstance(fact, Fact):
        return
    parts: dict[str, Part] = {"t": Qualified(table.name), "n": Ident(fact.name)}
    refers = any(n != table.name and _created(n, snapshot) for n in _parents(action, snapshot))
    if isinstance(said, AddConstraint) and refers:
        columns = said.constraint.columns
        name = said.constraint.name
        name = name or generated_names.free(snapshot, table.name, columns, "fkey")
        parts["n"] = Ident(name)
        yield emit.sql("ALTER TABLE IF EXISTS {t} DROP CONSTRAINT IF EXISTS {n}", **parts)
    elif isinstance(said, AddColumn) and (refers or any(t.created for t in snapshot.types)):
        yield emit.sql("ALTER TABLE IF EXISTS {t} DROP COLUMN IF EXISTS {n}", **parts)
    elif fact.kind is ActionKind.CREATE_TRIGGER:
        yield emit.sql("DROP TRIGGER IF EXISTS {n} ON {t}", **parts)


def _copied(action: Action, others: set[Name]) -> Refusal:
    named = ", ".join(str(name) for name in sorted(others))
    return refuse.refuse(
        action,
        "copies_rows",
        f"this statement copies rows of {named}, which are not known to be few, at one"
        " moment, and what the old version writes there afterwards is missing from the copy",
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
    """The undo of CREATE TABLE must find the table under its first name, unless that of another
    one has dropped it by then, as a partition."""
    if moved_to is None:
        return ()
    parts: dict[str, Part] = {"t": Qualified(moved_to)}
    if moved_to.schema == table.schema:
        return (
            emit.sql("ALTER TABLE IF EXISTS {t} RENAME TO {n}", n=Ident(table.name), **parts),
        )
    return (
        emit.sql("ALTER TABLE IF EXISTS {t} SET SCHEMA {n}", n=Ident(table.schema), **parts),
    )
