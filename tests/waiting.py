"""Wait for what will be, with a deadline that a slow machine meets too."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg

PATIENCE = 60.0
T = TypeVar("T")


def until(look: Callable[[], T], what: object = "") -> T:
    """Look again and again until it is true; what was seen then."""
    end = time.monotonic() + PATIENCE
    while not (seen := look()):
        assert time.monotonic() < end, what or seen
        time.sleep(0.02)
    return seen


def until_true(own: psycopg.Connection[tuple[Any, ...]], query: str) -> None:
    """Wait until the query says true; on a connection in autocommit, for what is seen of
    sessions and locks stays the same within a transaction."""
    until(lambda: (own.execute(query.encode()).fetchone() or (False,))[0], query)
