"""A run's events, as the tests of every output are told them."""

from datetime import UTC, datetime, timedelta

from zdm.execute.events import (
    BackfillMeasured,
    BackfillProgress,
    Event,
    PointOfNoReturn,
    RunStarted,
    RunStopped,
    StateChanged,
    StepDone,
    StepStarted,
    Waiting,
)
from zdm.model.plan import Phase
from zdm.model.release import RunState

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
STARTED = RunStarted(plan="0007", digest="4f" * 32, run=3, resumed=False, steps=3, done=0)
E1 = StepStarted(id="e1", phase=Phase.EXPAND, title="add a column", position=1, of=3)
LOCK = Waiting(gate="lock", reason="busy", names=("psql", "app"), since=NOON)
E1_DONE = StepDone(
    id="e1",
    phase=Phase.EXPAND,
    title="add a column",
    duration=timedelta(seconds=3.2),
    attempts=4,
)
B1 = StepStarted(id="b1", phase=Phase.BACKFILL, title="fill it", position=2, of=3)
FILL = BackfillProgress(
    id="b1",
    table="users",
    scanned=82_000,
    estimate=200_000,
    changed=80_000,
    batch=6500,
    batch_time=timedelta(seconds=0.24),
    rate=31_000.0,
    eta=timedelta(minutes=6, seconds=5),
)
MEASURED = BackfillMeasured(
    id="b1",
    table="users",
    scanned=200_000,
    changed=190_000,
    planned_rows=200_000,
    wal_bytes=90_000_000,
    planned_wal_bytes=80_000_000,
    filling=timedelta(minutes=6),
    verifying=timedelta(minutes=1),
    held=(("replica lag", timedelta(seconds=38)),),
    retries=(("55P03", 2),),
)
B1_DONE = StepDone(
    id="b1", phase=Phase.BACKFILL, title="fill it", duration=timedelta(minutes=7)
)
C1 = StepStarted(id="c1", phase=Phase.CONTRACT, title="drop it", position=3, of=3)
C1_DONE = StepDone(id="c1", phase=Phase.CONTRACT, title="drop it", duration=timedelta(0))
RUN: tuple[Event, ...] = (
    STARTED,
    StateChanged(state=RunState.EXPANDING),
    E1,
    LOCK,
    E1_DONE,
    B1,
    FILL,
    B1_DONE,
    C1,
    PointOfNoReturn(step="c1"),
    C1_DONE,
    RunStopped(state=RunState.CONTRACTED),
)
