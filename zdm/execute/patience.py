"""Do something until it works: busy locks are tried again, lost connections made anew.

Every wait has a reason, who is waited for, and an end.
"""

import itertools
import random
from collections.abc import Callable
from datetime import timedelta

from zdm.errors import RefusedError, TemporaryError
from zdm.execute.events import Waiting
from zdm.execute.ports import ConnectionLostError, LockBusyError
from zdm.execute.world import Options, World

FIRST_RETRY = timedelta(milliseconds=200)
LAST_RETRY = timedelta(seconds=5)


def patiently(world: World, options: Options, work: Callable[[], object], *, gate: str) -> int:
    """Run `work`, again after each busy lock or lost connection.

    Whether a lost transaction was committed, the journal tells: the adapter looks there
    first. Returns the number of attempts; raises TemporaryError at the deadline for locks.
    """
    clock = world.clock
    since = clock.now()
    pause = FIRST_RETRY
    for attempt in itertools.count(1):
        world.stop.check()
        try:
            work()
        except LockBusyError as error:
            if clock.now() - since > options.lock_deadline:
                raise TemporaryError(
                    f"gave up after {options.lock_deadline}: {error.message}",
                    hint=error.hint or "end what holds the lock, then run it again",
                ) from error
            world.observer.notify(
                Waiting(gate=gate, reason=error.message, names=error.names, since=since)
            )
        except ConnectionLostError as error:
            world.stop.check()
            _reconnect(world, options, error)
        else:
            return attempt
        # full jitter: two executors or two tables never knock in step
        clock.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(pause * 2, LAST_RETRY)
    raise AssertionError("counting never ends")


def _reconnect(world: World, options: Options, lost: ConnectionLostError) -> None:
    clock = world.clock
    since = clock.now()
    while True:
        world.stop.check()
        try:
            world.database.reconnect()
        except RefusedError:
            raise
        except TemporaryError as error:
            if clock.now() - since > options.reconnect_deadline:
                raise TemporaryError(
                    f"the database did not come back: {error.message}", hint=lost.hint
                ) from error
            world.observer.notify(Waiting(gate="connection", reason=error.message, since=since))
            clock.sleep(timedelta(seconds=1))
        else:
            return
