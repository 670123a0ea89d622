"""A length of time as a person reads it: 350ms, 6s, 2m10s, 3h20m."""

from datetime import timedelta

_MILLISECOND = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)


def text(length: timedelta) -> str:
    """The two largest units, rounded; tenths of a second below ten seconds."""
    milliseconds = round(length / _MILLISECOND)
    if milliseconds < 1000:
        return f"{milliseconds}ms" if milliseconds else "0s"
    if length < 10 * _SECOND:
        return f"{round(length / _SECOND, 1):g}s"
    seconds = round(length / _SECOND) * _SECOND
    if seconds < _MINUTE:
        return f"{seconds // _SECOND}s"
    if seconds < _HOUR:
        return _two(seconds // _MINUTE, "m", (seconds % _MINUTE) // _SECOND, "s")
    minutes = round(length / _MINUTE) * _MINUTE
    return _two(minutes // _HOUR, "h", (minutes % _HOUR) // _MINUTE, "m")


def _two(large: int, unit: str, small: int, smaller: str) -> str:
    return f"{large}{unit}{small}{smaller}" if small else f"{large}{unit}"
