"""The first reader: positions, limits, and what it must refuse."""

import threading

import pytest

from zdm.parse import libpg_query
from zdm.parse.libpg_query import NotSqlError


def test_slices_start_at_the_first_token_and_count_bytes() -> None:
    sql = "-- ü\nSELECT 'ü';  SELECT 2"
    data = sql.encode()
    slices = [data[p.start : p.start + p.length].decode() for p in libpg_query.statements(data)]

    assert slices == ["SELECT 'ü'", "SELECT 2"]


def test_an_error_counts_characters() -> None:
    with pytest.raises(NotSqlError) as caught:
        libpg_query.parse("SELECT 'üü' FROM FROM t".encode())

    assert caught.value.offset == 17


def test_a_nul_byte_does_not_end_the_text_silently() -> None:
    with pytest.raises(NotSqlError, match="NUL"):
        libpg_query.parse(b"SELECT 1\0; DROP TABLE t")


@pytest.mark.parametrize("depth", [50, 300, 1000])
def test_deep_nesting_is_read(depth: int) -> None:
    sql = "SELECT " + "(SELECT " * depth + "1" + ")" * depth
    (parsed,) = libpg_query.statements(sql.encode())

    assert parsed.node == "SelectStmt"


def test_an_empty_text_has_no_statements() -> None:
    assert libpg_query.statements(b" -- nothing\n;;") == ()


CHAIN = "SELECT " + "+".join(["1"] * 200_000)  # as deep as it is long: 25 MB of stack


def test_a_chain_deeper_than_a_usual_stack_is_an_error() -> None:
    with pytest.raises(NotSqlError, match="nested too deeply"):
        libpg_query.parse(CHAIN.encode())


def test_a_long_text_is_read_like_a_short_one() -> None:
    sql = "SELECT 'ü' -- " + "x" * 5_000_000
    (parsed,) = libpg_query.statements(sql.encode())

    assert (parsed.start, parsed.node) == (0, "SelectStmt")


def test_the_size_of_other_threads_stacks_stays() -> None:
    before = threading.stack_size()
    libpg_query.parse(f"SELECT '{'x' * 100_000}'".encode())

    assert threading.stack_size() == before


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("ü" + "/*" * 50_000, id="opened"),
        pytest.param("ü" + "/**/" * 50_000 + "SELECT 1", id="empty"),
        pytest.param("ü" + "/*" * 50_000 + "*/" * 50_000, id="nested"),
        pytest.param("ü" + "+/**/" * 50_000, id="in an operator"),
    ],
)
def test_comments_that_take_minutes_to_read_are_refused_with_their_place(sql: str) -> None:
    with pytest.raises(NotSqlError, match="too many") as caught:
        libpg_query.parse(sql.encode())

    assert caught.value.offset == 1


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("/" + "*" * 1_000_000 + "/", id="banner"),
        pytest.param("/*" * 800 + "*/" * 800, id="800 levels"),
        pytest.param("/* a */ " * 500_000, id="many"),
        pytest.param("-" * 1_000_000 + "\n", id="a line"),
    ],
)
def test_comments_that_are_read_at_once_are_no_fault(comment: str) -> None:
    assert len(libpg_query.statements(f"{comment}SELECT 1".encode())) == 1


def test_a_message_quotes_the_beginning_of_what_it_is_about() -> None:
    with pytest.raises(NotSqlError) as caught:
        libpg_query.parse(b"SELECT '" + b"x" * 1_000_000)

    assert len(caught.value.message) < 200


def test_a_message_is_one_line() -> None:
    with pytest.raises(libpg_query.NotSqlError) as raised:
        libpg_query.parse(b"SELECT 'a\nb")

    assert raised.value.message == 'unterminated quoted string at or near "\'a b"'
