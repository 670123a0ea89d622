"""A file as Statements: bytes, places, transactions, settings, directives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdm.errors import InputError
from zdm.model.statement import Setting
from zdm.parse import split

PIECES = [
    "SELECT 1",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END",
    "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)",
    "INSERT INTO t VALUES ('a;b', $$c;d$$, E'\\';')",
    "/* ; /* nested ; */ */ SELECT 'ü'",
    "CREATE FUNCTION g() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN RETURN 1; END $f$",
]


@given(st.lists(st.sampled_from(PIECES), max_size=5), st.sampled_from(["\n", "\r\n", "  ", ""]))
def test_slices_and_gaps_rebuild_the_file(pieces: list[str], gap: str) -> None:
    data = "".join(f"{piece};{gap}" for piece in pieces).encode()
    found = split.statements(data, "f.sql")
    cut = [data[s.start : s.start + s.length].decode() for s in found]

    assert len(found) == len(pieces)
    assert [s.sql for s in found] == cut
    for piece, text in zip(pieces, cut, strict=True):
        assert piece.endswith(text)


def test_places_count_characters_from_one() -> None:
    found = split.statements("-- ü\n  SELECT 'ü'; SELECT 2".encode(), "m.sql")

    assert [str(s.source) for s in found] == ["m.sql:2:3", "m.sql:2:15"]


def test_a_byte_order_mark_is_taken_off() -> None:
    assert split.statements(b"\xef\xbb\xbfSELECT 1", "f")[0].sql == "SELECT 1"


def test_what_cannot_run_in_a_transaction_stands_outside() -> None:
    sql = b"SELECT 1; CREATE INDEX CONCURRENTLY i ON t (a); SELECT 2; VACUUM t"

    assert [s.transaction for s in split.statements(sql, "f")] == [0, None, 2, None]


def test_commit_ends_a_transaction() -> None:
    sql = b"BEGIN; SELECT 1; COMMIT; SELECT 2"

    assert [s.transaction for s in split.statements(sql, "f")] == [0, 0, 0, 1]


def test_settings_hold_for_later_statements() -> None:
    sql = b"SET search_path = a, b; SELECT 1; SET lock_timeout = 5; RESET search_path; SELECT 2"
    found = split.statements(sql, "f")

    assert found[1].settings == (Setting(name="search_path", value="a, b"),)
    assert found[4].settings == ()


def test_directives_belong_to_the_next_statement() -> None:
    sql = b"SELECT 1;\n-- zdm: run in contract -- nobody reads it\nDROP TABLE t"
    first, second = split.statements(sql, "f.sql")

    assert first.directives == ()
    assert second.directives[0].argument == "contract"
    assert second.directives[0].reason == "nobody reads it"
    assert str(second.directives[0].source) == "f.sql:2:1"


def test_a_directive_in_a_literal_is_none() -> None:
    (only,) = split.statements(b"SELECT '-- zdm: run in expand'", "f")

    assert only.directives == ()


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (b"SELECT 1;\nSELEC 2", "m.sql:2:1: PostgreSQL cannot read this: syntax error"),
        (b"\\d users", "m.sql:1:1: the psql command `\\d` is not SQL"),
        (b"SELECT :'name'", "m.sql:1:8: the psql variable `:'name'` is not SQL"),
        (b"COPY t FROM stdin;\n1\t2\n\\.\n", "m.sql:2:1: the data of a COPY"),
        (b"SELECT '\xff'", "m.sql:1: byte 8 is not UTF-8"),
        (b"SELECT 1;\0", "m.sql:1:10: PostgreSQL cannot read this: the text contains a NUL"),
        (b"-- zdm: run in contract\nSELECT 1", "m.sql:1:1: `run in contract` has no reason"),
        (b"-- zdm: run in soup -- x\nSELECT 1", "m.sql:1:1: `run in soup` names no phase"),
        (b"-- zdm: hurry\nSELECT 1", "m.sql:1:1: `zdm: hurry` is no directive"),
        (b"-- zdm: reverse a = 1, 2\nSELECT 1", "m.sql:1:1: the way back `1, 2`"),
        (b"SELECT 1;\n-- zdm: reverse a = b", "m.sql:2:1: this directive stands above no"),
    ],
)
def test_bad_input_has_one_error_with_its_place(sql: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        split.statements(sql, "m.sql")

    assert caught.value.message.startswith(message)
    assert caught.value.hint
