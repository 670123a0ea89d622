"""Watch a long statement from a second connection: who blocks it, and for how long.

CONCURRENTLY waits for every transaction with an older snapshot, even one that only read
another table, and has no timeout that would not leave an INVALID index behind. So the
statement runs in a thread; the watchdog names whom it waits for, ends them where that is
allowed, and cancels the statement when the wait gets too long or the operator asks for it.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from zdm.errors import TemporaryError
from zdm.execute.events import SessionEnded, Waiting
from zdm.execute.ports import Clock, LockBusyError, StatementCancelledError
from zdm.postgres.session import blockers
from zdm.postgres.session.blockers import Blocker, Ender, Ending
from zdm.postgres.session.connection import Connection

LOOK_SECONDS = 0.25
WatchEvent = Waiting | SessionEnded


@dataclass(slots=True)
class Watchdog:
    """Looks after one statement of `own`; `second` gives the second connection."""

    own: Connection
    second: Callable[[], Connection]
    clock: Clock
    ender: Ender
    limit: timedelta  # of one wait for others
    is_cancelled: Callable[[Connection], bool]  # by the operator
    cancelled_for: str = ""  # why it was cancelled, if it was
    names: tuple[str, ...] = ()

    def run(self, doing: str, work: Callable[[], None]) -> Iterator[WatchEvent]:
        """Do the work; raises what it raises, or why it was cancelled."""
        with ThreadPoolExecutor(max_workers=1) as pool:
            future = pool.submit(work)
            try:
                yield from self._look_after(doing, future)
            finally:
                if not future.done():
                    self._cancel()
            try:
                future.result()
            except psycopg.errors.QueryCanceled as error:
                raise self._why(doing) or error from error

    def _why(self, doing: str) -> TemporaryError | None:
        match self.cancelled_for:
            case "":
                return None
            case "operator":
                return StatementCancelledError(f"the operator stopped {doing}")
            case reason:
                return LockBusyError(
                    f"{doing} was cancelled: {reason}",
                    names=self.names,
                    hint="end those transactions, then run the same command again",
                )

    def _look_after(self, doing: str, future: "Future[None]") -> Iterator[WatchEvent]:
        since: float | None = None
        began = self.clock.now()
        while not wait([future], timeout=LOOK_SECONDS).done:
            try:
                found = blockers.of_backend(self.second(), self.own.info.backend_pid)
                ended = tuple(self.ender.end(self.second(), found))
                cancelled = self.is_cancelled(self.second())
            except (psycopg.Error, TemporaryError) as error:
                yield Waiting(
                    gate="watchdog", reason=f"{doing} is not watched: {error}", since=began
                )
                continue
            if cancelled:
                self.cancelled_for = "operator"
                self._cancel()
            yield from ending_events(ended, doing, self.clock.now())
            if not found:
                since = None
                continue
            if since is None:
                since, began = self.clock.monotonic(), self.clock.now()
            self.names = blockers.words(found)
            reason = f"{doing} waits for {'; '.join(self.names)}"
            yield Waiting(gate="lock", reason=reason, names=self.names, since=began)
            if self.clock.monotonic() - since > self.limit.total_seconds():
                self.cancelled_for = f"for {self.limit} it waited for {'; '.join(self.names)}"
                self._cancel()

    def _cancel(self) -> None:
        with contextlib.suppress(psycopg.Error):  # it is gone, and with it the statement
            self.own.cancel_safe()


def ending_events(
    ended: Sequence[tuple[Blocker, Ending]], doing: str, now: datetime
) -> Iterator[WatchEvent]:
    """What became of sessions that were to end."""
    for blocker, ending in ended:
        if ending is Ending.ENDED:
            yield SessionEnded(who=str(blocker), reason=f"it blocked {doing}")
        elif ending is Ending.STAYS:  # it ends later, when no one reports it
            reason = f"it blocked {doing}, was terminated, and has not ended yet"
            yield SessionEnded(who=str(blocker), reason=reason)
        elif ending is Ending.NOT_ALLOWED:
            reason = f"{blocker} may be ended only by its user or with pg_signal_backend"
            yield Waiting(gate="lock", reason=reason, names=(str(blocker),), since=now)
