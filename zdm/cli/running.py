"""The world of a run, made from Settings: database, platform, observer, clock, signals."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from msgspec import Struct

from zdm.backfill.pacing import Pacing
from zdm.cli import observing, options, signals, wiring
from zdm.cli.observing import Wanted
from zdm.config.settings import Settings
from zdm.execute.clock import SystemClock
from zdm.execute.stop import StopFlag
from zdm.execute.world import World
from zdm.postgres.run.database import PostgresDatabase
from zdm.postgres.run.limits import Limits
from zdm.rollout import registry


class Means(Struct, frozen=True, kw_only=True):
    """What the command line lets a run do on the server, beyond the settings."""

    pacing: Pacing = Pacing.PACED
    end_blockers_after: str | None = None  # None: as the settings say
    take_over: bool = False


@contextmanager
def world(settings: Settings, means: Means, wanted: Wanted) -> Iterator[World]:
    """Everything that a run acts on; signals ask it to stop while it lasts."""
    stop, clock = StopFlag(), SystemClock()
    url, limits = wiring.database(settings), _limits(settings, means)
    with (
        observing.observer(wanted, settings) as seen_by,
        signals.stopped_by_signals(stop),
        closing(PostgresDatabase(url, clock, stop, means.pacing, limits)) as database,
    ):
        yield World(
            database=database,
            platform=registry.platform(settings),
            observer=seen_by,
            clock=clock,
            stop=stop,
        )


def _limits(settings: Settings, means: Means) -> Limits:
    after = settings.execute.end_blockers_after
    if means.end_blockers_after is not None:
        after = options.duration(means.end_blockers_after, "--end-blockers-after")
    return Limits(
        end_blockers_after=after,
        concurrent_deadline=settings.execute.concurrent_deadline,
        take_over=means.take_over,
        backfill=settings.backfill,
    )
