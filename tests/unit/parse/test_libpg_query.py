"""The first reader: positions, limits, and what it must refuse."""

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
