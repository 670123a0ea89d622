import io
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from tests.golden import Golden
from zdm.cli.progress import Progress
from zdm.cli.screen import Screen
from zdm.execute.events import (
    BackfillMeasured,
    BackfillProgress,
    DeployStarted,
    Event,
    GateClear,
    Hold,
    Listening,
    PointOfNoReturn,
    RowsStay,
    RunStarted,
    RunStopped,
    StateChanged,
    StepDone,
    StepReverted,
    StepStarted,
    Waiting,
)
from zdm.model.plan import Phase
from zdm.model.release import RunState, Version

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOLD = Hold(
    gate="replica lag", reason="replica r2 14 s behind", value=14.0, limit=10.0, since=NOON
)
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
    waiting="replica r2 14 s behind",
    holds=(HOLD,),
)
EVENTS: list[Event] = [
    RunStarted(plan="0007", digest="4f" * 32, run=3, resumed=False, steps=6, done=0),
    RunStarted(plan="0007", digest="4f" * 32, run=3, resumed=True, steps=6, done=2),
    StateChanged(state=RunState.EXPANDING),
    StepStarted(id="e1", phase=Phase.EXPAND, title="add a column", position=1, of=6),
    Waiting(gate="lock", reason="busy", names=("psql", "app"), since=NOON),
    StepDone(
        id="e1", phase=Phase.EXPAND, title="add a column", duration=timedelta(seconds=3.2),
        attempts=4,
    ),
    StepStarted(id="b1", phase=Phase.BACKFILL, title="fill it", position=2, of=6),
    FILL,
    BackfillProgress(
        id="b1", table="users", scanned=200_000, estimate=200_000, changed=80_000, batch=1,
        batch_time=timedelta(seconds=0.1), rate=None, eta=None, verifying=True,
    ),
    replace(
        FILL, eta=timedelta(minutes=6), eta_high=timedelta(minutes=8, seconds=5), waiting="",
        wal_rate=9_000_000.0,
    ),
    replace(
        FILL, eta=timedelta(seconds=5), eta_high=timedelta(seconds=9), waiting="",
        wal_rate=900_000.0, rest=timedelta(milliseconds=420),
        rest_reason="1.3 other sessions active",
    ),
    BackfillMeasured(
        id="b1", table="users", scanned=200_000, changed=180_000, planned_rows=200_000,
        wal_bytes=98_000_000, planned_wal_bytes=90_000_000, filling=timedelta(seconds=72),
        verifying=timedelta(seconds=4.5),
        held=(("replica lag", timedelta(seconds=38)), ("vacuum", timedelta(seconds=61.5))),
        retries=(("55P03", 2),), notes=("VACUUM of users was skipped: lock timeout",),
    ),
    BackfillMeasured(
        id="b1", table="users", scanned=2, changed=2, planned_rows=None, wal_bytes=1_200_000,
        planned_wal_bytes=None, filling=timedelta(seconds=1), verifying=timedelta(seconds=1),
    ),
    StepDone(
        id="b1", phase=Phase.BACKFILL, title="fill it", duration=timedelta(minutes=75),
        found=True,
    ),
    DeployStarted(version=Version("v2")),
    GateClear(polls=2, needed=3),
    Waiting(gate="soak", reason="soaking", since=NOON, eta=NOON + timedelta(seconds=30)),
    PointOfNoReturn(step="c1"),
    DeployStarted(version=Version("v1"), back=True),
    StepReverted(id="e1", title="add a column"),
    RowsStay(id="b1", reason="the previous values are not recorded"),
    RunStopped(state=RunState.CONTRACTED),
    Listening(address="http://127.0.0.1:9400"),
    RunStopped(state=RunState.FAILED_KEPT_EXPANDED, reason="it crashed"),
]  # fmt: skip


def test_a_log_has_a_line_for_every_event(golden: Golden) -> None:
    stream = io.StringIO()
    progress = Progress(Screen(stream, log_every=0))
    for event in EVENTS:
        progress.notify(event)

    golden.check("progress.txt", stream.getvalue())
