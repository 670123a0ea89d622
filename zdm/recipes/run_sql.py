"""How a step that runs SQL waits for its lock, and how long it may hold it: by kind of work.

Queued DDL blocks every later query on its table, so all but CONCURRENTLY give up soon and are
tried again (manual, chapter 13.3); what reads a whole table under a lock that lets reads and
writes pass may run as long as it needs.
"""

from datetime import timedelta
from typing import NotRequired, Protocol, TypedDict, Unpack

from msgspec import Struct

from zdm.model.plan import (
    BOTH,
    LOCK_TIMEOUT,
    NO_TIMEOUT,
    STATEMENT_TIMEOUT,
    Backfill,
    Check,
    Cost,
    Irreversible,
    Phase,
    RunSql,
    Side,
    TableLock,
)
from zdm.model.statement import Setting, Source, Statement

_MS = timedelta(milliseconds=1)
_SHORTEST = timedelta(milliseconds=20)


class Owner(Protocol):
    """Whose step it is: a Site, or an Owned where there is no table to work on."""

    @property
    def operation(self) -> str:
        """The operation's slug."""

    @property
    def origin(self) -> tuple[Source, ...]:
        """Where the author wrote it."""


class Owned(Struct, frozen=True, kw_only=True):
    """An operation without a table that exists before it."""

    operation: str
    origin: tuple[Source, ...]


class Work(TypedDict):
    """What a step does; the fields of RunSql that its kind does not decide."""

    id: str
    phase: Phase
    title: str
    sql: tuple[str, ...]
    locks: tuple[TableLock, ...]
    settings: NotRequired[tuple[Setting, ...]]
    preconditions: NotRequired[tuple[Check, ...]]
    probe: str
    repair: NotRequired[tuple[str, ...]]
    undo: tuple[str, ...] | Irreversible
    undo_checks: NotRequired[tuple[Check, ...]]
    undo_proof: NotRequired[tuple[str, ...]]
    restore: NotRequired[Backfill]
    serves: frozenset[Side]
    reason: str
    cost: NotRequired[Cost]


class Authored(TypedDict):
    """What the author's own statement does, before the rollout."""

    id: str
    title: str
    locks: tuple[TableLock, ...]
    preconditions: NotRequired[tuple[Check, ...]]
    probe: str
    undo: tuple[str, ...] | Irreversible
    undo_checks: NotRequired[tuple[Check, ...]]
    reason: str


def short_transaction(owner: Owner, **work: Unpack[Work]) -> RunSql:
    """One transaction of milliseconds: the catalog, or a few rows."""
    return RunSql(
        operation=owner.operation,
        origin=owner.origin,
        lock_timeout=LOCK_TIMEOUT,
        statement_timeout=STATEMENT_TIMEOUT,
        **work,
    )


def foreign_key_change(owner: Owner, **work: Unpack[Work]) -> RunSql:
    """The same on two tables: the lock timeout counts for each of the two waits."""
    return RunSql(
        operation=owner.operation,
        origin=owner.origin,
        lock_timeout=LOCK_TIMEOUT / 2,
        statement_timeout=STATEMENT_TIMEOUT,
        **work,
    )


def wait_of_each(tables: int) -> timedelta:
    """The lock timeout of what locks several tables: it counts for each wait, and the tables
    that are locked already wait along."""
    return max(LOCK_TIMEOUT // tables // _MS * _MS, _SHORTEST)


def full_scan(owner: Owner, **work: Unpack[Work]) -> RunSql:
    """One transaction that reads a whole table while reads and writes continue."""
    return RunSql(
        operation=owner.operation,
        origin=owner.origin,
        lock_timeout=LOCK_TIMEOUT,
        statement_timeout=NO_TIMEOUT,
        **work,
    )


def concurrently(owner: Owner, **work: Unpack[Work]) -> RunSql:
    """One CONCURRENTLY outside a transaction; a timeout would leave an INVALID index."""
    return RunSql(
        operation=owner.operation,
        origin=owner.origin,
        lock_timeout=NO_TIMEOUT,
        statement_timeout=NO_TIMEOUT,
        in_transaction=False,
        **work,
    )


def as_authored(owner: Owner, statement: Statement, **work: Unpack[Authored]) -> RunSql:
    """The author's text, byte for byte, under the settings in force where it was written."""
    return RunSql(
        operation=owner.operation,
        origin=owner.origin,
        phase=Phase.EXPAND,
        sql=(statement.sql,),
        lock_timeout=LOCK_TIMEOUT,
        statement_timeout=STATEMENT_TIMEOUT,
        settings=statement.settings,
        serves=BOTH,
        **work,
    )
