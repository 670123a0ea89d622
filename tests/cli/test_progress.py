import io
from datetime import UTC, datetime, timedelta

from tests.golden import Golden
from zdm.cli.progress import Progress
from zdm.cli.screen import Screen
from zdm.execute.events import (
    BackfillProgress,
    DeployStarted,
    Event,
    GateClear,
    Listening,
    PointOfNoReturn,
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
FILL = BackfillProgress(
    id="b1",
    table="users",
    scanned=82_000,
    estimate=200_000,
    changed=80_000,
    batch=6500,
    batch_seconds=0.24,
    rate=31_000.0,
    eta=timedelta(minutes=6, seconds=5),
    waiting="replica r2 14 s behind",
)
EVENTS: list[Event] = [
    RunStarted(plan="0007", run=3, resumed=False, steps=6, done=0),
    RunStarted(plan="0007", run=3, resumed=True, steps=6, done=2),
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
        batch_seconds=0.1, rate=None, eta=None, verifying=True,
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
