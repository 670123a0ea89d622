"""A file as Statements: bytes, places, transactions, settings, directives."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdm.errors import InputError
from zdm.model.statement import Setting, Timeouts
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

    assert [s.transaction for s in split.statements(sql, "f")] == [0, None, 1, None]


def test_commit_ends_a_transaction() -> None:
    sql = b"BEGIN; SELECT 1; COMMIT; SELECT 2"

    assert [s.transaction for s in split.statements(sql, "f")] == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("sql", "outside"),
    [
        ("VACUUM t", True),
        ("ANALYZE t", False),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY m", False),
        ("REINDEX TABLE t", False),
        ("REINDEX (CONCURRENTLY) TABLE t", True),
        ("REINDEX SCHEMA s", True),
        ("DROP INDEX CONCURRENTLY i", True),
        ("DROP INDEX i", False),
        ("ALTER TABLE p DETACH PARTITION q CONCURRENTLY", True),
        ("ALTER TABLE p DETACH PARTITION q", False),
        ("CLUSTER", True),
        ("CLUSTER t", False),
        ("DISCARD ALL", True),
        ("DISCARD TEMP", False),
        ("COMMIT PREPARED 'x'", True),
        ("CREATE DATABASE d", True),
        ("ALTER SYSTEM SET work_mem = 1", True),
    ],
)
def test_postgresql_refuses_some_in_a_transaction(sql: str, outside: bool) -> None:
    (only,) = split.statements(sql.encode(), "f")

    assert (only.transaction is None) is outside


def test_begin_starts_a_transaction_of_its_own() -> None:
    sql = b"SELECT 1; BEGIN; SELECT 2; COMMIT; BEGIN; SELECT 3; ROLLBACK"

    assert [s.transaction for s in split.statements(sql, "f")] == [0, 1, 1, 1, 2, 2, 2]


def in_force(sql: str) -> dict[str, str]:
    """The settings at the last statement."""
    return {s.name: s.value for s in split.statements(sql.encode(), "f")[-1].settings}


@pytest.mark.parametrize(
    ("sql", "settings"),
    [
        ("SET LOCAL search_path = a; SELECT 1", {"search_path": "a"}),
        ("BEGIN; SET LOCAL search_path = a; COMMIT; SELECT 1", {}),
        ("SET LOCAL search_path = a; VACUUM t", {}),
        ("BEGIN; SET search_path = a; COMMIT; SELECT 1", {"search_path": "a"}),
        (
            "SET search_path = a; SET LOCAL search_path = b; SELECT 1",
            {"search_path": "b"},
        ),
        ("SET search_path = a; SET LOCAL search_path TO DEFAULT; SELECT 1", {}),
        ("SET search_path = a; SET search_path TO DEFAULT; SELECT 1", {}),
        ("SET LOCAL search_path = a; SET search_path = b; SELECT 1", {"search_path": "b"}),
        ('SET search_path = "A b", "$user", c; SELECT 1',
         {"search_path": '"A b", "$user", c'}),
        ("SET search_path = 'a,b'; SELECT 1", {"search_path": '"a,b"'}),
        ("SET search_path = ''; SELECT 1", {"search_path": '""'}),
        ("SELECT pg_catalog.set_config('search_path', '', false); SELECT 1",
         {"search_path": ""}),
        ("BEGIN; SELECT set_config('search_path', 'a', true); COMMIT; SELECT 1", {}),
        ("SELECT set_config('search_path', x, false) FROM t; SELECT 1", {}),
        ("SELECT set_config('search_path', 'a', false) WHERE false; SELECT 1", {}),
        ("SET ROLE joe; SET search_path = a; RESET ALL; SELECT 1", {"role": "joe"}),
        ("SET SESSION AUTHORIZATION joe; SELECT 1", {"session_authorization": "joe"}),
        ("SET TIME ZONE 0; SELECT 1", {"TimeZone": "0"}),
        ("SET TIME ZONE -2.5; SELECT 1", {"TimeZone": "-2.5"}),
        ("SET transform_null_equals = on; SELECT 1", {"transform_null_equals": "on"}),
        ("SET transform_null_equals = true; SELECT 1", {"transform_null_equals": "true"}),
    ],
)  # fmt: skip
def test_the_settings_in_force(sql: str, settings: dict[str, str]) -> None:
    assert in_force(sql) == settings


def seconds(text: str) -> float | None:
    """The lock_timeout at the last statement, in seconds."""
    found = split.statements(text.encode(), "f")[-1].timeouts.lock
    return None if found is None else found.total_seconds()


@pytest.mark.parametrize(
    ("sql", "lock"),
    [
        ("SELECT 1", None),
        ("SET lock_timeout = 250; SELECT 1", 0.25),
        ("SET lock_timeout = '5s'; SELECT 1", 5),
        ("SET lock_timeout = '0.5min'; SELECT 1", 30),
        ("SET lock_timeout TO '1500us'; SELECT 1", 0.002),
        ("SET lock_timeout = 0; SELECT 1", 0),
        ("SET LOCK_TIMEOUT TO '2 s'; SELECT 1", 2),
        ("SET lock_timeout = '5 weeks'; SELECT 1", None),
        ("SELECT set_config('lock_timeout', '3s', true); SELECT 1", 3),
        ("SELECT 1; SET lock_timeout = '5s'", None),
        ("SET LOCAL lock_timeout = '5s'; SELECT 1", 5),
        ("BEGIN; SET LOCAL lock_timeout = '5s'; COMMIT; SELECT 1", None),
        ("SET LOCAL lock_timeout = '5s'; VACUUM t", None),
        ("SET lock_timeout = '5s'; VACUUM t", 5),
        ("SET lock_timeout = '5s'; SET LOCAL lock_timeout = '1s'; SELECT 1", 1),
        ("BEGIN; SET lock_timeout = '5s'; SET LOCAL lock_timeout = '1s'; COMMIT; SELECT 1", 5),
        ("SET LOCAL lock_timeout = '1s'; SET lock_timeout = '5s'; SELECT 1", 5),
        ("SET lock_timeout = '5s'; RESET lock_timeout; SELECT 1", None),
        ("SET lock_timeout = '5s'; SET lock_timeout TO DEFAULT; SELECT 1", None),
        ("SET lock_timeout = '5s'; RESET ALL; SELECT 1", None),
        ("SET lock_timeout = '5s'; DISCARD ALL; SELECT 1", None),
        ("BEGIN; SET lock_timeout = '5s'; COMMIT; SELECT 1", 5),
        ("BEGIN; SET lock_timeout = '5s'; ROLLBACK; SELECT 1", None),
        ("BEGIN; RESET lock_timeout; ROLLBACK; SELECT 1", None),
        ("SET lock_timeout = '5s'; BEGIN; RESET lock_timeout; ROLLBACK; SELECT 1", 5),
        ("SAVEPOINT a; SET lock_timeout = '5s'; ROLLBACK TO a; SELECT 1", None),
        ("SET LOCAL lock_timeout = '1s'; SAVEPOINT a; SET lock_timeout = '5s';"
         " SAVEPOINT b; SET lock_timeout = '9s'; ROLLBACK TO a; SELECT 1", 1),
        ("SAVEPOINT a; SET lock_timeout = '5s'; RELEASE a; SELECT 1", 5),
        ("SAVEPOINT a; SET lock_timeout = '5s'; SAVEPOINT a; SET lock_timeout = '9s';"
         " ROLLBACK TO a; SELECT 1", 5),
    ],
)  # fmt: skip
def test_the_lock_timeout_in_force(sql: str, lock: float | None) -> None:
    assert seconds(sql) == lock


def test_every_timeout_is_kept() -> None:
    sql = b"""
    SET lock_timeout = 1; SET statement_timeout = 2; SET transaction_timeout = 3;
    SET idle_in_transaction_session_timeout = 4; SELECT 1
    """
    kept = split.statements(sql, "f")[-1].timeouts

    assert kept == Timeouts(
        lock=timedelta(milliseconds=1),
        statement=timedelta(milliseconds=2),
        transaction=timedelta(milliseconds=3),
        idle_in_transaction=timedelta(milliseconds=4),
    )


def test_timeouts_are_no_settings_that_change_meaning() -> None:
    sql = b"SET lock_timeout = 1; SET search_path = a; ROLLBACK; SELECT 1"

    assert [len(s.settings) for s in split.statements(sql, "f")] == [0, 0, 1, 0]


def test_a_way_back_may_have_a_reason() -> None:
    sql = b"-- zdm: reverse \"A\" = b || '--' || c -- nothing else wrote it\nSELECT 1"
    (directive,) = split.statements(sql, "f")[0].directives

    assert (directive.argument, directive.expression, directive.reason) == (
        "A",
        "b || '--' || c",
        "nothing else wrote it",
    )


def test_a_block_comment_and_several_directives_count() -> None:
    sql = b"-- zdm: ignore drop-table -- x\n/* zdm: run in expand -- y */\n-- other\nSELECT 1"
    (only,) = split.statements(sql, "f")

    assert [d.reason for d in only.directives] == ["y"]


def test_statements_are_slices_in_bytes() -> None:
    found = split.statements("SELECT 'ü'; SELECT 2".encode(), "f")

    assert [(one.start, one.length) for one in found] == [(0, 11), (13, 8)]


def test_a_file_is_pinned_by_its_hash() -> None:
    assert split.source_file(b"", "f.sql").sha256.startswith("e3b0c44298fc1c14")


def test_deep_nesting_does_not_stop_the_splitter() -> None:
    sql = b"SELECT " + b"(SELECT " * 500 + b"1" + b")" * 500

    assert len(split.statements(sql, "f")) == 1


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


def test_a_directive_may_be_in_capitals() -> None:
    (only,) = split.statements(b"-- ZDM: Run In Expand -- x\nSELECT 1", "f")

    assert only.directives[0].argument == "expand"


def test_a_directive_that_is_commented_out_is_none() -> None:
    (only,) = split.statements(b"-- -- zdm: run in expand -- x\nSELECT 1", "f")

    assert only.directives == ()


def test_a_statement_may_be_privileged_and_have_a_phase() -> None:
    sql = b"-- zdm: privileged -- x\n-- zdm: run in contract -- y\nSELECT 1"
    (only,) = split.statements(sql, "f")

    assert [d.kind for d in only.directives] == ["privileged", "run in"]
    assert only.privileged


@pytest.mark.parametrize(
    ("comment", "reason"),
    [("-- zdm: keep old values", ""), ("/* zdm: keep  old values -- audit */", "audit")],
)
def test_old_values_may_be_kept_without_a_reason(comment: str, reason: str) -> None:
    (only,) = split.statements(f"{comment}\nUPDATE t SET a = 1".encode(), "f")

    assert [(d.kind.value, d.reason) for d in only.directives] == [("keep old values", reason)]


def test_what_becomes_of_orphans_has_a_reason() -> None:
    (only,) = split.statements(b"-- zdm: orphans PARK -- an old import\nSELECT 1", "f")

    assert [(d.argument, d.reason) for d in only.directives] == [("park", "an old import")]
    with pytest.raises(InputError, match="has no reason"):
        split.statements(b"-- zdm: orphans delete\nSELECT 1", "f")


def test_a_directive_in_a_literal_is_none() -> None:
    (only,) = split.statements(b"SELECT '-- zdm: run in expand'", "f")

    assert only.directives == ()


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (b"SELECT 1;\nSELEC 2", "m.sql:2:1: PostgreSQL cannot read this: syntax error"),
        (b"\\d users", "m.sql:1:1: the psql command `\\d` is not SQL"),
        (b"SELECT :'name'", "m.sql:1:8: the psql variable `:'name'` is not SQL"),
        (b"SELECT 1 \\gset\n", "m.sql:1:10: the psql command `\\gset` is not SQL"),
        (b"DROP TABLE :t", "m.sql:1:12: the psql variable `:t` is not SQL"),
        (b"COPY t FROM stdin;\n1\t2\n\\.\n", "m.sql:2:1: the data of a COPY"),
        (b"COPY t FROM stdin;\n\\N\t2\n\\.\n", "m.sql:2:1: the data of a COPY"),
        (b"-- copy it from stdin\nSELEC", "m.sql:2:1: PostgreSQL cannot read this"),
        (b'SELECT \'{"a":"b"}\'; SELEC', "m.sql:1:21: PostgreSQL cannot read this"),
        (b"SELECT 1 FROM\n", "m.sql:2:1: PostgreSQL cannot read this: syntax error at end"),
        (b"SELEC " + b"x" * 90, "m.sql:1:1: PostgreSQL cannot read this"),
        ("SELECT 'ü\n".encode() + b"x\xff'", "m.sql:2:2: byte 0xff is not UTF-8"),
        (b"SELECT '\xff'", "m.sql:1:9: byte 0xff is not UTF-8"),
        (b"SELECT 1;\0", "m.sql:1:10: PostgreSQL cannot read this: the text contains a NUL"),
        (b"-- zdm: run in contract\nSELECT 1", "m.sql:1:1: `run in contract` has no reason"),
        (
            b"-- zdm: run in soup -- x\nSELECT 1",
            "m.sql:1:1: a statement cannot run in the phase `soup`",
        ),
        (b"-- zdm: privileged\nSELECT 1", "m.sql:1:1: `privileged` has no reason"),
        (b"-- # zdm: privileged -- x\nSELECT 1", "m.sql:1:1: the comment `# zdm: privileged"),
        (b"-- zdm run in expand -- x\nSELECT 1", "m.sql:1:1: the comment `zdm run in expand"),
        (
            b"-- zdm: run in expand -- x\n-- zdm: run in contract -- y\nSELECT 1",
            "m.sql:2:1: the statement is to run in expand and in contract",
        ),
        (b"-- zdm: hurry\nSELECT 1", "m.sql:1:1: `zdm: hurry` is not a directive"),
        (b"-- zdm: reverse a = 1, 2\nSELECT 1", "m.sql:1:1: the reverse `1, 2`"),
        (b"-- zdm: ignorance -- x\nSELECT 1", "m.sql:1:1: `zdm: ignorance -- x` is not a"),
        (b"SELECT 1;\n-- zdm: reverse a = b", "m.sql:2:1: this directive is not above a"),
        (
            b"DROP TABLE t; -- zdm: run in contract -- x\nSELECT 1",
            "m.sql:1:15: this directive is not above a",
        ),
        (
            b"CREATE TABLE t (\n-- zdm: run in contract -- x\na int)",
            "m.sql:2:1: this directive is not above a",
        ),
    ],
)
def test_bad_input_has_one_error_with_its_place(sql: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        split.statements(sql, "m.sql")

    assert caught.value.message.startswith(message)
    assert caught.value.hint
