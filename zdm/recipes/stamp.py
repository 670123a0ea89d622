"""Move Alembic's version table to the heads that the train represents.

One transaction with its journal row, with a probe, so that the stamp and the run's state
cannot drift apart; undone, the heads are those of the start. Where there is no version table
yet, a separate step creates it as Alembic does.
"""

from zdm.model.locks import LockMode
from zdm.model.plan import (
    BOTH,
    Check,
    Phase,
    RunSql,
    TableLock,
)
from zdm.model.schema import Snapshot
from zdm.model.statement import Stamp
from zdm.parse import emit
from zdm.parse.emit import Constant, Expression, Ident, Qualified
from zdm.recipes import run_sql
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes

SLUG = "stamp"
_OWNER = Owned(operation=SLUG, origin=())


def steps(stamp: Stamp, snapshot: Snapshot, phase: Phase) -> tuple[RunSql, ...]:
    """The stamp, and before it the version table if the database has none."""
    if stamp.from_heads or snapshot.version_table is not None:
        lock = TableLock(table=stamp.table, mode=LockMode.ROW_EXCLUSIVE)
        return (_move(stamp, phase, lock),)
    return (_make_table(stamp, phase), _move(stamp, phase))


def _make_table(stamp: Stamp, phase: Phase) -> RunSql:
    table = Qualified(stamp.table)
    return run_sql.short_transaction(
        _OWNER,
        id="version-table",
        phase=phase,
        title=f"create Alembic's version table {stamp.table}",
        sql=(
            emit.sql(
                "CREATE TABLE IF NOT EXISTS {t} (version_num varchar(32) NOT NULL,"
                " CONSTRAINT {k} PRIMARY KEY (version_num))",
                t=table,
                k=Ident(f"{stamp.table.name}_pkc"),
            ),
        ),
        locks=(),
        probe=probes.probe(probes.relation(stamp.table)),
        undo=(emit.sql("DROP TABLE IF EXISTS {t}", t=table),),
        serves=BOTH,
        reason="The database has no version table yet; it is created as Alembic does.",
    )


def _move(stamp: Stamp, phase: Phase, *locks: TableLock) -> RunSql:
    """`locks`: none on a table that the plan makes."""
    words = " ".join([*(stamp.from_heads or ("base",)), "to", *(stamp.to_heads or ("base",))])
    return run_sql.short_transaction(
        _OWNER,
        id=f"stamp-{stamp.table}",
        phase=phase,
        title=f"stamp {stamp.table} from {words}",
        sql=_moves(stamp, stamp.from_heads, stamp.to_heads),
        locks=locks,
        preconditions=(
            Check(
                sql=_heads_are(stamp, stamp.from_heads),
                failure=f"{stamp.table} does not hold the heads that the plan starts from",
                hint="make a new plan against the current database",
            ),
        ),
        probe=probes.probe(_heads_are(stamp, stamp.to_heads)),
        undo=_moves(stamp, stamp.to_heads, stamp.from_heads),
        serves=BOTH,
        reason="New code checks the version table; the journal row is in the same transaction,"
        " so the two cannot differ.",
    )


def _moves(stamp: Stamp, old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    gone = [
        emit.sql(
            "DELETE FROM {t} WHERE version_num = {v}",
            t=Qualified(stamp.table),
            v=Constant(head),
        )
        for head in sorted(set(old) - set(new))
    ]
    come = [
        emit.sql(
            "INSERT INTO {t} (version_num) VALUES ({v})",
            t=Qualified(stamp.table),
            v=Constant(head),
        )
        for head in sorted(set(new) - set(old))
    ]
    return (*gone, *come)


def _heads_are(stamp: Stamp, heads: tuple[str, ...]) -> str:
    if not heads:
        return emit.sql("SELECT NOT EXISTS (SELECT FROM {t})", t=Qualified(stamp.table))
    wanted = emit.sql("SELECT {w}", w=Constant(",".join(sorted(heads))))
    return emit.sql(
        "SELECT ({wanted}) IS NOT DISTINCT FROM"
        " (SELECT string_agg(version_num, ',' ORDER BY version_num COLLATE \"C\") FROM {t})",
        t=Qualified(stamp.table),
        wanted=Expression(f"({wanted})"),
    )
