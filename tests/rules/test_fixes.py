"""What the fixes of rules make of a file; the schema that it leaves is compared elsewhere."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.golden import FOLDER, Golden
from tests.rules import checking
from zdm.model.rule import Transactions
from zdm.rules import ALL, fixes
from zdm.rules.report import InputFile

TABLE = "CREATE TABLE t (id bigint PRIMARY KEY, n int, m int);\nCREATE INDEX t_m ON t (m);\n"
LIMIT = "SET lock_timeout = '2s';\n"
INDEX = "CREATE INDEX t_n ON t (n);\n"
BUILT = "CREATE INDEX CONCURRENTLY t_n ON t (n);\n"
CHECK = "ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0);\n"
PROVED = (
    "ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0) NOT VALID;\n"
    "ALTER TABLE t VALIDATE CONSTRAINT c;\n"
)


FIXABLE = "rules/fixable.txt"  # the refused cases for which their own rule has a fix


def fixable() -> list[Path]:
    """As they are listed."""
    return [checking.CASES / line for line in (FOLDER / FIXABLE).read_text().splitlines()]


def test_those_with_a_fix_are_listed(golden: Golden) -> None:
    paths = sorted(checking.CASES.glob("*/refused*.sql"))
    lines = [f"{path.relative_to(checking.CASES)}\n" for path in paths if _has_fix(path)]

    golden.check(FIXABLE, "".join(lines))


def _has_fix(path: Path) -> bool:
    slug = path.parent.name.replace("_", "-")
    found = checking.report(path.read_text(), _before(path)).findings
    return any(finding.rule == slug and finding.fix is not None for finding in found)


def _before(path: Path) -> str:
    return (path.parent / "before.sql").read_text()


def fixed(sql: str, **changed: object) -> str:
    data, _ = checking.fixed(sql.encode(), TABLE, checking.accepted, **changed)
    return data.decode()


@pytest.mark.parametrize("path", fixable(), ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_every_fixable_case_loses_its_finding_gets_no_other_and_stays_so(path: Path) -> None:
    before = Counter(checking.found(path.read_text(), _before(path)))
    data, left = checking.fixed(path.read_bytes(), _before(path))
    after = Counter(checking.found(data.decode(), _before(path)))

    assert path.parent.name.replace("_", "-") not in after
    assert after <= before
    assert left == {}
    assert checking.fixed(data, _before(path))[0] == data


@pytest.mark.parametrize(
    ("sql", "result"),
    [
        (f"BEGIN;\n{INDEX}COMMIT;\n", BUILT),
        (
            f"BEGIN;\nSET LOCAL lock_timeout = '1s';\n  {CHECK}COMMIT;\nSELECT 1;",
            "BEGIN;\nSET LOCAL lock_timeout = '1s';\n  ALTER TABLE t ADD CONSTRAINT c CHECK"
            " (n > 0) NOT VALID;\nCOMMIT;\nALTER TABLE t VALIDATE CONSTRAINT c;\nSELECT 1;",
        ),
        (
            f"{LIMIT}ALTER TABLE t ADD a int /* a */ CHECK (a > 0) DEFAULT 1,\n ADD b int;",
            f"{LIMIT}ALTER TABLE t ADD a int /* a */ DEFAULT 1, ADD b int;\n"
            "ALTER TABLE t ADD CONSTRAINT t_a_check CHECK (a > 0) NOT VALID;\n"
            "ALTER TABLE t VALIDATE CONSTRAINT t_a_check;",
        ),
        (
            f"{LIMIT}ALTER TABLE t ADD UNIQUE NULLS NOT DISTINCT (n) INCLUDE (m) DEFERRABLE",
            f"{LIMIT}SET lock_timeout = 0;\nDROP INDEX CONCURRENTLY IF EXISTS t_n_m_key;\n"
            "CREATE UNIQUE INDEX CONCURRENTLY t_n_m_key ON t (n)"
            f" INCLUDE (m) NULLS NOT DISTINCT;\n{LIMIT}ALTER TABLE t ADD CONSTRAINT t_n_m_key"
            " UNIQUE USING INDEX t_n_m_key DEFERRABLE",
        ),
        (
            "ALTER TABLE t ALTER n SET NOT NULL, ALTER m SET NOT NULL",
            f"{LIMIT}ALTER TABLE t ADD CONSTRAINT t_m_is_not_null CHECK (m IS NOT NULL) NOT"
            " VALID;\nALTER TABLE t VALIDATE CONSTRAINT t_m_is_not_null;\n"
            "ALTER TABLE t ALTER m SET NOT NULL;\n"
            "ALTER TABLE t DROP CONSTRAINT t_m_is_not_null;\n"
            "ALTER TABLE t ADD CONSTRAINT t_n_is_not_null CHECK (n IS NOT NULL) NOT VALID;\n"
            "ALTER TABLE t VALIDATE CONSTRAINT t_n_is_not_null;\n"
            "ALTER TABLE t ALTER n SET NOT NULL;\n"
            "ALTER TABLE t DROP CONSTRAINT t_n_is_not_null",
        ),
        ("DROP INDEX IF EXISTS t_m RESTRICT;", "DROP INDEX CONCURRENTLY IF EXISTS t_m;"),
        (
            "REINDEX (VERBOSE) TABLE t;",
            "REINDEX (VERBOSE) TABLE CONCURRENTLY t;",
        ),
    ],
)
def test_a_fix_is_written_as_a_person_would(sql: str, result: str) -> None:
    assert fixed(sql) == result


def test_all_other_bytes_stay() -> None:
    around = "\ufeff-- é\r\n\t/* é */ SELECT 'é; CREATE INDEX ON t (n)'  ;\r\n{}  -- last"
    sql = around.format("  CREATE INDEX -- why\r\n t_n ON t (n) ;").encode()
    data, _ = checking.fixed(sql, TABLE)

    assert (
        data == around.format("  CREATE INDEX CONCURRENTLY -- why\r\n t_n ON t (n) ;").encode()
    )


def test_a_comment_that_a_fix_would_lose_keeps_the_statement() -> None:
    sql = f"{LIMIT}ALTER TABLE t ADD UNIQUE /* why */ (n);"
    data, left = checking.fixed(sql.encode(), TABLE)

    assert data == sql.encode()
    assert left == {
        "unique-constraint-builds-index": "a comment within the statement would be lost"
    }


@pytest.mark.parametrize(
    ("head", "fixed_head"),
    [
        ("-- +goose Up\n", "-- +goose NO TRANSACTION\n-- +goose Up\n"),
        ("-- +migrate Up\r\n", "-- +migrate Up notransaction\r\n"),
        ("-- migrate:up\n", "-- migrate:up transaction:false\n"),
    ],
)
def test_the_runner_is_told_to_open_no_transaction(head: str, fixed_head: str) -> None:
    assert fixed(head + INDEX, transactions=Transactions.FILE) == fixed_head + BUILT


def test_the_settings_say_how_another_runner_is_told() -> None:
    result = fixed(CHECK, transactions=Transactions.FILE, no_transaction="-- atlas:txmode none")

    assert result == f"-- atlas:txmode none\n\n{LIMIT}{PROVED}"


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        (INDEX, "set `no_transaction` under [check]"),
        (f"-- +goose Up\n{INDEX}DELETE FROM t WHERE id = 1;", "give it its own file"),
        (
            f"-- +goose Up\n-- +goose StatementBegin\n{CHECK}-- +goose StatementEnd\n",
            "StatementBegin and StatementEnd are around it",
        ),
        (f"-- migrate:up\n{CHECK}", "as a single text"),
        (f"-- migrate:up\n{INDEX}DROP INDEX t_m;", "as a single text"),
    ],
)
def test_what_one_file_cannot_hold_is_left_and_said(sql: str, why: str) -> None:
    data, left = checking.fixed(sql.encode(), TABLE, transactions=Transactions.FILE)

    assert b"CONCURRENTLY" not in data
    assert b"NOT VALID" not in data
    assert any(why in reason for reason in left.values())


def test_a_fix_that_the_schema_forbids_leaves_the_other_statements_fixed() -> None:
    def refuse_check(_before: Sequence[InputFile], _old: InputFile, new: InputFile) -> str:
        return "it would differ" if b"NOT VALID" in new.data else ""

    data, left = checking.fixed((LIMIT + CHECK + INDEX).encode(), TABLE, refuse_check)

    assert data.decode() == f"{LIMIT}{CHECK}SET lock_timeout = 0;\n{BUILT}"
    assert left == {"check-constraint-without-not-valid": "it would differ"}


def test_an_ignored_finding_is_not_fixed() -> None:
    sql = f"{LIMIT}-- zdm: ignore index-not-concurrent -- forty rows\n{INDEX}"

    assert fixed(sql) == sql


def test_a_released_file_is_not_fixed() -> None:
    released = InputFile(path="a.sql", data=(TABLE + INDEX).encode(), judged=False)
    done = fixes.applied((released,), checking.EMPTY, checking.terms(), ALL, checking.accepted)

    assert done.files == (released,)
