"""A small plan that keeps every invariant, to be broken by tests."""

from datetime import timedelta

from zdm.model.locks import LockMode
from zdm.model.plan import (
    BOTH,
    LOCK_TIMEOUT,
    NEW_ONLY,
    NO_TIMEOUT,
    OLD_ONLY,
    STATEMENT_TIMEOUT,
    AwaitRollout,
    Irreversible,
    Phase,
    Plan,
    RunSql,
    Side,
    Step,
    TableLock,
)
from zdm.model.schema import Name

USERS = Name("public", "users")


def step(
    phase: Phase = Phase.EXPAND,
    *,
    serves: frozenset[Side] = BOTH,
    mode: LockMode = LockMode.ACCESS_EXCLUSIVE,
    **details: object,
) -> RunSql:
    """A RunSql with good values."""
    values: dict[str, object] = {
        "id": f"{phase.value}-1",
        "operation": "test",
        "phase": phase,
        "title": f"a step of {phase.value}",
        "sql": ("ALTER TABLE users ADD COLUMN a int",),
        "locks": (TableLock(table=USERS, mode=mode),),
        "lock_timeout": LOCK_TIMEOUT,
        "statement_timeout": STATEMENT_TIMEOUT,
        "probe": "SELECT 'done'",
        "undo": ("ALTER TABLE users DROP COLUMN a",),
        "serves": serves,
        "reason": "because",
        "origin": (),
    }
    return RunSql(**{**values, **details})  # type: ignore[arg-type]  # any field may be given


def concurrent(**details: object) -> RunSql:
    """A concurrent build with good values."""
    values: dict[str, object] = {
        "sql": ("CREATE INDEX CONCURRENTLY i ON users (a)",),
        "in_transaction": False,
        "lock_timeout": NO_TIMEOUT,
        "statement_timeout": NO_TIMEOUT,
        **details,
    }
    return step(
        Phase.VALIDATE,
        mode=LockMode.SHARE_UPDATE_EXCLUSIVE,
        **values,  # type: ignore[arg-type]  # any field may be given
    )


def rollout() -> AwaitRollout:
    """The rollout."""
    return AwaitRollout(id="rollout", title="deploy", reason="because")


def good() -> tuple[Step, ...]:
    """Steps in which nothing is wrong."""
    gone = Irreversible(reason="gone")
    return (
        step(serves=OLD_ONLY),
        concurrent(),
        rollout(),
        step(Phase.CONTRACT, serves=NEW_ONLY, undo=gone),
        step(Phase.DROP, serves=NEW_ONLY, undo=gone),
    )


def plan(*steps: Step) -> Plan:
    """A plan of these steps."""
    return Plan(
        name="p",
        server_major=17,
        fingerprint="0" * 64,
        files=(),
        stamp=None,
        operations=(),
        hazards=(),
        notes=(),
        steps=steps,
        statements=(),
    )


LONG = timedelta(seconds=3)
