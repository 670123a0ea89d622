"""A conversation notices what differs."""

import pytest

from tests.fakes.conversation import differences


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        pytest.param({"a": 1}, {"a": 1, "b": 2}, id="more than the fragment"),
        pytest.param({"a": "<any>"}, {"a": 0}, id="any value, zero too"),
        pytest.param({"a": "<absent>"}, {}, id="no such key"),
        pytest.param([{"a": 1}], [{"a": 1, "b": 2}], id="items are fragments too"),
    ],
)
def test_what_agrees_has_no_differences(expected: object, found: object) -> None:
    assert differences(expected, found) == []


@pytest.mark.parametrize(
    ("expected", "found", "said"),
    [
        pytest.param({"a": {"b": 1}}, {"a": {"b": 2}}, ".a.b is 2, not 1", id="value"),
        pytest.param({"a": 1}, {}, ".a is missing", id="key"),
        pytest.param({"a": "<any>"}, {"a": ""}, ".a is missing", id="nothing"),
        pytest.param({"a": "<absent>"}, {"a": None}, ".a is there", id="present"),
        pytest.param([1], [1, 2], " has 2 items, not 1", id="length"),
        pytest.param({"a": []}, {"a": None}, ".a is None, not []", id="null for a list"),
    ],
)
def test_what_differs_is_named(expected: object, found: object, said: str) -> None:
    assert differences(expected, found) == [said]
