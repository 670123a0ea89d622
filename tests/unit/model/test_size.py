"""Numbers of bytes in messages."""

import pytest

from zdm.model import size


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (45_000_000, "45 MB"),
        (42 * 10**12, "42 TB"),
    ],
)
def test_a_size_has_two_digits(number: int, text: str) -> None:
    assert size.text(number) == text
