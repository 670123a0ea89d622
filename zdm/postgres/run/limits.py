"""How far the executor goes: what it waits for, what it may end, how backfills give way."""

from datetime import timedelta

from msgspec import Struct, field

from zdm.config.settings import BackfillSettings
from zdm.postgres.journal import step_sql
from zdm.postgres.session import blockers


class Limits(Struct, frozen=True, kw_only=True):
    """Which sessions to end, if any; how long a CONCURRENTLY statement may wait for others; how
    long rows are looked for that a message names; the gates and workers of backfills."""

    end_blockers_after: timedelta | None = None  # None: none is ended
    concurrent_deadline: timedelta = timedelta(minutes=30)
    long_transaction: timedelta = blockers.LONG  # behind an older one no lock is queued
    ending: timedelta = blockers.ENDING  # to wait for the end of a session
    second_look: timedelta = step_sql.NAMING  # for the rows in a failed step's way
    take_over: bool = False  # the operator asserts that no other executor is alive
    backfill: BackfillSettings = field(default_factory=BackfillSettings)
