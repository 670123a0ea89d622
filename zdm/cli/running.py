"""The world of a run, made from Settings: database, platform, clock, signals."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from zdm.backfill.pacing import Pacing
from zdm.cli import options, signals, wiring
from zdm.config.settings import Settings
from zdm.execute.clock import SystemClock
from zdm.execute.ports import Observer, Platform
from zdm.execute.stop import StopFlag
from zdm.execute.world import World
from zdm.postgres.run.database import PostgresDatabase
from zdm.postgres.run.limits import Limits


def limits(
    settings: Settings, *, end_blockers_after: str | None = None, take_over: bool = False
) -> Limits:
    """What the settings allow, and the command line beyond them."""
    after = settings.execute.end_blockers_after
    if end_blockers_after is not None:
        after = options.duration(end_blockers_after, "--end-blockers-after")
    return Limits(
        end_blockers_after=after,
        concurrent_deadline=settings.execute.concurrent_deadline,
        take_over=take_over,
    )


@contextmanager
def world(
    settings: Settings,
    seen_by: Observer,
    *,
    pacing: Pacing = Pacing.PACED,
    platform: Platform | None = None,
    limits: Limits | None = None,
) -> Iterator[World]:
    """Everything that a run acts on; signals ask it to stop while it lasts."""
    stop, clock = StopFlag(), SystemClock()
    url = wiring.database(settings)
    wanted = replace(limits or Limits(), backfill=settings.backfill)
    with (
        signals.stopped_by_signals(stop),
        closing(PostgresDatabase(url, clock, stop, pacing, wanted)) as database,
    ):
        yield World(
            database=database,
            platform=platform or wiring.platform(settings),
            observer=seen_by,
            clock=clock,
            stop=stop,
        )
