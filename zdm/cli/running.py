"""The world of a run, made from Settings: database, platform, clock, signals, observer."""

import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import FrameType

from zdm.cli import wiring
from zdm.cli.options import Pacing
from zdm.cli.progress import JsonLines, Progress
from zdm.cli.screen import Screen
from zdm.config import Settings
from zdm.execute.clock import SystemClock
from zdm.execute.ports import Observer, Platform
from zdm.execute.stop import StopFlag
from zdm.execute.world import World
from zdm.postgres import backfill
from zdm.postgres.database import PostgresDatabase


def observer(*, json_lines: bool) -> Observer:
    """Who tells what happens: a person's progress on stderr, or JSON lines on stdout."""
    return JsonLines(sys.stdout) if json_lines else Progress(Screen(sys.stderr))


@contextmanager
def world(
    settings: Settings,
    seen_by: Observer,
    *,
    pacing: Pacing = Pacing.PACED,
    platform: Platform | None = None,
) -> Iterator[World]:
    """Everything that a run acts on; signals ask it to stop while it lasts."""
    stop, clock = StopFlag(), SystemClock()
    url = wiring.database(settings)
    with (
        stopped_by_signals(stop),
        closing(
            PostgresDatabase(url, clock, stop, backfill.Pacing(pacing.value), settings.backfill)
        ) as database,
    ):
        yield World(
            database=database,
            platform=platform or wiring.platform(settings),
            observer=seen_by,
            clock=clock,
            stop=stop,
        )


@contextmanager
def stopped_by_signals(stop: StopFlag) -> Iterator[None]:
    """SIGTERM and SIGINT set the flag; a handler that raised would leave DDL running."""

    def ask(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  as signal calls it
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
