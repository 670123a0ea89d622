"""The real clock."""

import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """Satisfies `zdm.execute.ports.Clock`."""

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC)

    def sleep(self, duration: timedelta) -> None:
        """Wait."""
        time.sleep(max(duration.total_seconds(), 0.0))
