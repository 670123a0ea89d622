"""What a gate must not get wrong: 15 points, and errors of other linters.

Each case names the point (P1 to P15) or the other tool (E: …) that it belongs to. That the
server does so is asked in tests/postgres/impact and tests/postgres/rules.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rules import checking
from zdm.model.rule import Transactions
from zdm.revisions.offline import history, reading
from zdm.rules import ALL, walk
from zdm.rules.report import InputFile

LIMIT = "SET lock_timeout = '2s';\n"
BEFORE = """
CREATE DOMAIN price AS numeric CHECK (VALUE >= 0);
CREATE TABLE orgs (id bigint PRIMARY KEY);
CREATE TABLE users (
    id bigint PRIMARY KEY, org_id bigint REFERENCES orgs (id), email varchar(50) NOT NULL,
    name varchar(50), tags varchar(10)[], at timestamp, n int CHECK (n > 0), bio text, k bigint
);
CREATE INDEX users_org ON users (org_id);
CREATE INDEX users_bio ON users (lower(bio));
CREATE INDEX users_at ON users (at);
CREATE UNIQUE INDEX users_email ON users (email);
CREATE UNIQUE INDEX users_k ON users (k);
CREATE VIEW names AS SELECT name FROM users;
CREATE TABLE parts (n int NOT NULL, org_id bigint) PARTITION BY RANGE (n);
CREATE INDEX parts_n ON parts (n);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE parts_2 (n int NOT NULL CHECK (n >= 10 AND n < 20), org_id bigint);
CREATE MATERIALIZED VIEW totals AS SELECT count(*) FROM orgs;
CREATE SCHEMA app;
CREATE TABLE app.things (id bigint PRIMARY KEY, n int);
CREATE UNLOGGED TABLE drafts (n int);
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A text, what must be found in it and what must not."""

    point: str
    sql: str
    found: str = ""
    absent: str = ""
    one_transaction: bool = False


def add_default(text: str, kind: str = "text") -> str:
    return f"{LIMIT}ALTER TABLE users ADD COLUMN c {kind} DEFAULT {text};"


REWRITES = "add-column-volatile-default"
# Defaults that PostgreSQL evaluates once, and those that it evaluates for each row; asked of
# the server in tests/postgres/schema.
KEPT = (
    ("now()", "timestamptz"),
    ("current_date", "date"),
    ("current_user", "text"),
    ("timezone('utc', now())", "timestamp"),
    ("jsonb_build_object('a', 1)", "jsonb"),
    ("-1", "int"),
    ("(1)", "int"),
    ("'2020-01-01'::date", "date"),
    ("CAST('1' AS int)", "int"),
)
COMPUTED = (
    ("random()", "float8"),
    ("clock_timestamp()", "timestamptz"),
    ("gen_random_uuid()", "uuid"),
    ("nextval('s')", "bigint"),
)
VALIDATE = (
    LIMIT + "ALTER TABLE users ADD CONSTRAINT p CHECK ({0}) NOT VALID;\n"
    "ALTER TABLE users VALIDATE CONSTRAINT p;\n"
    "ALTER TABLE users ALTER COLUMN name SET NOT NULL;"
)
CASES = [
    *(Case("P1", add_default(text, kind), absent=REWRITES) for text, kind in KEPT),
    *(
        Case("P1", add_default(text, kind), found=REWRITES)
        for text, kind in [*COMPUTED, ("own_function()", "int")]
    ),
    Case(
        "P2",
        LIMIT + "ALTER TABLE users ALTER COLUMN email TYPE varchar(60);",
        absent="change-column-type-rewrite",
    ),
    Case(
        "P2",
        LIMIT + "ALTER TABLE users ALTER COLUMN email TYPE text;",
        absent="change-column-type-rewrite",
    ),
    Case(
        "P2",
        LIMIT + "ALTER TABLE users ALTER COLUMN tags TYPE varchar(20)[];",
        found="change-column-type-rewrite",
    ),
    Case(
        "P2",
        LIMIT + "ALTER TABLE users ALTER COLUMN name TYPE text;",
        found="change-column-type-blocked-dependents",
    ),
    Case(
        "P2",
        LIMIT + "SET timezone = 'UTC';\nALTER TABLE users ALTER COLUMN at TYPE timestamptz"
        " USING at AT TIME ZONE 'UTC';",
        found="change-column-type-rewrite",
    ),
    Case(
        "P2",
        LIMIT + "ALTER TABLE users ADD CONSTRAINT long CHECK (length(bio) > 0) NOT VALID;\n"
        "ALTER TABLE users VALIDATE CONSTRAINT long;\n"
        "ALTER TABLE users ALTER COLUMN bio TYPE varchar;",
        found="change-column-type-index-rebuild",
    ),
    Case(
        "P3",
        LIMIT + "ALTER TABLE users ALTER COLUMN at TYPE timestamptz;",
        found="change-column-type-rewrite",
    ),
    Case(
        "P3",
        LIMIT + "SET timezone = 'Europe/Berlin';\n"
        "ALTER TABLE users ALTER COLUMN at TYPE timestamptz;",
        found="change-column-type-rewrite",
    ),
    Case(
        "P3",
        LIMIT + "SET timezone = 'UTC';\nALTER TABLE users ALTER COLUMN at TYPE timestamptz;",
        found="change-column-type-index-rebuild",
        absent="change-column-type-rewrite",
    ),
    Case(
        "P4",
        LIMIT + "ALTER TABLE users ADD COLUMN other bigint REFERENCES orgs (id);",
        absent="add-column-inline-references",
    ),
    Case(
        "P4",
        LIMIT + "ALTER TABLE users ADD COLUMN other bigint DEFAULT 1 REFERENCES orgs (id);",
        found="add-column-inline-references",
    ),
    Case(
        "P4",
        LIMIT + "ALTER TABLE users ADD COLUMN other bigint,"
        " ADD FOREIGN KEY (other) REFERENCES orgs (id);",
        found="foreign-key-without-not-valid",
    ),
    Case(
        "P5",
        LIMIT + "ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES FROM (10) TO (20);",
        absent="create-partition-of",
    ),
    Case(
        "P5",
        LIMIT + "CREATE TABLE parts_3 PARTITION OF parts FOR VALUES FROM (20) TO (30);",
        found="create-partition-of",
    ),
    Case(
        "P5",
        LIMIT + "ALTER TABLE parts DETACH PARTITION parts_1;",
        found="detach-partition-blocking",
    ),
    Case("P5", LIMIT + "DROP TABLE parts_1;", found="drop-partition"),
    Case(
        "P6",
        LIMIT + "ALTER TABLE users ADD CONSTRAINT k PRIMARY KEY USING INDEX users_k;",
        found="primary-key-using-index-nullable",
    ),
    Case(
        "P6",
        LIMIT + "ALTER TABLE users ADD CONSTRAINT k UNIQUE USING INDEX users_k;",
        absent="unique-constraint-builds-index",
    ),
    Case("P8", VALIDATE.format("name IS NOT NULL"), absent="set-not-null-scan"),
    Case(
        "P8",
        VALIDATE.format("name IS NOT NULL"),
        found="validate-in-same-transaction",
        one_transaction=True,
    ),
    Case("P9", VALIDATE.format("email IS NOT NULL"), found="set-not-null-scan"),
    Case("P9", VALIDATE.format("name <> ''"), found="set-not-null-scan"),
    Case("P9", VALIDATE.format("name IS NOT NULL OR n > 0"), found="set-not-null-scan"),
    Case("P9", VALIDATE.format("name IS NOT NULL AND n > 0"), absent="set-not-null-scan"),
    Case(
        "P9",
        VALIDATE.format("name IS NOT NULL").replace(
            "ALTER TABLE users ALTER",
            "ALTER TABLE users DROP CONSTRAINT p;\nALTER TABLE users ALTER",
        ),
        found="set-not-null-scan",
    ),
    Case("P10", LIMIT + "ALTER TABLE users ADD COLUMN c serial;", found="add-column-serial"),
    Case(
        "P10",
        LIMIT + "ALTER TABLE users ADD COLUMN c bigint GENERATED ALWAYS AS IDENTITY;",
        found="add-column-identity",
    ),
    Case(
        "P10",
        LIMIT + "ALTER TABLE users ADD COLUMN c price;",
        found="add-column-constrained-domain",
    ),
    Case(
        "P12",
        "CREATE INDEX CONCURRENTLY i ON parts (n);",
        found="concurrently-on-partitioned",
    ),
    Case(
        "P12",
        "CREATE INDEX CONCURRENTLY i ON users (n);",
        found="concurrently-in-transaction",
        one_transaction=True,
    ),
    Case("P12", "DROP INDEX CONCURRENTLY parts_n;", found="concurrently-on-partitioned"),
    Case(
        "an index is as new as its table",
        "CREATE INDEX CONCURRENTLY i ON users (n);\nDROP INDEX i;",
        found="index-not-concurrent-drop",
    ),
    Case("P12", "DROP INDEX parts_n;", found="index-not-concurrent-drop"),
    Case("P12", "DROP INDEX users_at, users_k;", found="index-not-concurrent-drop"),
    Case("P12", LIMIT + "DROP INDEX parts_n;", absent="index-not-concurrent-drop"),
    Case(
        "behind a lock that is held",
        LIMIT + "ALTER TABLE users ADD COLUMN c int;\nDROP INDEX users_at;",
        absent="index-not-concurrent-drop",
        one_transaction=True,
    ),
    Case(
        "behind a lock that is held",
        LIMIT + "ALTER TABLE users RENAME TO people;\nDROP INDEX users_at;",
        absent="index-not-concurrent-drop",
        one_transaction=True,
    ),
    Case(
        "behind a lock that is held, but it is unique",
        LIMIT + "ALTER TABLE users ADD COLUMN c int;\nDROP INDEX users_k;",
        found="index-not-concurrent-drop",
        one_transaction=True,
    ),
    Case(
        "behind a lock that is held",
        LIMIT + "ALTER TABLE orgs ADD COLUMN c int;\nDROP INDEX users_at;",
        found="index-not-concurrent-drop",
        one_transaction=True,
    ),
    Case(
        "P13",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON users (n);",
        found="cic-if-not-exists-masks-invalid",
    ),
    Case(
        "P13",
        LIMIT + "CREATE TABLE IF NOT EXISTS users (id int);\nDROP TABLE IF EXISTS users;",
        found="drop-table",
    ),
    Case("P13", LIMIT + "ALTER TABLE users DROP COLUMN IF EXISTS n;", found="drop-column"),
    Case(
        "P14",
        LIMIT + "ALTER TABLE users DROP CONSTRAINT users_org_id_fkey;",
        found="multiple-access-exclusive-tables",
        one_transaction=True,
    ),
    Case("P14", "DROP TABLE users CASCADE;", found="drop-table-with-foreign-keys"),
    Case(
        "P14",
        LIMIT + "ALTER TABLE users ALTER COLUMN org_id TYPE integer;",
        found="change-column-type-fk-partner-lock",
    ),
    Case(
        "P14",
        "CREATE TABLE teams (org_id bigint PRIMARY KEY REFERENCES orgs (id));",
        found="missing-lock-timeout",
    ),
    Case(
        "P15",
        "CREATE TABLE app.users (id bigint PRIMARY KEY, n int);\n"
        "CREATE INDEX i ON app.users (n);",
        absent="index-not-concurrent",
    ),
    Case(
        "P15",
        "CREATE TABLE app.users (id bigint PRIMARY KEY, n int);\nCREATE INDEX i ON users (n);",
        found="index-not-concurrent",
    ),
    Case(
        "P15",
        LIMIT + "SET search_path = app;\nALTER TABLE things ADD COLUMN id bigserial;",
        found="add-column-serial",
    ),
    Case("P15", LIMIT + "ALTER TABLE users RENAME n TO m;", found="rename-column"),
    Case("P15", LIMIT + "ALTER TABLE users RENAME n TO m;", absent="rename-table"),
    Case("P15", LIMIT + 'ALTER TABLE "USERS" ADD COLUMN c serial;', found="add-column-serial"),
    Case("P15", LIMIT + "ALTER TABLE Users DROP COLUMN BIO;", found="drop-column"),
    Case(
        "P15",
        f"CREATE TABLE {'a' * 70} (n int);\nCREATE INDEX i ON {'a' * 65} (n);",
        absent="index-not-concurrent",
    ),
    Case("E: squawk", add_default("-1", "int"), absent=REWRITES),
    Case(
        "E: squawk",
        LIMIT + "ALTER TABLE users ADD COLUMN c int GENERATED ALWAYS AS (n + 1) VIRTUAL;",
        absent="add-column-stored-generated",
    ),
    Case("E: squawk", "REFRESH MATERIALIZED VIEW totals;", found="refresh-matview-blocking"),
    Case("E: squawk", LIMIT + "CLUSTER users USING users_org;", found="cluster-vacuum-full"),
    Case("E: squawk", "VACUUM FULL users;", found="cluster-vacuum-full"),
    Case("E: squawk", LIMIT + "ALTER TABLE users SET UNLOGGED;", found="set-logged-unlogged"),
    Case("E: squawk", LIMIT + "ALTER TABLE drafts SET LOGGED;", found="set-logged-unlogged"),
    Case("E: squawk", LIMIT + "ALTER TABLE users SET TABLESPACE s;", found="set-tablespace"),
    Case(
        "E: squawk",
        LIMIT + "ALTER TABLE parts ATTACH PARTITION users FOR VALUES FROM (20) TO (30);",
        found="attach-partition-scan",
    ),
    Case("E: squawk", LIMIT + "TRUNCATE users;", found="truncate"),
    Case("E: squawk", "DO $$ BEGIN PERFORM 1; END $$;", found="unparsed-statement"),
    Case(
        "E: squawk",
        "DROP INDEX CONCURRENTLY users_at;",
        found="concurrently-in-transaction",
        one_transaction=True,
    ),
    Case(
        "E: squawk",
        "REINDEX INDEX CONCURRENTLY users_at;",
        found="concurrently-in-transaction",
        one_transaction=True,
    ),
    Case("E: pgfence", LIMIT + "ALTER TABLE users RENAME n TO m;", found="rename-column"),
    Case(
        "E: strong_migrations",
        VALIDATE.format("name IS NOT NULL"),
        found="validate-in-same-transaction",
        one_transaction=True,
    ),
    Case(
        "E: eugene, strong_migrations",
        LIMIT + "ALTER TABLE users ADD COLUMN c int GENERATED BY DEFAULT AS IDENTITY;",
        found="add-column-identity",
    ),
    Case(
        "E: safe-pg-migrations",
        LIMIT + "ALTER TABLE users ADD COLUMN c int;\n"
        "ALTER TABLE users ADD CONSTRAINT c CHECK (c IS NOT NULL) NOT VALID;",
        found="not-null-check-before-backfill",
    ),
    Case(
        "E: alembic- and django-migration-linter",
        "CREATE TABLE made (id bigint PRIMARY KEY, n int);\nCREATE INDEX i ON made (n);\n"
        "ALTER TABLE made ADD COLUMN c serial;\nDROP TABLE made;",
        absent="index-not-concurrent",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.point}: {c.sql[-60:]}")
def test_a_point_is_kept(case: Case) -> None:
    how = Transactions.FILE if case.one_transaction else Transactions.STATEMENT
    found = checking.found(case.sql, BEFORE, transactions=how)

    assert not case.found or case.found in found
    assert not case.absent or case.absent not in found


def revision(body: str) -> str:
    """An Alembic revision as the gate reads it."""
    inside = "".join(f"    {line}\n" for line in body.splitlines())
    head = "from alembic import op\nimport sqlalchemy as sa\n"
    text = f"{head}revision = '1'\ndown_revision = None\ndef upgrade() -> None:\n{inside}"
    return reading.read(history.read(Path("versions/1.py"), text)).sql


AUTOCOMMIT = "with op.get_context().autocommit_block():\n    "
BUILD = "CREATE INDEX CONCURRENTLY {} ON users ({})"
TWO_BUILDS = f"{BUILD.format('i', 'n')}; {BUILD.format('j', 'bio')}"
ADD = "op.add_column('users', sa.Column('c', sa.Integer(){}))"
REVISIONS = [
    Case(
        "E: strong_migrations",
        "op.execute('CREATE INDEX i ON users (n)')",
        found="index-not-concurrent",
    ),
    Case(
        "E: strong_migrations",
        "op.execute(sa.text('ALTER TABLE users ALTER COLUMN name SET NOT NULL'))",
        found="set-not-null-scan",
    ),
    Case(
        "E: strong_migrations",
        "op.execute(f'DROP TABLE {chosen()}')",
        found="unparsed-statement",
    ),
    Case(
        "E: runner's transaction",
        f"op.execute('{BUILD.format('i', 'n')}')",
        found="concurrently-in-transaction",
    ),
    Case(
        "E: runner's transaction",
        "op.execute('SET LOCAL lock_timeout = 1000')\n" + ADD.format(""),
        absent="set-local-outside-transaction",
    ),
    Case(
        "E: runner's transaction",
        "op.execute('LOCK TABLE orgs')\n" + ADD.format(""),
        found="multiple-access-exclusive-tables",
    ),
    Case(
        "E: autocommit_block",
        f"{AUTOCOMMIT}op.execute('{BUILD.format('i', 'n')}')",
        absent="concurrently-in-transaction",
    ),
    Case(
        "E: autocommit_block",
        f"op.execute('LOCK TABLE orgs')\n{AUTOCOMMIT}{ADD.format('')}",
        absent="multiple-access-exclusive-tables",
    ),
    Case(
        "E: autocommit_block",
        f"{AUTOCOMMIT}op.execute('SET LOCAL lock_timeout = 1000')",
        found="set-local-outside-transaction",
    ),
    Case(
        "P12, several statements in one text",
        f"{AUTOCOMMIT}op.execute('{TWO_BUILDS}')",
        found="concurrently-in-transaction",
    ),
]


@pytest.mark.parametrize("case", REVISIONS, ids=lambda c: f"{c.point}: {c.sql[-60:]}")
def test_a_point_is_kept_in_a_revision(case: Case) -> None:
    found = checking.found(revision(case.sql), BEFORE)

    assert not case.found or case.found in found
    assert not case.absent or case.absent not in found


@pytest.mark.parametrize("body", [f"op.execute('{TWO_BUILDS}')", REVISIONS[-1].sql])
def test_how_a_revision_leaves_the_transaction_is_said(body: str) -> None:
    before = InputFile(path="before.sql", data=BEFORE.encode(), judged=False)
    new = InputFile(path="versions/1.py", data=revision(body).encode())
    report = walk.check((before, new), checking.EMPTY, checking.terms(), ALL)
    found = [f.remedy for f in report.findings if f.rule == "concurrently-in-transaction"]

    assert len(found) == 2
    assert all("op.get_context().autocommit_block()" in remedy for remedy in found)


@pytest.mark.parametrize(
    ("sql", "lock"),
    [
        ("ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES FROM (10) TO (20);", "parts_2"),
        ("ALTER TABLE users ADD CONSTRAINT c CHECK (n > 1) NOT VALID;", "users"),
        ("ALTER TABLE users ADD CONSTRAINT u UNIQUE (n);", "users"),
        ("ALTER TABLE users ADD CONSTRAINT u UNIQUE USING INDEX users_k;", "users"),
        ("ALTER TABLE users ADD CONSTRAINT u EXCLUDE USING btree (n WITH =);", "users"),
    ],
    ids=[
        "P5, E: postgres-language-server",
        "P6 check",
        "P6 unique",
        "P6, E: pgfence",
        "P6 exclude",
    ],
)
def test_the_lock_is_said_as_the_server_takes_it(sql: str, lock: str) -> None:
    finding = next(
        f for f in checking.report(sql, BEFORE).findings if f.rule == "missing-lock-timeout"
    )

    assert finding.lock == "ACCESS EXCLUSIVE"
    assert f"ACCESS EXCLUSIVE on {lock}" in finding.message


@pytest.mark.parametrize("kind", ["UNIQUE (n)", "PRIMARY KEY (n)", "EXCLUDE (n WITH =)"])
def test_what_cannot_be_not_valid_is_never_told_to_be_p7(kind: str) -> None:
    sql = f"{LIMIT}ALTER TABLE users ADD CONSTRAINT k {kind};"
    remedies = " ".join(f.remedy for f in checking.report(sql, BEFORE).findings)

    assert "NOT VALID" not in remedies


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX i ON users (n);",
        "CREATE INDEX CONCURRENTLY i ON users (n);",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON users (n);",
        "CREATE TABLE made (id bigint PRIMARY KEY);",
    ],
)
@pytest.mark.parametrize("how", Transactions)
def test_if_not_exists_is_never_advised_p13(sql: str, how: Transactions) -> None:
    report = checking.report(sql, BEFORE, transactions=how)

    remedies = [f.remedy.replace("without IF NOT EXISTS", "") for f in report.findings]
    assert not any("IF NOT EXISTS" in remedy for remedy in remedies)


def test_concurrently_is_not_advised_for_the_parent_of_partitions_p12() -> None:
    report = checking.report(LIMIT + "CREATE INDEX i ON parts (n);", BEFORE)
    remedies = [f.remedy for f in report.findings if f.rule == "index-not-concurrent"]

    assert [remedy.partition(",")[0] for remedy in remedies] == [
        "CREATE INDEX ON ONLY the parent"
    ]


def test_concurrently_is_not_advised_for_the_index_of_a_partitioned_table_p12() -> None:
    (finding,) = (
        f
        for f in checking.report("DROP INDEX parts_n;", BEFORE).findings
        if f.rule == "index-not-concurrent-drop"
    )

    assert finding.fix is None
    assert "cannot be dropped CONCURRENTLY" in finding.remedy


def test_not_valid_is_not_advised_for_a_foreign_key_of_a_partitioned_table() -> None:
    sql = LIMIT + "ALTER TABLE parts ADD FOREIGN KEY (org_id) REFERENCES orgs (id);"
    report = checking.report(sql, BEFORE)
    (remedy,) = (f.remedy for f in report.findings if f.rule == "foreign-key-without-not-valid")

    assert "each partition" in remedy


def test_a_rule_of_some_versions_counts_where_one_of_them_is_a_target_p11() -> None:
    sql = LIMIT + "ALTER TABLE parts ADD FOREIGN KEY (org_id) REFERENCES orgs (id) NOT VALID;"
    rule = "fk-not-valid-on-partitioned"

    assert rule in checking.found(sql, BEFORE, majors=(14, 18))
    assert rule in checking.found(sql, BEFORE, majors=(17,))
    assert rule not in checking.found(sql, BEFORE, majors=(18,))


RESTRICTS = [
    ("ALTER TABLE t ADD g int GENERATED ALWAYS AS (n * 2) STORED; {} CHECK (g > 0)", True),
    ("ALTER TABLE t ADD g int; {} CHECK (g > 0)", False),
    ("{} CHECK (id > 0)", True),  # a key, which does not make it unique
    ("CREATE UNIQUE INDEX CONCURRENTLY t_two ON t (id); {} CHECK (n > 0)", True),
]


@pytest.mark.parametrize(("sql", "restricts"), RESTRICTS)
def test_a_check_restricts_what_the_old_version_has_a_part_in(
    sql: str, restricts: bool
) -> None:
    before = "CREATE TABLE t (id bigint PRIMARY KEY, n int);"
    add = "ALTER TABLE t ADD CONSTRAINT c"
    found = checking.found(f"{LIMIT}{sql.format(add)} NOT VALID;", before)

    assert ("new-write-restriction" in found) is restricts


@pytest.mark.parametrize("sql", ["COMMIT;", "ROLLBACK;", "BEGIN; COMMIT; END;", "ABORT;"])
def test_the_end_of_no_transaction_is_reported_once(sql: str) -> None:
    assert checking.found(sql) == ["transaction-nesting"]
    assert checking.found("BEGIN; SELECT 1; COMMIT;") == []


def test_a_new_column_of_an_unknown_table_has_no_index_yet() -> None:
    add = f"{LIMIT}ALTER TABLE u ADD t_id bigint REFERENCES t (id);"
    before = "CREATE TABLE t (id bigint PRIMARY KEY);"

    assert "fk-missing-index" in checking.found(add, before)
    assert "fk-missing-index" not in checking.found(
        f"{add} CREATE INDEX CONCURRENTLY u_t ON u (t_id);", before
    )


@pytest.mark.parametrize(
    ("columns", "ends"),
    [
        ("id int PRIMARY KEY", True),
        ("id int PRIMARY KEY REFERENCES users (k)", False),
        ("id int PRIMARY KEY, FOREIGN KEY (id) REFERENCES users (k)", False),
        ("id int, PRIMARY KEY (id), FOREIGN KEY (id) REFERENCES users (k)", False),
        ("id serial PRIMARY KEY REFERENCES users (k)", True),
        ("id int PRIMARY KEY, k bigint REFERENCES users (k)", True),
    ],
)
def test_a_key_that_refers_to_another_one_ends_where_that_does(
    columns: str, ends: bool
) -> None:
    found = checking.found(f"CREATE TABLE more ({columns});", BEFORE)

    assert ("int-pk-overflow" in found) is ends


@pytest.mark.parametrize(
    ("where", "limited"),
    [
        ("email = 'a'", True),
        ("users.email = 'a'::varchar", True),
        ("k = 7", True),
        ("name = 'a'", False),
        ("org_id = 7", False),
        ("bio = 'a'", False),
    ],
)
def test_a_unique_index_limits_the_rows_as_a_key_does(where: str, limited: bool) -> None:
    partial = "CREATE UNIQUE INDEX users_partly ON users (name) WHERE n > 0;"
    found = checking.found(f"DELETE FROM users WHERE {where};", BEFORE + partial)

    assert ("data-migration-in-schema-migration" not in found) is limited
