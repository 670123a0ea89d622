"""From where to where a value may go, written beside its type: `Annotated[int, Range(1, 4)]`.

What reads the value checks it, and refuses it by its key; see `zdm.serialize.codec`.
"""

from datetime import timedelta
from typing import Annotated

from msgspec import Struct

Number = int | float | timedelta


class Range(Struct, frozen=True):
    """Bounds of a number or a duration, both included."""

    least: Number
    most: Number


class NotEmpty(Struct, frozen=True):
    """A list that must have an item."""


Bound = Range | NotEmpty

_YEAR = timedelta(days=366)
_SHORTEST = timedelta(milliseconds=1)  # none at all would ask without a rest, or end at once

Delay = Annotated[timedelta, Range(timedelta(0), _YEAR)]  # how long to wait; may be nothing
Timeout = Annotated[timedelta, Range(_SHORTEST, _YEAR)]  # how long something may take
Interval = Annotated[timedelta, Range(_SHORTEST, timedelta(hours=1))]  # between two looks
Percent = Annotated[int, Range(0, 100)]
Megabytes = Annotated[int, Range(0, 1_000_000_000)]  # a petabyte
Bigint = Annotated[int, Range(-(2**63), 2**63 - 1)]
Count = Annotated[int, Range(0, 2**63 - 1)]
Port = Annotated[int, Range(0, 65_535)]
