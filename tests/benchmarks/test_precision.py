"""The comparison with other linters: what it takes for unsafe, and its page."""

from collections.abc import Iterator

import pytest

from benchmarks.precision import observed, page, tools
from benchmarks.precision.corpora import Case
from tests.golden import Golden
from zdm.postgres.server.provider import Server

BEFORE = """
CREATE TABLE orgs (id bigint PRIMARY KEY);
CREATE TABLE users (id bigint PRIMARY KEY, org_id bigint NOT NULL, name text);
CREATE TABLE parts (n int) PARTITION BY RANGE (n);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (20000);
"""
UNSAFE = [
    ("CREATE INDEX ON users (name);", "blocks"),
    ("ALTER TABLE users ADD UNIQUE (id, name);", "blocks"),
    ("ALTER TABLE users ALTER id TYPE int;", "blocks"),
    ("VACUUM FULL users;", "blocks"),
    ("ALTER TABLE users ADD COLUMN x int NOT NULL;", "fails"),
    ("ALTER TABLE users RENAME TO people;", "breaks"),
    ("ALTER TABLE users DROP COLUMN name;", "breaks"),
    ("ALTER TABLE users ENABLE ROW LEVEL SECURITY;", "breaks"),
    ("REVOKE SELECT ON users FROM precision_app;", "breaks"),
    ("TRUNCATE users;", "loses"),
    ("UPDATE users SET name = 'x';", "loses"),
    ("SET LOCAL lock_timeout = '1s';", "undoes"),
    ("BEGIN;", "undoes"),
]
SAFE = [
    "CREATE INDEX CONCURRENTLY ON users (name);",
    "ALTER TABLE users ADD COLUMN x int NOT NULL DEFAULT 1;",
    "ALTER TABLE users ADD FOREIGN KEY (org_id) REFERENCES orgs NOT VALID;",
    "ALTER TABLE users ALTER name TYPE varchar;",
    "UPDATE users SET name = 'x' WHERE id = 10001;",
    "ALTER TABLE parts DETACH PARTITION parts_1 CONCURRENTLY;",
    "VACUUM users;",
]


@pytest.fixture(scope="module")
def judge() -> Iterator[Server]:
    with observed.server() as server:
        yield server


def seen(server: Server, sql: str, before: str = BEFORE) -> list[tuple[str, ...]]:
    """The facts of each statement."""
    case = Case(corpus="tests", name="case", sql=sql, before=before)
    return [one.facts for one in observed.case(server, case)]


@pytest.mark.parametrize(("sql", "fact"), UNSAFE)
def test_postgresql_shows_what_is_unsafe(judge: Server, sql: str, fact: str) -> None:
    [facts] = seen(judge, sql)

    assert fact in {found.partition(":")[0] for found in facts}


@pytest.mark.parametrize("sql", SAFE)
def test_postgresql_shows_what_is_safe(judge: Server, sql: str) -> None:
    assert seen(judge, sql) == [()]


def test_a_scan_counts_where_an_earlier_statement_holds_the_lock(judge: Server) -> None:
    sql = "BEGIN; ALTER TABLE orgs ADD x int; SELECT count(*) FROM users; COMMIT;"
    kinds = [[fact.partition(":")[0] for fact in facts] for facts in seen(judge, sql)]

    assert kinds == [[], [], ["blocks"], []]


def test_a_second_table_stopped_counts(judge: Server) -> None:
    sql = "BEGIN; ALTER TABLE orgs ADD x int; ALTER TABLE users ADD x int; COMMIT;"
    kinds = [[fact.partition(":")[0] for fact in facts] for facts in seen(judge, sql)]

    assert kinds == [[], [], ["stops"], []]


def test_what_a_migration_takes_for_granted_is_made(judge: Server) -> None:
    sql = "ALTER TABLE shop.carts VALIDATE CONSTRAINT c; DROP INDEX CONCURRENTLY shop.i;"

    assert seen(judge, sql, before="") == [(), ()]


def test_a_finding_belongs_to_the_statement_at_its_place() -> None:
    sql = "SELECT 1; SELECT 2;\n  SELECT 3;"
    places = [tools.Place(line=0, column=10, rule="a"), tools.Place(line=1, column=4, rule="b")]

    assert tools.by_statement(sql, places) == {1: frozenset({"a"}), 2: frozenset({"b"})}


def test_zdm_is_asked_with_what_was_released() -> None:
    case = Case(corpus="tests", name="case", sql="DROP TABLE users;", before=BEFORE)

    assert "drop-table" in tools.zdm(case)[0][0]


def test_the_page_follows_from_the_results_and_the_judgements(golden: Golden) -> None:
    golden.check(page.PAGE, page.page())


def test_every_difference_has_a_judgement() -> None:
    judgements = page.judged()

    assert page.unjudged(page.rows(judgements), judgements) == []
