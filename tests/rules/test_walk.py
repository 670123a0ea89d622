"""What the walk knows at a statement: files before it, the release, transactions, settings."""

from datetime import timedelta

import pytest

from tests.rules import checking
from zdm.model.findings import Severity
from zdm.model.rule import Transactions
from zdm.rules import ALL, walk
from zdm.rules.report import InputFile, Level

TABLE = "CREATE TABLE t (id bigint PRIMARY KEY, n int);"
LIMIT = "SET lock_timeout = '2s';\n"
INDEX = "CREATE INDEX t_n ON t (n);"


def of_files(*texts: str, one_release: bool = False) -> list[tuple[str, str]]:
    files = [InputFile(path=f"{n}.sql", data=t.encode()) for n, t in enumerate(texts, 1)]
    report = walk.check(files, checking.EMPTY, checking.terms(one_release=one_release), ALL)
    return [(f.source.file, f.rule) for f in report.findings]


def test_a_table_of_the_same_file_is_not_in_use() -> None:
    assert checking.found(f"{TABLE}\n{INDEX}") == []


def test_a_table_of_an_earlier_file_is_in_use() -> None:
    assert of_files(TABLE, LIMIT + INDEX) == [("2.sql", "index-not-concurrent")]


def test_changed_files_together_are_one_release() -> None:
    assert of_files(TABLE, LIMIT + INDEX, one_release=True) == []


def test_a_released_file_is_not_reported_and_its_schema_is_known() -> None:
    found = checking.found(
        LIMIT + "ALTER TABLE t ALTER n TYPE bigint;",
        TABLE.replace("n int", "n bigint") + INDEX,
    )

    assert found == []


def test_a_table_that_no_file_makes_is_in_use() -> None:
    assert checking.found(LIMIT + "CREATE INDEX i ON elsewhere (n);") == [
        "index-not-concurrent"
    ]


def test_a_not_null_of_a_table_that_no_file_makes_is_judged() -> None:
    found = checking.found(LIMIT + "ALTER TABLE t ADD CONSTRAINT c NOT NULL n NOT VALID;")

    assert "constraint-not-valid-left-behind" in found


@pytest.mark.parametrize("more", ["", "IF NOT EXISTS "])
def test_a_table_that_refers_to_itself_is_made_by_its_statement(more: str) -> None:
    sql = f"CREATE TABLE {more}node (id bigint PRIMARY KEY, above bigint REFERENCES node);"

    assert checking.found(LIMIT + "ALTER TABLE node ALTER above TYPE bigint;", sql) == []


def test_a_new_table_may_refer_to_one_that_no_file_makes() -> None:
    sql = "CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint REFERENCES users);"

    assert checking.found(f"{LIMIT}{sql}\nCREATE INDEX i ON orders (customer);") == []


def test_a_statement_is_shown_without_carriage_returns() -> None:
    (found,) = checking.report(LIMIT + "ALTER TABLE t\r\n  DROP COLUMN n;", TABLE).findings

    assert found.statement == "ALTER TABLE t\n  DROP COLUMN n"


def test_create_table_if_not_exists_may_find_a_table_in_use() -> None:
    sql = LIMIT + TABLE.replace("TABLE t", "TABLE IF NOT EXISTS t") + INDEX

    assert checking.found(sql) == ["index-not-concurrent"]


@pytest.mark.parametrize(
    "rename",
    ["ALTER TABLE t RENAME TO u;", "CREATE SCHEMA s; ALTER TABLE t SET SCHEMA s;"],
)
def test_a_table_under_another_name_is_still_in_use(rename: str) -> None:
    table = "u" if "TO u" in rename else "s.t"
    found = checking.found(f"{LIMIT}{rename}\nCREATE INDEX i ON {table} (n);", TABLE)

    assert "index-not-concurrent" in found


def test_a_column_of_this_release_can_be_dropped_again() -> None:
    sql = LIMIT + "ALTER TABLE t ADD COLUMN x int;\nALTER TABLE t DROP COLUMN x;"

    assert checking.found(sql, TABLE) == []


def test_a_name_is_found_by_the_search_path_in_force() -> None:
    before = "CREATE SCHEMA app;\nCREATE TABLE app.t (id bigint PRIMARY KEY, n int);"
    found = checking.report(LIMIT + "SET search_path = app;\n" + INDEX, before).findings

    assert [(f.rule, f.relations) for f in found] == [("index-not-concurrent", ("app.t",))]


def test_a_constraint_is_validated_for_the_column_that_it_names_only() -> None:
    sql = (
        LIMIT
        + "ALTER TABLE t ADD CONSTRAINT p CHECK (id IS NOT NULL) NOT VALID;\n"
        + "ALTER TABLE t VALIDATE CONSTRAINT p;\nALTER TABLE t ALTER n SET NOT NULL;"
    )

    assert "set-not-null-scan" in checking.found(sql, TABLE)


def test_a_file_in_one_transaction_cannot_build_concurrently() -> None:
    sql = "CREATE INDEX CONCURRENTLY t_n ON t (n);"

    assert checking.found(sql, TABLE, transactions=Transactions.FILE) == [
        "concurrently-in-transaction"
    ]


@pytest.mark.parametrize(
    "header",
    [
        "-- migrate:up transaction:false",
        "-- +goose NO TRANSACTION",
        "-- +migrate Up notransaction",
        "-- no-transaction",
        "-- atlas:txmode none\n",
        "-- why\n-- atlas:txmode none\n-- more\n",
        "\n/* why */\n-- +goose Up\n-- +goose NO TRANSACTION",
        "-- migrate:up other:x transaction:false",
    ],
)
def test_a_file_may_tell_its_runner_to_open_no_transaction(header: str) -> None:
    sql = f"{header}\nCREATE INDEX CONCURRENTLY t_n ON t (n);"

    assert checking.found(sql, TABLE, transactions=Transactions.FILE) == []


@pytest.mark.parametrize(
    "other",
    [
        "-- no-transaction is not used here",
        "-- why\n-- no-transaction",
        "/*\n-- no-transaction\n*/",
        "-- atlas:txmode none",
        "-- atlas:txmode none, says the wiki\n",
        "-- +goose NO TRANSACTION is for others",
        "-- +migrate Up notransaction-like",
        "-- migrate:up transaction:falsehood",
        "SELECT 1;\n-- +goose NO TRANSACTION",
        "COMMENT ON TABLE t IS '\n-- migrate:up transaction:false\n';",
    ],
)
def test_only_the_header_of_a_runner_opens_no_transaction(other: str) -> None:
    sql = f"{other}\nCREATE INDEX CONCURRENTLY t_n ON t (n);"

    assert "concurrently-in-transaction" in checking.found(
        sql, TABLE, transactions=Transactions.FILE
    )


def test_commit_in_a_file_that_the_runner_sends_in_one_transaction_is_found() -> None:
    found = checking.found("SELECT 1;\nCOMMIT;", transactions=Transactions.FILE)

    assert found == ["transaction-nesting"]


def test_what_a_rollback_undoes_is_not_there() -> None:
    sql = f"BEGIN;\nCREATE TABLE made (n int);\nROLLBACK;\n{LIMIT}CREATE INDEX i ON made (n);"

    assert checking.found(sql) == ["index-not-concurrent"]


def test_a_timeout_of_an_ended_transaction_does_not_count() -> None:
    sql = "BEGIN;\nSET LOCAL lock_timeout = '2s';\nCOMMIT;\nALTER TABLE t ADD COLUMN x int;"

    assert checking.found(sql, TABLE) == ["missing-lock-timeout"]


def test_the_limit_of_lock_timeout_is_a_setting() -> None:
    sql = LIMIT + "ALTER TABLE t ADD COLUMN x int;"

    assert checking.found(sql, TABLE, lock_timeout_limit=timedelta(seconds=1)) == [
        "lock-timeout-too-long"
    ]


def test_a_rule_can_be_turned_off_and_down() -> None:
    report = checking.report(
        LIMIT + INDEX, TABLE, severities={"index-not-concurrent": Severity.WARN}
    )
    off = checking.found(LIMIT + INDEX, TABLE, severities={"index-not-concurrent": None})

    assert [f.level for f in report.findings] == [Level.WARN]
    assert off == []


def test_statements_that_are_not_understood_are_counted() -> None:
    report = checking.report(
        "SELECT 1;\nDO $$ BEGIN END $$;\nCOMMENT ON TABLE t IS 'x';", TABLE
    )

    assert (report.statements, report.understood) == (3, 2)


def test_what_follows_an_opaque_statement_is_judged_all_the_same() -> None:
    found = checking.found("DO $$ BEGIN END $$;\n" + LIMIT + INDEX, TABLE)

    assert found == ["unparsed-statement", "index-not-concurrent"]


def test_an_edited_file_is_found() -> None:
    file = InputFile(path="1.sql", data=TABLE.encode(), edited=True)
    report = walk.check([file], checking.EMPTY, checking.terms(), ALL)

    assert [(f.rule, f.source.file) for f in report.findings] == [("edited-applied", "1.sql")]


def of_history(*files: tuple[str, bool]) -> list[tuple[str, str]]:
    """What is found of files, each with whether it is new."""
    inputs = [InputFile(path=path, data=b"SELECT 1;", judged=new) for path, new in files]
    report = walk.check(inputs, checking.EMPTY, checking.terms(one_release=True), ALL)
    return [(f.source.file, f.rule) for f in report.findings]


def test_a_new_file_below_a_released_one_is_found() -> None:
    found = of_history(("m/V1__a.sql", False), ("m/V2__b.sql", True), ("m/V10__c.sql", False))

    assert found == [("m/V2__b.sql", "nonlinear-history")]


@pytest.mark.parametrize(
    "files",
    [
        [("m/V1__a.sql", False), ("m/V2__b.sql", True)],
        [("m/R__views.sql", True), ("m/V1__a.sql", False)],
        [("other/V1__a.sql", True), ("m/V9__a.sql", False)],
        [("m/V1__a.sql", True), ("m/V2__b.sql", True)],
    ],
    ids=["above", "without version", "another folder", "nothing released"],
)
def test_a_new_file_elsewhere_is_in_order(files: list[tuple[str, bool]]) -> None:
    assert of_history(*files) == []


def test_a_finding_carries_lock_tables_and_place() -> None:
    found = checking.report("-- now\n" + LIMIT + "  " + INDEX, TABLE).findings[0]

    assert (found.lock, found.relations) == ("SHARE", ("t",))
    assert (found.source.line, found.source.column) == (3, 3)
    assert found.statement == INDEX.rstrip(";")


def test_references_in_a_new_table_lock_the_other_one() -> None:
    found = checking.found("CREATE TABLE u (t_id bigint PRIMARY KEY REFERENCES t (id));", TABLE)

    assert found == ["missing-lock-timeout"]


def test_partitions_of_one_table_are_one_table() -> None:
    before = (
        "CREATE TABLE p (n int) PARTITION BY RANGE (n);"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (1);"
        "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (1) TO (2);"
    )

    assert checking.found(LIMIT + "ALTER TABLE p ADD COLUMN x int;", before) == []
