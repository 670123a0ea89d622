"""Two sessions that prepare statements on the server, as psycopg does after five executions:
how often they fail, which the plan announces."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

_READ = b"SELECT id, name FROM customers WHERE id = 1"


def _read(url: str, *, autocommit: bool, over: threading.Event, found: Counter[str]) -> None:
    name = "autocommit" if autocommit else "transactions"
    while not over.is_set():
        with psycopg.connect(url, autocommit=autocommit, prepare_threshold=0) as own:
            while not over.is_set():
                try:
                    own.execute(_READ)
                    own.commit()
                except psycopg.Error as error:
                    found[f"{name}: {error.sqlstate}"] += 1
                    own.rollback()
                    if autocommit:
                        break  # it fails until the session forgets its statements


@contextmanager
def reading(url: str) -> Iterator[Counter[str]]:
    """Their failures by kind, while the block runs."""
    found, over = Counter[str](), threading.Event()
    threads = [
        threading.Thread(
            target=_read, args=(url,), kwargs={"autocommit": a, "over": over, "found": found}
        )
        for a in (True, False)
    ]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        over.set()
        for thread in threads:
            thread.join()
