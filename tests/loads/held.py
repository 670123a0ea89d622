"""How long sessions of zdm hold the locks that others may wait for, as another session sees."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from zdm.postgres.session import connection

Held = dict[str, float]  # table and mode: the longest time in milliseconds
_HELD = b"""
SELECT DISTINCT relname || ' ' || mode
FROM pg_locks AS l JOIN pg_class ON oid = relation JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE granted AND application_name LIKE 'zdm-run:%' AND relkind IN ('r', 'p', 'v')
AND relnamespace = 'public'::regnamespace
AND mode IN ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock',
    'AccessExclusiveLock')
"""
_BETWEEN_SECONDS = 0.001


def _look(url: str, over: threading.Event, held: Held) -> None:
    since: dict[str, float] = {}
    with connection.connect(url, name="tests") as own:
        while not over.is_set():
            there = {lock for (lock,) in own.execute(_HELD).fetchall()}
            now = time.monotonic()
            for lock in there - since.keys():
                since[lock] = now
            for lock in since.keys() - there:
                took = 1000 * (now - since.pop(lock))
                held[lock] = max(held.get(lock, 0.0), took)
            time.sleep(_BETWEEN_SECONDS)


@contextmanager
def watching(url: str) -> Iterator[Held]:
    """What is seen while the block runs."""
    held, over = Held(), threading.Event()
    thread = threading.Thread(target=_look, args=(url, over, held))
    thread.start()
    try:
        yield held
    finally:
        over.set()
        thread.join()
