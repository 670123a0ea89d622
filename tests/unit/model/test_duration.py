"""Lengths of time in messages."""

from datetime import timedelta

import pytest

from zdm.model import duration


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (timedelta(0), "0s"),
        (timedelta(microseconds=20), "0s"),
        (timedelta(milliseconds=350), "350ms"),
        (timedelta(milliseconds=999.7), "1s"),
        (timedelta(seconds=6), "6s"),
        (timedelta(seconds=6.34), "6.3s"),
        (timedelta(seconds=42.4), "42s"),
        (timedelta(seconds=59.7), "1m"),
        (timedelta(seconds=130), "2m10s"),
        (timedelta(minutes=10), "10m"),
        (timedelta(minutes=59, seconds=59.9), "1h"),
        (timedelta(hours=3, minutes=20), "3h20m"),
        (timedelta(hours=24), "24h"),
        (timedelta(days=3, minutes=1, seconds=40), "72h2m"),
    ],
)
def test_a_length_of_time_is_written_in_its_two_largest_units(
    length: timedelta, expected: str
) -> None:
    assert duration.text(length) == expected
