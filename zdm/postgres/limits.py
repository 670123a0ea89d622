"""How far the executor goes against others: what it waits for, whom it may end, and how it
treats the server in backfills."""

from dataclasses import dataclass, field
from datetime import timedelta

from zdm.config import BackfillSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Whom to end, if anybody, and how long a CONCURRENTLY statement may wait for others."""

    end_blockers_after: timedelta | None = None  # None: nobody is ended
    concurrent_deadline: timedelta = timedelta(minutes=30)
    backfill: BackfillSettings = field(default_factory=BackfillSettings)
    take_over: bool = False  # the operator's word that no other executor lives
