"""Whole-tree comparison and small edits."""

import importlib

import pytest

from zdm.errors import ZdmError
from zdm.parse import libpg_query, trees
from zdm.parse.libpg_query import NotSqlError

# libpg_query's fingerprint is equal for each of these pairs; the trees are not.
DIFFERENT = [
    ("ALTER TABLE t ADD c int DEFAULT 1", "ALTER TABLE t ADD c int DEFAULT 2"),
    ("ALTER TABLE t ADD c varchar(10)", "ALTER TABLE t ADD c varchar(20)"),
    ("ALTER TABLE t ADD CHECK (a > 1)", "ALTER TABLE t ADD CHECK (a > 2)"),
    ("SELECT 1 WHERE a IN (1, 2)", "SELECT 1 WHERE a IN (1, 2, 3)"),
    ("CREATE INDEX ON t (a) WHERE b = 1", "CREATE INDEX ON t (a) WHERE b = 2"),
    ("SET lock_timeout = '1s'", "SET lock_timeout = '1h'"),
    ("GRANT SELECT ON t TO a", "GRANT SELECT ON t TO b"),
    ("INSERT INTO t (a, b) VALUES (1, 2)", "INSERT INTO t (b, a) VALUES (1, 2)"),
    (
        "CREATE TABLE a PARTITION OF t FOR VALUES IN (1)",
        "CREATE TABLE a PARTITION OF t FOR VALUES IN (2)",
    ),
    ("CREATE VIEW v (a) AS SELECT 1", "CREATE VIEW v (b) AS SELECT 1"),
    (
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
    ),
]


def parse(sql: str) -> object:
    return libpg_query.parse(sql.encode())


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_statements_with_another_constant_differ(one: str, other: str) -> None:
    assert not trees.same(parse(one), parse(other))


def test_layout_and_comments_are_no_difference() -> None:
    assert trees.same(parse("SELECT  a -- x\n, b FROM t"), parse("select a,b from t"))


def test_columns_and_functions_of_an_expression() -> None:
    node = trees.expression("lower(u.a) || coalesce(b, s.f(c))")

    assert trees.columns(node) == ("a", "b", "c")
    assert trees.functions(node) == (("lower",), ("s", "f"))


def test_a_column_is_renamed_wherever_it_is_mentioned() -> None:
    node = trees.expression("a > 1 AND t.a < b AND f(a)")
    text = trees.expression_sql(trees.rename_column(node, "a", "z"))

    assert text == "z > 1 AND t.z < b AND f(z)"


@pytest.mark.parametrize(
    "text", ["1, 2", "1; SELECT 2", "1 AS a", "1 FROM t", "", "a) OR (b", "1 -- x\n, 2"]
)
def test_what_is_more_than_one_expression_is_none(text: str) -> None:
    with pytest.raises(NotSqlError):
        trees.expression(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("character varying(20)", "varchar(20)"),
        ("int[]", "int[]"),
        ('public."we ird"', 'public."we ird"'),
        ("timestamp with time zone", "timestamp with time zone"),
        ('"char"', '"char"'),
    ],
)
def test_a_type_is_written_as_a_name(name: str, text: str) -> None:
    assert trees.type_sql(trees.type_name(name)) == text


@pytest.mark.parametrize("text", ["int, b text", "int DEFAULT 1", "int)", "int; DROP TABLE t"])
def test_what_is_more_than_one_type_is_none(text: str) -> None:
    with pytest.raises(NotSqlError):
        trees.type_name(text)


def test_parameters_are_written_out() -> None:
    sql = "INSERT INTO t VALUES ($1, $2::varchar, '$1', $3, $11)"
    values = ("a'b", None, "back\\slash", *("x" * 7), "eleven")

    assert trees.inline(sql, values) == (
        "INSERT INTO t VALUES ( 'a''b',  NULL::varchar, '$1',  E'back\\\\slash',  'eleven')"
    )


def test_an_empty_parameter_is_an_empty_text() -> None:
    assert trees.inline("SELECT $1", ("",)) == "SELECT  ''"


def test_a_parameter_that_is_not_there_is_refused() -> None:
    with pytest.raises(ZdmError, match="fewer parameters"):
        trees.inline("SELECT $2", ("a",))


def test_the_key_of_an_index_is_renamed_too() -> None:
    (parsed,) = libpg_query.statements(b"CREATE INDEX i ON t (a, b) WHERE a > 1")
    renamed = trees.rename_column(parsed.tree, "a", "z")

    assert trees.deparse(parsed.node, renamed) == (
        "CREATE INDEX i ON t USING btree (z, b) WHERE z > 1"
    )


def test_walking_knows_no_depth() -> None:
    sql = "SELECT " + "(SELECT " * 500 + "f()" + ")" * 500
    (parsed,) = libpg_query.statements(sql.encode())

    assert trees.functions(parsed.tree) == (("f",),)
    assert trees.deeper(parsed.tree, 300)
    assert not trees.deeper(parsed.tree, 100_000)


def test_what_is_too_deep_to_be_written_is_refused() -> None:
    sql = "SELECT " + "(SELECT " * 60 + "1" + ")" * 60
    (parsed,) = libpg_query.statements(sql.encode())

    with pytest.raises(ZdmError, match="could not be written"):
        trees.deparse(parsed.node, parsed.tree)


def test_a_whole_statement_is_written_and_reads_back() -> None:
    (parsed,) = libpg_query.statements(b'create index concurrently "I x" on t (lower(a))')

    assert trees.deparse(parsed.node, parsed.tree) == (
        'CREATE INDEX CONCURRENTLY "I x" ON t USING btree (lower(a))'
    )


def test_a_tree_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(ZdmError):
        trees.deparse("SelectStmt", {"no_such_field": 1})


CONSTANTS = [
    "0",
    "7",
    "-7",
    "1.50",
    "99999999999",
    "true",
    "false",
    "NULL",
    "''",
    "'a b'",
    "'é'",
]
CONSTANTS += ["'it''s'", r"'a\b'", r"E'a\\b'", "b'1'", "'x'::text", "'\n'"]
CONSTANTS += [f"{name}()" for name in sorted(trees.CALLED)]
CONSTANTS += ["NOW()", "pg_catalog.now()", "now(1)", "now() OVER ()", '"left"()', '"user"()']
COMPARISONS = [
    "n > 0",
    "n <> 'a'",
    "n != 1",
    "n = true",
    "n >= NULL",
    "n = 1.5",
    "n = -1",
    "n ~ 'a'",
    "n IS DISTINCT FROM 1",
    "n = ANY (ARRAY[1])",
    "t.n = 1",
    "1 < n",
    "n = m",
    "n OPERATOR(pg_catalog.=) 1",
    '"N" = 1',
    *(f'"{word}" = 1' for word in sorted({*trees.QUOTED, "select", "left", "name", "user"})),
]
INDEXES = [
    "CREATE INDEX a ON p.t (n)",
    "CREATE UNIQUE INDEX a ON p.t USING btree (n, m_2)",
    "CREATE INDEX a ON p.t USING hash (n)",
    "CREATE INDEX a ON ONLY p.t (n)",
    "CREATE INDEX a ON p.t (n DESC)",
    "CREATE INDEX a ON p.t (n NULLS FIRST)",
    'CREATE INDEX a ON p.t (n COLLATE "C" text_pattern_ops)',
    "CREATE INDEX a ON p.t (lower(n))",
    "CREATE INDEX a ON p.t (n) INCLUDE (m) WHERE n > 1",
    "CREATE INDEX a ON p.t (n) WITH (fillfactor = 70) TABLESPACE s",
    "CREATE UNIQUE INDEX a ON p.t (n) NULLS NOT DISTINCT",
    'CREATE INDEX "A" ON "select"."order" ("N", "é", "a""b")',
    "CREATE INDEX ON t (n)",
    *(f'CREATE INDEX a ON p.t ("{word}")' for word in sorted(trees.QUOTED)),
    *(f'CREATE INDEX a ON p.t ("{word}")' for word in ("select", "left", "name", "value")),
    *(f'CREATE INDEX "{word}" ON "{word}"."{word}" (n)' for word in ("values", "user", "date")),
]


CHECKS = [
    "ALTER TABLE t ADD CONSTRAINT x CHECK (n > 0) NOT VALID",
    "ALTER TABLE t ADD CONSTRAINT x CHECK (n = 'a')",
    "ALTER TABLE ONLY t ADD CONSTRAINT x CHECK (n > 0)",
    "ALTER TABLE t ADD CONSTRAINT x CHECK (n > 0) NO INHERIT NOT VALID",
    "ALTER TABLE t ADD CONSTRAINT x CHECK (n > 0) NOT ENFORCED",
    "ALTER TABLE p.t ADD CONSTRAINT x CHECK (n > 0)",
    "ALTER TABLE IF EXISTS t ADD CONSTRAINT x CHECK (n > 0)",
    "ALTER TABLE t ADD CONSTRAINT x CHECK (n > 0 AND m > 0)",
    "ALTER TABLE t ADD CHECK (n > 0)",
    'ALTER TABLE "order" ADD CONSTRAINT "check" CHECK ("select" > 0)',
    "ALTER TABLE t ALTER n SET DEFAULT 1",
]


@pytest.mark.parametrize("text", CHECKS)
def test_a_check_is_written_as_the_library_writes_it(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = libpg_query.statements(text.encode())
    short = trees.deparse(one.node, one.tree)
    monkeypatch.setattr(trees, "_plain_check", lambda _: "")
    trees._deparsed.cache_clear()

    assert short == trees.deparse(one.node, one.tree)


def test_a_plain_check_needs_no_protobuf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which takes as long to load as fifty files to check."""
    (one,) = libpg_query.statements(CHECKS[0].encode())
    trees._deparsed.cache_clear()
    monkeypatch.setattr(importlib, "import_module", lambda name: pytest.fail(name))

    assert trees.deparse(one.node, one.tree) == CHECKS[0]


@pytest.mark.parametrize("text", CONSTANTS)
def test_a_constant_is_written_as_the_library_writes_it(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = trees.expression(text)
    short = trees.expression_sql(node)
    monkeypatch.setattr(trees, "_plain", lambda _: None)

    assert short == trees.expression_sql(node)


@pytest.mark.parametrize("text", COMPARISONS)
def test_a_comparison_is_written_as_the_library_writes_it(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = trees.expression(text)
    short = trees.expression_sql(node)
    monkeypatch.setattr(trees, "_plain_comparison", lambda _: "")

    assert short == trees.expression_sql(node)


@pytest.mark.parametrize("text", INDEXES)
def test_an_index_is_written_as_the_library_writes_it(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (index,) = libpg_query.statements(text.encode())
    short = trees.deparse(index.node, index.tree)
    monkeypatch.setattr(trees, "_plain_index", lambda _: None)

    assert short == trees.deparse(index.node, index.tree)
