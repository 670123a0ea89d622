"""The executor that is killed: a process that says each event on a pipe."""

import os
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from multiprocessing.connection import Connection
from typing import Any

from tests import case as cases
from zdm.backfill.pacing import Pacing
from zdm.config.settings import RolloutSettings
from zdm.errors import ZdmError
from zdm.execute import runner
from zdm.execute.clock import SystemClock
from zdm.execute.events import (
    Event,
    RunStarted,
    StateChanged,
    StepDone,
    StepReverted,
    StepStarted,
    Waiting,
)
from zdm.execute.stop import StopFlag
from zdm.execute.world import Options, World
from zdm.model.release import RunState
from zdm.postgres.run.database import PostgresDatabase
from zdm.serialize import plan_file
from zdm.workflows import plan_files, rollback_run

ROLLOUT = RolloutSettings(
    polls=1,
    poll_interval=timedelta(milliseconds=5),
    revert_window=timedelta(0),
    allowed_sessions=("*",),
)
Said = tuple[str, str, Any]  # kind, step or gate, details


class Command(StrEnum):
    """What the process runs."""

    EXECUTE = "execute"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What an executor is to do; it vanishes before step `until`."""

    command: Command
    plan: str
    word: bool = True  # --assume-deployed
    until: str | None = None


@dataclass(slots=True)
class Teller:
    """Satisfies Observer."""

    pipe: Connection
    task: Task

    def notify(self, event: Event) -> None:
        """Tell what the parent wants to know."""
        match event:
            case StepStarted(id=self.task.until):
                os._exit(0)
            case StepStarted():
                self.pipe.send(("started", event.id, None))
            case StepDone():
                self.pipe.send(("done", event.id, event.duration.total_seconds()))
            case StepReverted():
                self.pipe.send(("reverted", event.id, None))
            case RunStarted() if self.task.command is Command.ROLLBACK:
                self.pipe.send(("found", event.plan, None))
            case StateChanged(state=RunState.REVERTING):
                self.pipe.send(("reverting", "", None))
            case Waiting():
                self.pipe.send(("waiting", event.gate, event.reason))
            case _:
                pass


def main(url: str, task: Task, pipe: Connection) -> None:
    """Do the task; the last thing said is `end` with an exit code."""
    stop, clock = StopFlag(), SystemClock()
    try:
        with closing(PostgresDatabase(url, clock, stop, Pacing.FULL)) as database:
            world = World(
                database=database,
                platform=None,
                observer=Teller(pipe, task),
                clock=clock,
                stop=stop,
            )
            _run(url, task, world)
    except ZdmError as error:
        pipe.send(("end", "", (error.exit_code, error.message)))
    else:
        pipe.send(("end", "", (0, "")))
    os._exit(0)


def _run(url: str, task: Task, world: World) -> None:
    options = _options(word=task.word)
    match task.command:
        case Command.EXECUTE:
            plan = plan_file.loads(task.plan, "the plan")
            runner.execute(plan_files.plan_text(plan), world, options)
        case Command.ROLLBACK:
            rollback_run.run(url, world, options)


def _options(*, word: bool) -> Options:
    """The old version's sessions hold the gate."""
    known = cases.options()
    return Options(
        old=known.old,
        new=known.new,
        rollout=ROLLOUT,
        assume_deployed=word,
        lock_deadline=timedelta(seconds=60),
        reconnect_deadline=timedelta(seconds=30),
    )
