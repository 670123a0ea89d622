"""A Plan: phases and steps as plain data that can be printed, diffed, stored and replayed.

The plan carries all that the executor needs: probes, repairs, undo, locks and served
versions are data in the step, so the executor has no code for any operation.
"""

from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Literal

from msgspec import Struct

from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.schema import Name
from zdm.model.statement import Setting, Source, SourceFile, Stamp, Statement

FORMAT = 1

LOCK_TIMEOUT = timedelta(milliseconds=200)  # queued DDL blocks every later query on the table
NO_TIMEOUT = timedelta(
    0
)  # VALIDATE scans; CONCURRENTLY under a timeout leaves an INVALID index
NAMED_ROWS = 10  # of those that are in the way of a step
STATEMENT_TIMEOUT = timedelta(seconds=15)  # catalog-only DDL needs milliseconds


class Phase(StrEnum):
    """A part of a plan, in the order of execution."""

    EXPAND = "expand"
    BACKFILL = "backfill"
    VALIDATE = "validate"
    SWITCH = "switch"
    ROLLOUT = "rollout"
    CONTRACT = "contract"
    DROP = "drop"

    @property
    def position(self) -> int:
        """Its place in the order, from 0."""
        return _POSITIONS[self]


_POSITIONS = {phase: position for position, phase in enumerate(Phase)}


class Side(StrEnum):
    """An application version, seen from the plan: before or after the change."""

    OLD = "old"
    NEW = "new"


BOTH = frozenset({Side.OLD, Side.NEW})
OLD_ONLY = frozenset({Side.OLD})
NEW_ONLY = frozenset({Side.NEW})


class TableLock(Struct, frozen=True, kw_only=True, order=True):
    """The strongest lock a step takes on one table that exists before the step."""

    table: Name
    mode: LockMode


class EnumLabel(Struct, frozen=True, kw_only=True, order=True):
    """A label of an enum type."""

    type: Name
    label: str


class Irreversible(Struct, frozen=True, kw_only=True):
    """This step cannot be undone, and why. `rows`: it leaves the schema as it was, so a
    rollback continues without it, and the rows stay as they are. `label`: so it does, and an
    enum label stays that no row has."""

    reason: str
    rows: bool = False
    label: EnumLabel | None = None

    @property
    def harmless(self) -> bool:
        """Whether a rollback continues without it."""
        return self.rows or self.label is not None


class Check(Struct, frozen=True, kw_only=True):
    """A query that returns one row with one boolean, true where it holds.

    `failure` says what a false answer means, `hint` what to do about it. `rows` is a query for
    the rows in the way, each as one text by its key, some more than are named.
    `early`: it is asked before the point of no return, too; `start`: and before the run begins.
    """

    sql: str
    failure: str
    hint: str = ""
    rows: str = ""
    early: Literal["", "contract", "start"] = ""


class Cost(Struct, frozen=True, kw_only=True):
    """What a step costs, estimated from the Snapshot; None where nothing is known."""

    rows: int | None = None  # rows that are written, or read by a scan
    written_bytes: int | None = None  # heap and index bytes written
    wal_bytes: int | None = None
    scan: bool = False  # reads the whole table


class Claim(StrEnum):
    """What a step claims about its statements."""

    LOCKS = "locks"
    SCAN = "scan"
    REWRITE = "rewrite"


# The claims of a statement that runs as written: what its verification saw.
OBSERVED = ("locks", "rewrites", "unknown", "breaks")


class RunSql(Struct, frozen=True, kw_only=True):
    """Statements that run together.

    `sql` is one transaction, unless in_transaction is False (then exactly one statement).
    `probe` is a catalog query that returns one text: `done`, `not done` or `half done`;
    after a run it must say `done` (the postcondition); empty: the catalog does not show it,
    only the journal does, as it does where the probe says `as recorded`. `repair` leads from
    half done to not done, or to done, and runs outside a transaction. `undo` runs in one
    transaction like `sql`, unless in_transaction is False; before it, rows are restored in the
    batches of `restore`, and `undo_checks` must hold; behind it, each of `undo_proof` runs in a
    transaction of its own, without statement timeout.
    `serves`: the versions that work once this step is done.
    `as_written` is what its author vouches for, with claims that a replay observed; `unknown`
    are those that it does not make. `privileged`: it needs superuser, so that no shadow runs
    it. `breaks` are writes of an application that failed after it on the shadow.
    """

    RECORDED: ClassVar = "as recorded"  # by a probe: nothing is half done

    id: str
    operation: str  # slug of the operation, or `stamp`
    phase: Phase
    title: str
    sql: tuple[str, ...]
    locks: tuple[TableLock, ...]
    lock_timeout: timedelta
    statement_timeout: timedelta
    in_transaction: bool = True
    settings: tuple[Setting, ...] = ()
    preconditions: tuple[Check, ...] = ()
    probe: str
    repair: tuple[str, ...] = ()
    undo: tuple[str, ...] | Irreversible
    undo_checks: tuple[Check, ...] = ()
    undo_proof: tuple[str, ...] = ()
    restore: "Backfill | None" = None
    rewrites: tuple[Name, ...] = ()  # tables and indexes whose files are rewritten
    as_written: bool = False
    unknown: tuple[Claim, ...] = ()
    privileged: bool = False
    breaks: tuple[str, ...] = ()
    serves: frozenset[Side]
    reason: str
    origin: tuple[Source, ...]
    cost: Cost = Cost()
    kind: Literal["sql"] = "sql"


class Assignment(Struct, frozen=True, kw_only=True):
    """One column that a backfill sets, and the expression it is set to."""

    column: str
    expression: str


class Copy(Struct, frozen=True, kw_only=True):
    """Where a backfill inserts rows that it makes of those that it walks. `sql`: an INSERT that
    reads them under the name `zdm_rows`; `unique`: by a unique key it knows which rows are
    there; `locks`: those of it on tables in use."""

    table: Name
    columns: tuple[str, ...]
    sql: str
    unique: bool = True
    locks: tuple[TableLock, ...] = ()

    def of(self, rows: str) -> str:
        """The statement for the rows that a query gives."""
        return f"WITH zdm_rows AS ({rows})\n{self.sql}"


class Backfill(Struct, frozen=True, kw_only=True):
    """Many rows changed in batches, each in its own transaction with its checkpoint; without
    assignments they are deleted, or copied.

    A row differs, and must be written, where `differs` is true; the expressions and
    `differs` refer to the table's columns by bare quoted names. Verified when no row
    differs. `key` walks the table; empty means by ctid pages. `synced`: a trigger keeps the
    columns in sync until the contract, so a row that differs later is a fault; `mismatch` is
    true where neither column follows from the other, and empty where `differs` says so.
    `sources`: other tables in use that its batches read.
    """

    id: str
    operation: str
    phase: Phase
    title: str
    table: Name
    key: tuple[str, ...]
    assignments: tuple[Assignment, ...]
    differs: str
    synced: bool = False
    mismatch: str = ""
    sources: tuple[Name, ...] = ()
    copy: Copy | None = None
    settings: tuple[Setting, ...] = ()
    preconditions: tuple[Check, ...] = ()
    undo: tuple[str, ...] | Irreversible
    serves: frozenset[Side]
    reason: str
    origin: tuple[Source, ...]
    cost: Cost = Cost()
    kind: Literal["backfill"] = "backfill"

    @property
    def deletes(self) -> bool:
        """Whether its rows are deleted."""
        return not self.assignments and self.copy is None

    @property
    def locks(self) -> tuple[TableLock, ...]:
        """ROW EXCLUSIVE, as every UPDATE and DELETE; of what it reads ACCESS SHARE. A
        copy has its own."""
        if self.copy is not None:
            return self.copy.locks
        read = [TableLock(table=name, mode=LockMode.ACCESS_SHARE) for name in self.sources]
        own = TableLock(table=self.table, mode=LockMode.ROW_EXCLUSIVE)
        return tuple(sorted([own, *read]))


class AwaitRollout(Struct, frozen=True, kw_only=True):
    """The new version is deployed, and the step ends when no old one is left."""

    id: str
    title: str
    reason: str
    serves: frozenset[Side] = NEW_ONLY  # what may still run when the step is done
    operation: str = "rollout"
    phase: Phase = Phase.ROLLOUT
    origin: tuple[Source, ...] = ()
    cost: Cost = Cost()
    kind: Literal["rollout"] = "rollout"

    @property
    def locks(self) -> tuple[TableLock, ...]:
        """None."""
        return ()


Step = RunSql | Backfill | AwaitRollout


class OperationSummary(Struct, frozen=True, kw_only=True):
    """What the train means, one line per operation, in the plan's head."""

    slug: str
    title: str
    origin: tuple[Source, ...]


class Plan(Struct, frozen=True, kw_only=True):
    """A train of changes, split into steps, pinned to its sources and its start.

    `fingerprint` is the schema fingerprint the plan starts from; `server_major` the
    PostgreSQL major version it was made for. `statements` are the author's, as recorded, and
    `search_path` is where their names were looked up.
    """

    name: str
    server_major: int
    fingerprint: str
    files: tuple[SourceFile, ...]
    stamp: Stamp | None
    operations: tuple[OperationSummary, ...]
    hazards: tuple[Hazard, ...]
    notes: tuple[str, ...]
    steps: tuple[Step, ...]
    statements: tuple[Statement, ...]
    search_path: tuple[str, ...] = ("public",)
    format: int = FORMAT

    @property
    def point_of_no_return(self) -> str | None:
        """The id of the first step from which there is no way back, if there is one.

        A backfill's lost old values do not count: both versions still work.
        """
        for step in self.steps:
            if isinstance(step, AwaitRollout) or step.phase.position < Phase.ROLLOUT.position:
                continue
            if isinstance(step.undo, Irreversible) and not step.undo.rows:
                return step.id
        return None

    @property
    def labels(self) -> tuple[EnumLabel, ...]:
        """Enum labels that stay after a rollback, and that the plan may meet at its start."""
        undos = [step.undo for step in self.steps if isinstance(step, RunSql)]
        return tuple(u.label for u in undos if isinstance(u, Irreversible) and u.label)

    @property
    def makes_version_table(self) -> bool:
        """Whether its stamp begins with Alembic's version table, which the database lacks."""
        return len([step for step in self.steps if step.operation == "stamp"]) > 1

    @property
    def first_to_stay(self) -> str | None:
        """The id of the first step of SQL without undo: a rollback leaves it to the operator
        before the rollout, and is refused after it."""
        for step in self.steps:
            undo = None if isinstance(step, AwaitRollout) else step.undo
            stays = isinstance(undo, Irreversible) and not undo.harmless
            if stays or step.id == self.point_of_no_return:
                return step.id
        return None
