"""How far the executor goes against others: what it waits for, and whom it may end."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Whom to end, if anybody, and how long a CONCURRENTLY statement may wait for others."""

    end_blockers_after: timedelta | None = None  # None: nobody is ended
    concurrent_deadline: timedelta = timedelta(minutes=30)
    take_over: bool = False  # the operator's word that no other executor lives
