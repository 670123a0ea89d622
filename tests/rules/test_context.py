"""What the gate knows from the files before a statement, and from those of its transaction."""

import pytest

from tests.rules import checking
from zdm.rules.report import Level

LIMIT = "SET lock_timeout = '2s';\n"
ATTACH = "ALTER TABLE events ATTACH PARTITION e FOR VALUES FROM (1) TO (2);"
PARENT = "CREATE TABLE events (n int NOT NULL) PARTITION BY RANGE (n);"


def test_a_partition_of_an_unknown_table_may_have_a_default_beside_it() -> None:
    new = f"{LIMIT}CREATE TABLE e (n int NOT NULL); "

    assert checking.found(new + ATTACH) == ["attach-partition-scan"]
    assert checking.found(new + ATTACH, PARENT) == []
    assert checking.found(f"{new}ALTER TABLE events ATTACH PARTITION e DEFAULT;") == []


DATES = "CREATE TABLE events (id bigint NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);"
YEAR = "ALTER TABLE events ATTACH PARTITION e FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');"
IN_2025 = "at >= '2025-01-01' AND at < '2026-01-01'"
PROVEN = [
    f"CREATE TABLE e (id bigint NOT NULL, at date NOT NULL, CHECK ({IN_2025}));",
    f"CREATE TABLE e (id bigint NOT NULL, at date CHECK (at IS NOT NULL AND {IN_2025}));",
    f"CREATE TABLE e (LIKE events, CONSTRAINT y CHECK ({IN_2025}));",
    f"CREATE TABLE e (LIKE events); ALTER TABLE e ADD CONSTRAINT y CHECK ({IN_2025});",
]


@pytest.mark.parametrize("child", PROVEN)
def test_a_check_of_an_earlier_file_proves_what_a_partition_holds(child: str) -> None:
    assert checking.found(LIMIT + YEAR, DATES + child) == []
    assert checking.found(LIMIT + YEAR, DATES + child.replace("2025-01", "2025-02")) == [
        "attach-partition-scan"
    ]


def test_a_key_that_is_an_expression_is_not_proven_by_a_check_of_its_column() -> None:
    dates = DATES.replace("(at)", "(date_trunc('day', at))")

    assert checking.found(LIMIT + YEAR, dates + PROVEN[0]) == ["attach-partition-scan"]


@pytest.mark.parametrize(
    "default",
    [
        "CREATE TABLE rest PARTITION OF events DEFAULT;",
        "CREATE TABLE rest (LIKE events); ALTER TABLE events ATTACH PARTITION rest DEFAULT;",
    ],
)
def test_rows_of_the_default_partition_that_a_file_makes_are_read(default: str) -> None:
    new = f"{LIMIT}CREATE TABLE e (LIKE events); "
    of = f"{LIMIT}CREATE TABLE e PARTITION OF events {YEAR[YEAR.index('FOR') :]}"

    assert checking.found(new + YEAR, DATES) == []
    assert checking.found(new + YEAR, DATES + default) == ["attach-partition-scan"]
    assert [f.level for f in checking.report(of, DATES).findings] == [Level.WARN]
    assert [f.level for f in checking.report(of, DATES + default).findings] == [Level.ERROR]


SLOW = [
    ("CREATE TABLE copy AS SELECT * FROM orgs;", True),
    ("CREATE TABLE copy AS SELECT * FROM orgs WITH NO DATA;", False),
    ("CREATE MATERIALIZED VIEW copy AS SELECT * FROM orgs;", True),
    ("CREATE VIEW copy AS SELECT * FROM orgs;", False),
    ("SELECT count(*) FROM orgs;", True),
    ("SELECT setval('s', (SELECT max(id) FROM orgs));", False),
    ("SELECT id FROM orgs WHERE id = 1;", False),
    ("ANALYZE orgs;", True),
    ("SELECT pg_sleep(60);", True),
]


@pytest.mark.parametrize(("sql", "slow"), SLOW)
def test_what_reads_all_rows_is_slow_under_the_lock_of_another_statement(
    sql: str, slow: bool
) -> None:
    before = "CREATE TABLE t (id int); CREATE TABLE orgs (id bigint PRIMARY KEY);"
    found = checking.found(f"{LIMIT}BEGIN; ALTER TABLE t ADD n int; {sql} COMMIT;", before)

    assert found == (["statement-while-holding-access-exclusive"] if slow else [])
    assert checking.found(f"{LIMIT}BEGIN; {sql} COMMIT;", before) == []


TEMPORARY = [
    "CREATE TEMP VIEW v AS SELECT 1; CREATE OR REPLACE TEMP VIEW v AS SELECT 2; DROP VIEW v;",
    "CREATE TEMP SEQUENCE s; ALTER SEQUENCE s RESTART; DROP SEQUENCE s;",
    "CREATE TABLE pg_temp.q (id int); CREATE INDEX ON pg_temp.q (id); DROP TABLE pg_temp.q;",
    "CREATE TABLE pg_temp.q (id int); CREATE INDEX ON q (id); DROP TABLE q;",
    "CREATE TEMP TABLE q (id int); ALTER TABLE pg_temp.q ADD n int NOT NULL;",
    "CREATE TEMP TABLE t (id int); TRUNCATE pg_temp.t; UPDATE pg_temp.t SET id = 1;",
    "CREATE TEMP VIEW v AS SELECT 1; DROP VIEW pg_temp.v;",
    "CREATE TEMP SEQUENCE s; DROP SEQUENCE pg_temp.s;",
    "CREATE TYPE pg_temp.e AS ENUM ('a'); DROP TYPE pg_temp.e;",
]


@pytest.mark.parametrize("sql", TEMPORARY)
def test_what_is_named_by_pg_temp_is_in_no_use(sql: str) -> None:
    assert checking.found(LIMIT + sql, "CREATE TABLE t (id int);") == []


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TEMP TABLE u (id int); DROP TABLE public.t;",
        "SET search_path = pg_temp, public; DROP TABLE t;",
        "CREATE TABLE pg_temp.x (id int); DROP TABLE t;",
        "CREATE TEMP VIEW v AS SELECT 1; DROP VIEW v; DROP TABLE t;",
    ],
)
def test_pg_temp_hides_no_table_in_use(sql: str) -> None:
    assert checking.found(LIMIT + sql, "CREATE TABLE t (id int);") == ["drop-table"]


@pytest.mark.parametrize("kind", ["TABLE", "VIEW", "SEQUENCE"])
def test_a_second_drop_of_the_same_name_drops_nothing(kind: str) -> None:
    rule = f"drop-{kind.lower()}"
    sql = f"{LIMIT}DROP {kind} x; DROP {kind} IF EXISTS x; DROP {kind} other.x;"

    assert checking.found(sql) == [rule, rule]


def test_functions_of_one_name_are_several() -> None:
    sql = (
        f"{LIMIT}DROP FUNCTION f(int); DROP FUNCTION f(text); DROP DATABASE d; DROP DATABASE d;"
    )

    assert checking.found(sql) == ["drop-function", "drop-function", "drop-database"]


VIEW = "CREATE TABLE t (id int, name text); CREATE VIEW v AS SELECT id FROM t;"
VIEWS = [
    ("SELECT id FROM t", False),
    ("SELECT id, name FROM t", False),
    ("SELECT id + 1 AS id FROM t", True),
    ("SELECT id, name FROM t WHERE name > ''", True),
    ("SELECT DISTINCT id FROM t", True),
    ("SELECT id, count(*) FROM t", True),
    ("SELECT id FROM t UNION SELECT 1", True),
]


@pytest.mark.parametrize(("query", "changes"), VIEWS)
def test_a_view_that_gets_columns_more_shows_the_old_ones_as_before(
    query: str, changes: bool
) -> None:
    found = checking.found(f"{LIMIT}CREATE OR REPLACE VIEW v AS {query};", VIEW)

    assert ("view-replace" in found) is changes


@pytest.mark.parametrize("kind", ["VIEW", "SEQUENCE"])
def test_a_temporary_object_hides_none_that_is_dropped_after_it(kind: str) -> None:
    made = {"VIEW": "CREATE TEMP VIEW x AS SELECT 1", "SEQUENCE": "CREATE TEMP SEQUENCE x"}
    sql = f"{LIMIT}{made[kind]}; DROP {kind} x; DROP {kind} x;"

    assert checking.found(sql) == [f"drop-{kind.lower()}"]


VIEW_OF_ROWS = (
    "CREATE TABLE t (id bigint);\nCREATE MATERIALIZED VIEW m AS SELECT count(*) AS n FROM t;"
)


def test_a_finding_names_the_relations_that_its_lock_is_on() -> None:
    found = checking.report("REFRESH MATERIALIZED VIEW m;", VIEW_OF_ROWS).findings

    assert {(f.lock, f.relations) for f in found} == {("ACCESS EXCLUSIVE", ("m",))}


NO_DEFAULT = "ALTER TABLE t ALTER COLUMN name DROP DEFAULT;"


def test_a_default_that_is_not_there_is_not_dropped() -> None:
    without = f"CREATE TABLE t (id bigint PRIMARY KEY, name text); {LIMIT}"

    assert checking.found(LIMIT + NO_DEFAULT, without) == []
    assert checking.found(LIMIT + NO_DEFAULT) == ["drop-default"]
    assert checking.found(LIMIT + NO_DEFAULT, "CREATE TABLE t AS SELECT 1;") == ["drop-default"]
