"""Storage parameters and attributes that no statement of an application sees.

SET and RESET of storage parameters, SET STATISTICS, STORAGE, COMPRESSION and (n_distinct) of a
column, CLUSTER ON, REPLICA IDENTITY: only the catalog changes, for rows that are written later
(manual, ALTER TABLE; measured 14, 18). Most take SHARE UPDATE EXCLUSIVE, the others ACCESS
EXCLUSIVE for milliseconds. Each sub-command is a step of its own with its own undo. SET LOGGED,
UNLOGGED, TABLESPACE and ACCESS METHOD rewrite the table under ACCESS EXCLUSIVE.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.commands import AlterTable, Change
from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, Phase, Step, TableLock
from zdm.model.schema import Column, Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Setting
from zdm.parse import emit
from zdm.parse.emit import Ident, Qualified
from zdm.parse.objects import settings
from zdm.recipes import run_sql
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned
from zdm.schema import lookup, replication
from zdm.schema.apply import apply
from zdm.schema.effects import settings as effects

SLUG = "change_settings"
_REWRITES = {
    Change.SET_LOGGED: "SET LOGGED",
    Change.SET_UNLOGGED: "SET UNLOGGED",
    Change.SET_TABLESPACE: "SET TABLESPACE",
    Change.SET_ACCESS_METHOD: "SET ACCESS METHOD",
}
_WORDS = {
    Change.SET_OPTIONS: "storage parameters",
    Change.SET_STATISTICS: "statistics target",
    Change.SET_STORAGE: "storage",
    Change.SET_COMPRESSION: "compression",
    Change.SET_COLUMN_OPTIONS: "options",
    Change.CLUSTER_ON: "index for CLUSTER",
    Change.REPLICA_IDENTITY: "replica identity",
}
_STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "x": "EXTENDED", "m": "MAIN"}
_COMPRESSION = {"p": "pglz", "l": "lz4"}
_STORAGE_DEFAULT = 16  # the first version with SET STORAGE DEFAULT
_EXTENDED = frozenset({"text", "character varying", "bytea", "json", "jsonb", "character"})
_IN_A_WINDOW = (
    "in a maintenance window, with `-- zdm: run in expand -- reason`, and with a lock_timeout"
)


class ChangeSettings(Struct, frozen=True, kw_only=True):
    """Change one of them."""

    table: Name
    change: Change
    column: str
    sql: str
    undo: tuple[str, ...]
    locks: tuple[TableLock, ...]
    settings: tuple[Setting, ...]
    logs_rows: bool = False  # REPLICA IDENTITY FULL of a published table

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        where = f"{self.table}.{self.column}" if self.column else str(self.table)
        return f"change the {_WORDS[self.change]} of {where}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """What logical replication costs with whole rows."""
        del context
        if not self.logs_rows:
            return ()
        return (
            Hazard(
                operation=SLUG,
                message=f"each UPDATE and DELETE of {self.table} writes the whole old row to"
                " the WAL, and a subscriber without a fitting index reads its table for each",
                remedy="use REPLICA IDENTITY USING INDEX where the table has a unique index on"
                " columns that are NOT NULL",
            ),
        )

    def choice(self, context: Context) -> Choice:
        """No statement sees it."""
        del context
        return choice.single(
            "change the catalog alone before the rollout",
            because="no statement of an application depends on it",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step."""
        return (
            run_sql.short_transaction(
                Owned(operation=SLUG, origin=context.origin),
                id="-".join(
                    p for p in (str(self.table), self.column, self.change.value) if p
                ).replace(" ", "-"),
                phase=Phase.EXPAND,
                title=self.title,
                sql=(self.sql,),
                locks=self.locks,
                settings=self.settings,
                probe="",  # only the journal shows it; a second time it changes nothing
                undo=self.undo,
                serves=BOTH,
                reason="Only the catalog changes, and no statement of an application depends"
                " on it.",
            ),
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """One of these sub-commands of ALTER TABLE, on a table in use."""
    action, said = actions[0], actions[0].said
    fact = statements.fact(action, ActionKind.ALTER_TABLE_OTHER)
    if fact is None or not isinstance(said, AlterTable):
        return None
    table = lookup.table_of(snapshot, action)
    if table is None or table.created:
        return None
    if said.change in _REWRITES:
        return _rewriting(action, table, said)
    if said.change in (Change.SET_EXPRESSION, Change.DROP_EXPRESSION):
        return _of_expression(action, table, said)
    if said.change not in _WORDS:
        return None
    problem = _problem(action, table, said, snapshot)
    if problem is not None:
        return refuse.refuse(action, "settings_cannot_be_changed", *problem)
    operation = ChangeSettings(
        table=table.name,
        change=said.change,
        column=said.name if said.change in _OF_COLUMNS else "",
        sql=settings.written(settings.of(action), table.name, only=fact.only),
        undo=tuple(_undo(action, table, said, snapshot)),
        locks=statements.of_author(snapshot, action),
        settings=action.statement.settings,
        logs_rows=said.identity == "full" and bool(replication.publishers(table, snapshot)),
    )
    return Match(operation=operation, consumed=(0,))


_OF_COLUMNS = frozenset(
    {
        Change.SET_STATISTICS,
        Change.SET_STORAGE,
        Change.SET_COMPRESSION,
        Change.SET_COLUMN_OPTIONS,
    }
)


def _rewriting(action: Action, table: Table, said: AlterTable) -> Refusal:
    words = _REWRITES[said.change]
    loses = (
        "; an unlogged table is empty after a crash, and no standby has its rows"
        if said.change is Change.SET_UNLOGGED
        else ""
    )
    return refuse.refuse(
        action,
        "table_rewritten",
        f"{words} copies {table.name} under ACCESS EXCLUSIVE, so reads and writes would wait"
        f" for all of it{loses}",
        _IN_A_WINDOW,
    )


def _of_expression(action: Action, table: Table, said: AlterTable) -> Match | Refusal | None:
    """Of a generated column; without one, the server refuses SET and may pass over DROP."""
    column = table.column(said.name)
    if column is None:
        return statements.unknown_column(action, table.name, said.name)
    problem = _expression_problem(table, column, said)
    return refuse.refuse(action, "expression_cannot_be_changed", *problem)


def _expression_problem(table: Table, column: Column, said: AlterTable) -> tuple[str, str]:
    name = f"{table.name}.{column.name}"
    if not column.generated:
        return (
            f"{name} is no generated column, so this statement fails or changes nothing",
            "remove the statement",
        )
    if said.change is Change.DROP_EXPRESSION:
        return (
            f"without its expression nothing computes {name}: rows of the old version have NULL"
            " or a stale value in it, while with it every write of the new one to it fails",
            "let the new version write the column only after the contract, and put"
            " `-- zdm: run in contract -- reason` above it",
        )
    if column.generated == "stored":
        return (
            f"another expression of {name} rewrites {table.name} under ACCESS EXCLUSIVE, so"
            " reads and writes would wait for all of it",
            "add a generated column of another name that is VIRTUAL (PostgreSQL 18) or that a"
            " trigger computes, and drop this one in a later release; or run it in a"
            " maintenance window, under `-- zdm: run in expand -- reason`",
        )
    return (
        f"from this statement on, both versions read other values in {name}, at once",
        "if the old version can read the new values, put `-- zdm: run in expand -- reason`"
        " above it; if not, add a column of another name, and drop this one in a later release",
    )


def _problem(
    action: Action, table: Table, said: AlterTable, snapshot: Snapshot
) -> tuple[str, str] | None:
    if said.change in _OF_COLUMNS and table.column(said.name) is None:
        return (
            f"{table.name} has no column {said.name}, so this statement would fail",
            "correct the name, or make a new snapshot of the database",
        )
    if said.change is Change.SET_OPTIONS and table.kind == "partitioned table":
        return (
            f"{table.name} is partitioned and has no rows of its own, so this statement would"
            " fail",
            "set it on each partition",
        )
    if any(name.startswith("toast.") for name in settings.options(settings.of(action))):
        return (
            "zdm does not know what parameters the TOAST table has now, so it cannot undo this",
            "put `-- zdm: run in expand -- reason` above it",
        )
    if said.change is Change.SET_STORAGE and _former_storage(table, said, snapshot) is None:
        return (
            f"zdm does not know the storage that {table.name}.{said.name} has by its type, so"
            " it cannot undo this",
            "put `-- zdm: run in expand -- reason` above it",
        )
    if said.change in (Change.CLUSTER_ON, Change.REPLICA_IDENTITY):
        return _index_problem(action, table, said, snapshot)
    return None


def _index_problem(
    action: Action, table: Table, said: AlterTable, snapshot: Snapshot
) -> tuple[str, str] | None:
    index = next((i for i in table.indexes if i.name == said.name), None)
    if said.name and index is None:
        return (
            f"{table.name} has no index {said.name}, so this statement would fail",
            "correct the name, or make a new snapshot of the database",
        )
    if said.change is not Change.REPLICA_IDENTITY:
        return None
    if index is not None and not _identifies(table, index.keys, unique=index.unique):
        return (
            f"{index.name} does not identify every row: it must be unique, over columns that"
            " are NOT NULL, without expressions and WHERE",
            "use an index that does, or REPLICA IDENTITY FULL",
        )
    after = apply(snapshot, action).require_table(table.name)
    if replication.takes_updates(table, snapshot) and not replication.takes_updates(
        after, snapshot
    ):
        return (
            f"{table.name} is published, and without a replica identity every UPDATE and DELETE"
            " of it fails (55000)",
            "take it out of the publication first, or use REPLICA IDENTITY FULL",
        )
    if replication.misfits(after, snapshot) and not replication.misfits(table, snapshot):
        return (
            f"a publication of {table.name} has a list of columns, a row filter or generated"
            " columns that do not fit this replica identity, so every UPDATE and DELETE of it"
            " fails (55000)",
            "use a replica identity whose columns the list holds; or take the table out of the"
            " publication first",
        )
    return None


def _identifies(table: Table, keys: tuple[str | None, ...], *, unique: bool) -> bool:
    columns = [table.column(key) if key is not None else None for key in keys]
    return unique and all(c is not None and c.not_null for c in columns)


def _undo(action: Action, table: Table, said: AlterTable, snapshot: Snapshot) -> Iterator[str]:
    match said.change:
        case Change.SET_OPTIONS:
            for command in settings.back(settings.of(action), table.options):
                yield settings.written(command, table.name, only=True)
        case Change.CLUSTER_ON:
            yield _clustered(table)
        case Change.REPLICA_IDENTITY:
            yield _identity(table)
        case _:
            for one in effects.touched(table, said, action, snapshot):
                column = one.require_column(said.name)
                for command in _back(action, column, said, snapshot):
                    yield settings.written(command, one.name, only=True)


def _clustered(table: Table) -> str:
    index = next((i.name for i in table.indexes if i.clustered), None)
    if index is None:
        return emit.sql("ALTER TABLE {t} SET WITHOUT CLUSTER", t=Qualified(table.name))
    return emit.sql("ALTER TABLE {t} CLUSTER ON {i}", t=Qualified(table.name), i=Ident(index))


def _identity(table: Table) -> str:
    start = "ALTER TABLE {t} REPLICA IDENTITY "
    index = next((i.name for i in table.indexes if i.replica_identity), None)
    if index is not None:
        return emit.sql(start + "USING INDEX {i}", t=Qualified(table.name), i=Ident(index))
    word = {"full": "FULL", "nothing": "NOTHING"}.get(table.replica_identity, "DEFAULT")
    return emit.sql(start + word, t=Qualified(table.name))


def _back(
    action: Action, column: Column, said: AlterTable, snapshot: Snapshot
) -> tuple[settings.Command, ...]:
    """The sub-commands that give the column its former attribute."""
    if said.change is Change.SET_COLUMN_OPTIONS:
        return settings.back(settings.of(action), column.options)
    if said.change is Change.SET_STATISTICS:
        former = -1 if column.statistics is None else column.statistics
        return (settings.with_word(settings.of(action), str(former)),)
    if said.change is Change.SET_COMPRESSION:
        return (
            settings.with_word(
                settings.of(action), _COMPRESSION.get(column.compression or "", "default")
            ),
        )
    return (settings.with_word(settings.of(action), _storage(column, snapshot) or "default"),)


def _former_storage(table: Table, said: AlterTable, snapshot: Snapshot) -> str | None:
    column = table.column(said.name)
    return None if column is None else _storage(column, snapshot)


def _storage(column: Column, snapshot: Snapshot) -> str | None:
    """Its storage as SET STORAGE says it; None: not known."""
    if column.storage is not None:
        return _STORAGE[column.storage]
    if snapshot.major >= _STORAGE_DEFAULT:
        return "default"
    extended = column.type.partition("(")[0] in _EXTENDED or column.type.endswith("[]")
    return "EXTENDED" if extended else None
