"""The real clock, and waiting for a condition."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zdm.execute.ports import Clock  # with all of a plan, which `zdm check` does not load


class SystemClock:
    """Satisfies `zdm.execute.ports.Clock`."""

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some fixed moment, which never go back."""
        return time.monotonic()

    def sleep(self, duration: timedelta) -> None:
        """Wait."""
        time.sleep(max(duration.total_seconds(), 0.0))


def wait_until(
    is_met: Callable[[], bool], clock: "Clock", *, within: timedelta, every: timedelta
) -> bool:
    """Check a condition again and again; False where it is not met in time."""
    end = clock.monotonic() + within.total_seconds()
    while not is_met():
        if clock.monotonic() >= end:
            return False
        clock.sleep(every)
    return True
