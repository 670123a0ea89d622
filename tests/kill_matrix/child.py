"""The executor that is killed: a process that says each event on a pipe."""

import os
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Any

from tests import case as cases
from zdm import planfile
from zdm.config import RolloutSettings
from zdm.errors import ZdmError
from zdm.execute import runner
from zdm.execute.clock import SystemClock
from zdm.execute.events import Event, StepDone, StepStarted, Waiting
from zdm.execute.stop import StopFlag
from zdm.execute.world import Options, World
from zdm.postgres.backfill import Pacing
from zdm.postgres.database import PostgresDatabase
from zdm.workflows import plan_files

ROLLOUT = RolloutSettings(
    polls=1,
    poll_interval=timedelta(milliseconds=5),
    revert_window=timedelta(0),
    allowed_sessions=("*",),
)
Said = tuple[str, str, Any]  # kind, step or gate, details


@dataclass(slots=True)
class Teller:
    """Satisfies Observer."""

    pipe: Connection

    def notify(self, event: Event) -> None:
        """Tell what the parent wants to know."""
        match event:
            case StepStarted():
                self.pipe.send(("started", event.id, None))
            case StepDone():
                self.pipe.send(("done", event.id, event.duration.total_seconds()))
            case Waiting():
                self.pipe.send(("waiting", event.gate, event.reason))
            case _:
                pass


def main(url: str, text: str, pipe: Connection) -> None:
    """Run the plan to its end; the last thing said is `end` with an exit code."""
    stop, clock = StopFlag(), SystemClock()
    try:
        plan = planfile.loads(text, "the plan")
        database = PostgresDatabase(url, clock, stop, Pacing.FULL)
        world = World(
            database=database, platform=None, observer=Teller(pipe), clock=clock, stop=stop
        )
        runner.execute(plan_files.plan_text(plan), world, _options())
        database.close()
    except ZdmError as error:
        pipe.send(("end", "", (error.exit_code, error.message)))
    else:
        pipe.send(("end", "", (0, "")))
    os._exit(0)


def _options() -> Options:
    """The old version's sessions hold the gate."""
    known = cases.options()
    return Options(
        old=known.old,
        new=known.new,
        rollout=ROLLOUT,
        assume_deployed=True,
        lock_deadline=timedelta(seconds=60),
        reconnect_deadline=timedelta(seconds=30),
    )
