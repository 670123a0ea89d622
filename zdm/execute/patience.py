"""Do something until it works: retry after busy locks, reconnect after lost connections.

Every wait has a reason, who is waited for, and an end; the operator's orders are followed
before each try.
"""

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Generic, TypeVar

from msgspec import Struct

from zdm.errors import InputError, RefusedError, StoppedError, TemporaryError
from zdm.execute import orders
from zdm.execute.events import SessionEnded, Waiting
from zdm.execute.ports import (
    ConnectionLostError,
    LockBusyError,
    OrderedError,
    StatementCancelledError,
)
from zdm.execute.world import Options, World
from zdm.model import duration

T = TypeVar("T")

FIRST_RETRY = timedelta(milliseconds=200)
LAST_RETRY = timedelta(seconds=5)
CANCELS = 3  # of one piece of work, then a person must look
LOSSES = 5  # of the connection in one piece of work: it may be the cause
NO_EXECUTOR = "its executor is gone, but one of its statements might still have taken effect"


class Done(Struct, Generic[T], frozen=True, kw_only=True):
    """What a piece of work gave, and at which attempt."""

    value: T
    attempts: int


def patiently(
    world: World,
    options: Options,
    work: Callable[[], T],
    *,
    gate: str,
    before: Callable[[World], object] = orders.follow,
) -> Done[T]:
    """Run `work`, again after each busy lock, cancelled statement or lost connection.

    `before` follows the operator's orders ahead of each attempt. Whether a lost transaction was
    committed is recorded in the journal: the adapter looks there first. Raises TemporaryError
    at the deadline for locks, and StoppedError where the server no longer lets zdm in, such as
    after a change of the password.
    """
    tries = _Tries(world, options, gate, world.clock.now())
    pause = FIRST_RETRY
    for attempt in itertools.count(1):
        try:
            before(world)
            value = work()
        except LockBusyError as error:
            tries.busy(error)
        except StatementCancelledError as error:
            tries.cancelled(error)
        except ConnectionLostError as error:
            tries.lost(error)
        except InputError as error:
            raise StoppedError(error.message, hint=error.hint) from error
        except OrderedError:
            continue
        else:
            return Done(value=value, attempts=attempt)
        # full jitter: two executors or two tables never retry at the same moment
        world.clock.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(pause * 2, LAST_RETRY)
    raise AssertionError("counting never ends")


@dataclass(slots=True)
class _Tries:
    world: World
    options: Options
    gate: str
    since: datetime
    cancels: int = 0
    losses: int = 0

    def busy(self, error: LockBusyError) -> None:
        if self.world.clock.now() - self.since > self.options.lock_deadline:
            raise TemporaryError(
                f"gave up after {duration.text(self.options.lock_deadline)}: {error.message}",
                hint=error.hint or "end what holds the lock, then run it again",
            ) from error
        self._say(self.gate, error.message, error.names)

    def cancelled(self, error: StatementCancelledError) -> None:
        self.world.stop.check()
        self.cancels += 1
        if self.cancels >= CANCELS:
            raise StoppedError(
                f"{error.message}, {self.cancels} times", hint=error.hint
            ) from error
        self._say("cancelled", error.message, ())

    def lost(self, error: ConnectionLostError) -> None:
        self.world.stop.check()
        self.losses += 1
        if self.losses > LOSSES:
            raise TemporaryError(
                f"{error.message}, {self.losses} times", hint=error.hint
            ) from error
        _reconnect(self.world, self.options, error)

    def _say(self, gate: str, reason: str, names: tuple[str, ...]) -> None:
        self.world.observer.notify(
            Waiting(gate=gate, reason=reason, names=names, since=self.since)
        )


def claim(world: World, options: Options) -> None:
    """Become the only executor, and report the sessions that were ended for it."""
    report = partial(_report_ended, world)
    patiently(world, options, lambda: world.database.claim(report), gate="lock holder")


def _reconnect(world: World, options: Options, lost: ConnectionLostError) -> None:
    clock = world.clock
    since = clock.now()
    while True:
        world.stop.check()
        try:
            world.database.reconnect(partial(_report_ended, world))
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


def _report_ended(world: World, who: str) -> None:
    """Name the session of a dead executor that was ended."""
    world.observer.notify(SessionEnded(who=who, reason=NO_EXECUTOR))
