"""The world of a run, made from Settings: database, platform, clock, signals."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from zdm.cli import signals, wiring
from zdm.cli.options import Pacing
from zdm.config import Settings
from zdm.execute.clock import SystemClock
from zdm.execute.ports import Observer, Platform
from zdm.execute.stop import StopFlag
from zdm.execute.world import World
from zdm.postgres import backfill
from zdm.postgres.database import PostgresDatabase


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
        signals.stopping(stop),
        closing(PostgresDatabase(url, clock, stop, backfill.Pacing(pacing.value))) as database,
    ):
        yield World(
            database=database,
            platform=platform or wiring.platform(settings),
            observer=wiring.announced(settings, seen_by),
            clock=clock,
            stop=stop,
        )
