"""A process with servers of its own, which tries one world after the other."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta

from tests import scratch
from tests.adversary import generate, shrink, trial
from tests.adversary.record import Record
from tests.adversary.trial import Ground
from tests.adversary.world import World
from zdm.postgres.server import shadow
from zdm.postgres.server.limits import Limits
from zdm.postgres.server.provider import Wanted

DAY = timedelta(days=1)  # a migration's limit of time is not that of thousands of worlds
_QUIET = (("autovacuum", "off"),)
_kept: dict[int, Ground] = {}
_stack = ExitStack()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One world; `replays`: the plan is verified as `zdm verify` does, too."""

    seed: int
    major: int
    replays: bool = True


@contextmanager
def grounds(major: int, *, replays: bool = True) -> Iterator[Ground]:
    """Servers of the adversary's own: its roles are the server's."""
    with ExitStack() as stack:
        server = stack.enter_context(scratch.throwaway(Wanted(major=major, settings=_QUIET)))
        wanted = Wanted(major=major, limits=Limits(time=DAY))
        second = stack.enter_context(shadow.open(wanted)) if replays else None
        made = Ground(server=server, shadow=second)
        made.prepare()
        yield made


def _ground(job: Job) -> Ground:
    """This process's servers of that version, started once."""
    if job.major not in _kept:
        opened = grounds(job.major, replays=job.replays)
        _kept[job.major] = _stack.enter_context(opened)
    return _kept[job.major]


def one(job: Job) -> Record:
    """A world, tried."""
    begun = time.monotonic()
    result = trial.run(_ground(job), generate.world(job.seed, job.major))
    seconds = round(time.monotonic() - begun, 2)
    return Record(seed=job.seed, major=job.major, seconds=seconds, result=result)


def least(asked: tuple[Job, str]) -> tuple[Job, World, tuple[str, str]]:
    """The least world that fails in the same way, and how it does."""
    job, kind = asked
    here = _ground(job)
    seen: list[tuple[str, str]] = []

    def fails(world: World) -> bool:
        faults = [fault for fault in trial.run(here, world).faults if fault[0] == kind]
        seen.extend(faults[:1])
        return bool(faults)

    world = shrink.small(generate.world(job.seed, job.major), fails)
    return job, world, seen[-1] if seen else (kind, "not again")
