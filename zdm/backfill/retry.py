"""What to do after an SQLSTATE in a batch; pure (manual, appendix A).

Nothing is retried inside the failed transaction, and nothing without an end.
"""

import random
from datetime import timedelta
from enum import Enum

RETRIES = 10  # in a row
DOUBLINGS = 5  # until the longest wait
SLOW_RETRIES = 3  # timeouts in a row, then batches of single rows
FIRST, LAST = timedelta(seconds=0.2), timedelta(seconds=5)  # before the next try
EXHAUSTED = timedelta(seconds=30)  # where the server has no room


class Reaction(Enum):
    """The classes of errors."""

    AGAIN = "halve the batch and try it again"
    SMALLER = "the batch was too slow: halve it"
    EXHAUSTED = "the server has no room for us now: hold, then again"
    RECONNECT = "connect again, read the cursor, continue"
    ROW = "a row cannot be written: find it, name it, stop"
    STOP = "stop and keep the state"


_EXACT = {
    "55P03": Reaction.AGAIN,  # lock_timeout
    "40P01": Reaction.AGAIN,  # deadlock
    "40001": Reaction.AGAIN,  # serialization failure
    "25P03": Reaction.AGAIN,  # idle in transaction
    "25P04": Reaction.AGAIN,  # transaction_timeout
    "57014": Reaction.SMALLER,  # statement_timeout, unless we cancelled it ourselves
    "53300": Reaction.EXHAUSTED,  # too many connections
    "53200": Reaction.EXHAUSTED,  # out of memory
    "25006": Reaction.RECONNECT,  # read-only: this is a standby
    "53100": Reaction.STOP,  # disk full
    "57P01": Reaction.RECONNECT,
    "57P02": Reaction.RECONNECT,
    "57P03": Reaction.RECONNECT,
}
# P0: what a function raises itself; 38, 39: functions in other languages; 44: a view's check
_ROW_CLASSES = ("22", "23", "38", "39", "44", "P0")


def classify(sqlstate: str | None) -> Reaction:
    """The class of an error; without an SQLSTATE the connection broke."""
    if sqlstate is None or sqlstate.startswith("08"):
        return Reaction.RECONNECT
    if sqlstate in _EXACT:
        return _EXACT[sqlstate]
    return Reaction.ROW if sqlstate[:2] in _ROW_CLASSES else Reaction.STOP


def backoff(failures: int) -> timedelta:
    """How long to wait before the next try: doubling, with full jitter."""
    longest = LAST if failures > DOUBLINGS else min(FIRST * 2**failures, LAST)
    return FIRST + random.random() * (longest - FIRST)
