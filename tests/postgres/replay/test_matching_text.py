"""Texts for the patterns of checks."""

import re

import pytest

from zdm.postgres.replay import matching_text


@pytest.mark.parametrize(
    "pattern",
    [
        "^[A-Z]{2}$",
        r"^\d{3}-\d{4}$",
        "^[a-z0-9_]+(-[a-z]+)*$",
        r"^(foo|bar)\.[^x]$",
        "^#[0-9A-Fa-f]{6}$",
        r"^[^@]+@[^@]+\.[a-z]{2,}$",
        r"^(?:\+|00)[1-9]\d{6,14}$",
        "^https?://",
        "^[]a]$",
        "^[a-]$",
        "^.+?$",
        r"^\w\s\S$",
        "^a|b$",
    ],
)
@pytest.mark.parametrize("n", [0, 1, 7])
def test_the_text_matches_the_expression(pattern: str, n: int) -> None:
    found = matching_text.regex(pattern, n)

    assert found is not None
    assert re.search(pattern, found)


def test_named_classes_are_known() -> None:
    assert matching_text.regex("^[[:upper:][:digit:]]{3}$", 1) == "111"


def test_texts_differ_by_their_number() -> None:
    assert len({matching_text.regex("^[A-Z]{2}$", n) for n in range(5)}) == 5


@pytest.mark.parametrize("pattern", ["(?i)x", "a(b", r"\mword", "*", "[a", "[^ -~a]", r"(a)\1"])
def test_what_is_not_simple_gives_none(pattern: str) -> None:
    assert matching_text.regex(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "text"), [("%@%.org", "a@a.org"), (r"a\_b_", "a_ba"), ("", "")]
)
def test_the_wildcards_of_like_are_filled_in(pattern: str, text: str) -> None:
    assert matching_text.like(pattern) == text
