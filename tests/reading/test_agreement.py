"""Two readers, one rule: what each statement is, and how often the readers agree.

The counts are of the statements below; a change fails until it was looked at.
"""

from collections import Counter

import pytest

from zdm.errors import InputError
from zdm.model.schema import Name
from zdm.model.statement import ActionKind as Kind
from zdm.model.statement import Fact, Setting, Source, Statement, Unknown
from zdm.parse import facts
from zdm.parse.readers import sqlglot_reader

HERE = Source(file="m.sql", line=1, column=1)
T = Name("public", "t")
READ = [
    ("ANALYZE t", Kind.OTHER, ""),
    ("VACUUM (ANALYZE) t (a)", Kind.OTHER, ""),
    ("CLUSTER t USING i", Kind.OTHER, ""),
    ("REINDEX TABLE CONCURRENTLY t", Kind.OTHER, ""),
    ("ALTER TABLE t ADD COLUMN c int NOT NULL DEFAULT 3", Kind.ADD_COLUMN, "c"),
    ("ALTER TABLE t ADD COLUMN IF NOT EXISTS c int", Kind.ADD_COLUMN, "c"),
    ("ALTER TABLE t DROP COLUMN c CASCADE", Kind.DROP_COLUMN, "c"),
    ("ALTER TABLE t RENAME c TO d", Kind.RENAME_COLUMN, "c"),
    ("ALTER TABLE t RENAME COLUMN c TO d", Kind.RENAME_COLUMN, "c"),
    ("ALTER TABLE IF EXISTS t RENAME COLUMN c TO d", Kind.RENAME_COLUMN, "c"),
    ("ALTER TABLE IF EXISTS t RENAME c TO d", Kind.RENAME_COLUMN, "c"),
    ("ALTER TABLE IF EXISTS t RENAME TO u", Kind.RENAME_TABLE, ""),
    ("ALTER TABLE IF EXISTS t RENAME CONSTRAINT a TO b", Kind.RENAME_CONSTRAINT, "a"),
    ("ALTER TABLE t RENAME TO u", Kind.RENAME_TABLE, ""),
    ("ALTER TABLE t RENAME CONSTRAINT a TO b", Kind.RENAME_CONSTRAINT, "a"),
    ("ALTER TABLE t ALTER c TYPE text USING c::text", Kind.CHANGE_TYPE, "c"),
    ("ALTER TABLE t ALTER c SET NOT NULL", Kind.SET_NOT_NULL, "c"),
    ("ALTER TABLE t ALTER c DROP NOT NULL", Kind.DROP_NOT_NULL, "c"),
    ("ALTER TABLE t ALTER c SET DEFAULT 1", Kind.SET_DEFAULT, "c"),
    ("ALTER TABLE t ALTER c DROP DEFAULT", Kind.DROP_DEFAULT, "c"),
    ("ALTER TABLE t ADD CONSTRAINT k CHECK (a > 1) NOT VALID", Kind.ADD_CONSTRAINT, "k"),
    ("ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i", Kind.ADD_CONSTRAINT, "k"),
    ("ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u NOT VALID",
     Kind.ADD_CONSTRAINT, "k"),
    ("ALTER TABLE t ADD PRIMARY KEY (a)", Kind.ADD_CONSTRAINT, ""),
    ("ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)", Kind.ADD_CONSTRAINT, "k"),
    ("ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING gist (a WITH =)",
     Kind.ADD_CONSTRAINT, "k"),
    ("ALTER TABLE t ADD CONSTRAINT k NOT NULL a NOT VALID", Kind.ADD_CONSTRAINT, "k"),
    ("CREATE VIEW t AS SELECT 1", Kind.CREATE_VIEW, ""),
    ("COMMENT ON CONSTRAINT k ON t IS 'x'", Kind.COMMENT, "k"),
    ("ALTER TABLE t DROP CONSTRAINT IF EXISTS k", Kind.DROP_CONSTRAINT, "k"),
    ("ALTER TABLE t VALIDATE CONSTRAINT k", Kind.VALIDATE_CONSTRAINT, "k"),
    ("ALTER TABLE t ENABLE ROW LEVEL SECURITY", Kind.ALTER_TABLE_OTHER, ""),
    ("ALTER TABLE t SET SCHEMA s", Kind.SET_SCHEMA, ""),
    ("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)", Kind.CREATE_INDEX, "i"),
    ("CREATE TABLE IF NOT EXISTS t (a serial PRIMARY KEY)", Kind.CREATE_TABLE, ""),
    ("DROP TABLE IF EXISTS t CASCADE", Kind.DROP_TABLE, ""),
    ("CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
     Kind.CREATE_TRIGGER, "x"),
    ("DROP TRIGGER x ON t", Kind.DROP_TRIGGER, "x"),
    ("COMMENT ON TABLE t IS 'x'", Kind.COMMENT, "table"),
    ("COMMENT ON COLUMN t.c IS NULL", Kind.COMMENT, "c"),
    ("GRANT SELECT ON t TO u", Kind.GRANT, ""),
    ("INSERT INTO t VALUES (1)", Kind.INSERT, ""),
    ("UPDATE t SET a = 1", Kind.UPDATE, ""),
    ("DELETE FROM t", Kind.DELETE, ""),
    ("TRUNCATE t", Kind.TRUNCATE, ""),
]  # fmt: skip
WITHOUT_TABLE = [
    ("DROP INDEX CONCURRENTLY i", Kind.DROP_INDEX),
    ("ALTER INDEX i RENAME TO j", Kind.RENAME_INDEX),
    ("CREATE TYPE e AS ENUM ('a')", Kind.CREATE_TYPE),
    ("ALTER TYPE e ADD VALUE 'b'", Kind.ALTER_TYPE),
    ("DROP TYPE e", Kind.DROP_TYPE),
    ("CREATE DOMAIN d AS int", Kind.CREATE_DOMAIN),
    ("CREATE EXTENSION hstore", Kind.CREATE_EXTENSION),
    ("CREATE SCHEMA s", Kind.CREATE_SCHEMA),
    ("CREATE SEQUENCE q", Kind.CREATE_SEQUENCE),
    ("ALTER SEQUENCE q RESTART", Kind.ALTER_SEQUENCE),
    ("DROP SEQUENCE q", Kind.DROP_SEQUENCE),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", Kind.CREATE_FUNCTION),
    ("DROP FUNCTION f()", Kind.DROP_FUNCTION),
    ("DROP VIEW v", Kind.DROP_VIEW),
    ("CREATE TYPE c AS (a int)", Kind.CREATE_TYPE),
    ("DROP FUNCTION f", Kind.DROP_FUNCTION),
    ("DROP TABLE a, b", Kind.OTHER),
    ("TRUNCATE a, b", Kind.OTHER),
    ("ALTER VIEW v RENAME TO w", Kind.OTHER),
    ("ALTER VIEW v RENAME COLUMN a TO b", Kind.OTHER),
    ("ALTER INDEX i SET (fillfactor = 70)", Kind.OTHER),
    ("ALTER VIEW v SET SCHEMA s", Kind.OTHER),
    ("GRANT USAGE ON SCHEMA s TO u", Kind.GRANT),
    ("COMMENT ON SCHEMA s IS 'x'", Kind.COMMENT),
    ("SELECT 1", Kind.SELECT),
    ("SELECT pg_catalog.set_config('search_path', '', false)", Kind.SET),
    ("RESET ALL", Kind.SET),
    ("SET TRANSACTION READ ONLY", Kind.SET),
    ("SAVEPOINT x", Kind.TRANSACTION),
    ("COMMIT", Kind.TRANSACTION),
    ("SET lock_timeout = '1s'", Kind.SET),
    ("BEGIN", Kind.TRANSACTION),
    ("CLUSTER", Kind.OTHER),
    ("ANALYZE t (a), u", Kind.OTHER),
    ("VACUUM", Kind.OTHER),
    ("REINDEX INDEX CONCURRENTLY i", Kind.OTHER),
    ("REINDEX SCHEMA CONCURRENTLY s", Kind.OTHER),
    ("NOTIFY x, 'y'", Kind.OTHER),
]
OPAQUE = [
    "DO $$ BEGIN END $$",
    "CALL p()",
    "EXECUTE s",
    "COPY t TO '/tmp/x'",
    "CREATE TABLE u AS SELECT 1",
    "SELECT 1 INTO u",
    "CREATE TEMP TABLE u (a int)",
    "CREATE TEMP VIEW v AS SELECT 1",
    "CREATE TEMP SEQUENCE q",
    "CREATE SCHEMA s CREATE TABLE u (a int)",
    "WITH x AS (UPDATE t SET a = 1 RETURNING a) SELECT * FROM x",
    "WITH x AS (DELETE FROM t RETURNING a) INSERT INTO u SELECT * FROM x",
    "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE",
    "ROLLBACK",
    "ROLLBACK TO SAVEPOINT x",
    "PREPARE TRANSACTION 'x'",
    "SET app.tenant = 'x'",
    "SELECT set_config('app.tenant', 'x', false)",
    "SET TIME ZONE INTERVAL '1' HOUR",
    "SELECT 1" + " + 1" * 500,
    "SELECT " + "(SELECT " * 300 + "1" + ")" * 300,
    "LISTEN x",
]
MUTANTS = [
    "ALTER TABLE t ADDD COLUMN x int",
    "ALTER TABLE t DROP COLUMN",
    "CREATE INDEX ON",
    "ALTER TABLE t ALTER c TYPE",
    "UPDATE t SET",
    "RENAME TABLE t TO u",
]


def fact(sql: str, path: tuple[str, ...] = ("public",)) -> Fact | Unknown:
    (action,) = facts.actions(Statement(sql=sql, source=HERE), path)
    return action.fact


@pytest.mark.parametrize(("sql", "kind", "name"), READ)
def test_a_statement_on_a_table_is_read(sql: str, kind: Kind, name: str) -> None:
    read = fact(sql)

    assert isinstance(read, Fact)
    assert (read.kind, read.table, read.name) == (kind, T, name)


@pytest.mark.parametrize(("sql", "kind"), WITHOUT_TABLE)
def test_a_statement_on_another_object_is_read(sql: str, kind: Kind) -> None:
    read = fact(sql)

    assert isinstance(read, Fact)
    assert (read.kind, read.table) == (kind, None)


@pytest.mark.parametrize("sql", OPAQUE)
def test_what_nobody_can_see_into_is_unknown_with_a_reason(sql: str) -> None:
    read = fact(sql)

    assert isinstance(read, Unknown)
    assert read.reason


@pytest.mark.parametrize("sql", MUTANTS)
def test_what_postgresql_rejects_is_never_known(sql: str) -> None:
    with pytest.raises(InputError, match=r"m\.sql:1:1"):
        fact(sql)


def test_how_often_the_readers_agree() -> None:
    counts: Counter[str] = Counter()
    for sql in [row[0] for row in READ] + [row[0] for row in WITHOUT_TABLE]:
        read = fact(sql)
        assert isinstance(read, Fact)
        counts["single reader" if read.single_reader else "both"] += 1

    assert counts == {"both": 31, "single reader": 52}


def test_each_command_of_an_alter_is_an_action() -> None:
    sql = "ALTER TABLE t ADD a int, DROP b, ALTER c SET NOT NULL"
    found = facts.actions(Statement(sql=sql, source=HERE))

    assert [(a.index, a.count, a.fact.kind) for a in found if isinstance(a.fact, Fact)] == [
        (0, 3, Kind.ADD_COLUMN),
        (1, 3, Kind.DROP_COLUMN),
        (2, 3, Kind.SET_NOT_NULL),
    ]


def test_names_are_folded_cut_and_given_their_schema() -> None:
    long = "x" * 70
    read = fact(f'ALTER TABLE Ab ADD "Cd" int, ADD {long} int'.replace(f", ADD {long} int", ""))
    cut = fact(f"ALTER TABLE s.t ADD {long} int", ("shop",))

    assert isinstance(read, Fact)
    assert (read.table, read.name) == (Name("public", "ab"), "Cd")
    assert isinstance(cut, Fact)
    assert (cut.table, cut.name) == (Name("s", "t"), "x" * 63)


def test_a_name_without_a_schema_needs_a_search_path() -> None:
    assert isinstance(fact("UPDATE t SET a = 1", ()), Unknown)


def test_readers_that_differ_make_it_unknown() -> None:
    known = fact("ALTER TABLE t DROP COLUMN c")
    assert isinstance(known, Fact)
    other = sqlglot_reader.read("ALTER TABLE t DROP COLUMN d")
    read = facts.agreed(known, 0, 1, other)

    assert read == Unknown(
        reason="the two readers differ: name is `c` for libpg_query and `d` for sqlglot"
    )


@pytest.mark.parametrize(
    ("sql", "not_valid"),
    [
        ("ALTER TABLE t ADD CONSTRAINT a CHECK (x), ADD CONSTRAINT b CHECK (y) NOT VALID",
         [False, True]),
        ("ALTER TABLE t ADD CONSTRAINT a CHECK (x) NOT VALID, ADD CONSTRAINT b CHECK (y)",
         [True, False]),
    ],
)  # fmt: skip
def test_not_valid_belongs_to_its_own_constraint(sql: str, not_valid: list[bool]) -> None:
    found = [a.fact for a in facts.actions(Statement(sql=sql, source=HERE))]

    assert [f.not_valid for f in found if isinstance(f, Fact)] == not_valid


def differ(sql: str, other: str) -> str:
    """What the rule says when the second reader reads another statement."""
    known = fact(sql)
    assert isinstance(known, Fact)
    read = facts.agreed(known, 0, 1, sqlglot_reader.read(other))
    return read.reason if isinstance(read, Unknown) else ""


CHECK = "ALTER TABLE t ADD CONSTRAINT k CHECK (a)"


@pytest.mark.parametrize(
    ("sql", "other", "reason"),
    [
        ("UPDATE t SET a = 1", "DELETE FROM t", "kind is `update`"),
        ("UPDATE t SET a = 1", "UPDATE u SET a = 1", "table is `t`"),
        ("UPDATE t SET a = 1", "UPDATE s.t SET a = 1", "schema is public"),
        ("ALTER TABLE t RENAME a TO b", "ALTER TABLE t RENAME a TO c", "new name is `b`"),
        ("CREATE INDEX i ON t (a)", "CREATE INDEX CONCURRENTLY i ON t (a)", "CONCURRENTLY is"),
        ("DROP TABLE t", "DROP TABLE IF EXISTS t", "IF EXISTS is"),
        ("DROP TABLE t", "DROP TABLE t CASCADE", "CASCADE is"),
        (CHECK, CHECK + " NOT VALID", "NOT VALID is"),
        (CHECK, "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)", "constraint is `check`"),
        ("ALTER TABLE t DROP a", "ALTER TABLE t DROP a, DROP b", "libpg_query reads 1"),
    ],
)
def test_every_difference_counts(sql: str, other: str, reason: str) -> None:
    assert reason in differ(sql, other)


def test_flags_are_part_of_the_fact() -> None:
    read = fact("TRUNCATE t CASCADE")
    moved = fact('ALTER TABLE IF EXISTS t SET SCHEMA "S"')
    renamed = fact("ALTER INDEX IF EXISTS i RENAME TO j")
    table = fact("ALTER TABLE IF EXISTS t RENAME TO u")

    assert isinstance(read, Fact)
    assert read.cascade
    assert isinstance(moved, Fact)
    assert (moved.if_exists, moved.new_name) == (True, "S")
    assert isinstance(renamed, Fact)
    assert renamed.if_exists
    assert isinstance(table, Fact)
    assert (table.if_exists, table.new_name) == (True, "u")


def test_schemas_that_hold_no_tables_of_ours_are_passed_over() -> None:
    read = fact("UPDATE t SET a = 1", ('"$user"', "pg_temp_3", "pg_temp", "pg_catalog", "shop"))

    assert isinstance(read, Fact)
    assert read.table == Name("shop", "t")


def test_strings_read_by_another_rule_are_unknown() -> None:
    off = (Setting(name="standard_conforming_strings", value="off"),)
    (cut,) = facts.actions(
        Statement(sql="DELETE FROM t WHERE a = '\\'", source=HERE, settings=off)
    )
    (plain,) = facts.actions(Statement(sql="DELETE FROM t", source=HERE, settings=off))

    assert isinstance(cut.fact, Unknown)
    assert isinstance(plain.fact, Fact)


def test_two_statements_are_not_one() -> None:
    with pytest.raises(InputError, match="2 statements"):
        fact("SELECT 1; SELECT 2")


def test_every_kind_of_action_is_read_from_some_statement() -> None:
    kinds = {row[1] for row in READ} | {row[1] for row in WITHOUT_TABLE}

    assert kinds == set(Kind)


def test_sqlglot_failing_in_any_way_is_no_reading() -> None:
    assert sqlglot_reader.read("ALTER TABLE t VALIDATE CONSTRAINT k") is None
    assert sqlglot_reader.read("SELECT $1,$2") is None
