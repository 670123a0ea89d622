"""When the engine acts and how long it waits: what no operator sets, in one value."""

from datetime import timedelta

from msgspec import Struct

from zdm.backfill import server_load, throughput


class Tuning(Struct, frozen=True, kw_only=True):
    """Of one backfill."""

    # a single row that another session holds, or an index or parent of it, is waited for that
    # long; and never so long that the other session looks for a deadlock meanwhile
    lock_timeout: timedelta = timedelta(milliseconds=100)
    lock_share: int = 5  # of the server's deadlock_timeout, at the most
    statement_timeout: timedelta = timedelta(seconds=15)  # no batch holds its rows longer
    report_every: timedelta = timedelta(seconds=0.5)
    forecast_every: timedelta = timedelta(seconds=2)
    forecast_after: int = throughput.ENOUGH  # batches
    load_after: timedelta = server_load.ENOUGH  # of samples
    vacuum_rows: int = 50_000  # dead rows after which VACUUM pays
