import pytest

from zdm.parse import libpg_query, selects
from zdm.parse.libpg_query import Parsed


def parsed(sql: str) -> Parsed:
    (found,) = libpg_query.statements(sql.encode())
    return found


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT 1", ()),
        ("SELECT * FROM users JOIN app.orders USING (id)", ("app.orders", "users")),
        ("WITH x AS (SELECT 1) SELECT * FROM x", ()),
        ("SELECT relname FROM pg_class", ()),
        ("SELECT * FROM information_schema.columns", ()),
        ("SELECT (SELECT max(id) FROM users)", ("users",)),
        ("DECLARE c CURSOR FOR SELECT * FROM users", ("users",)),
    ],
)
def test_the_tables_whose_rows_are_read_are_named(sql: str, tables: tuple[str, ...]) -> None:
    select = selects.query(parsed(sql))

    assert select is not None
    assert selects.tables(select) == tables


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 INTO t",
        "WITH x AS (DELETE FROM users RETURNING id) SELECT * FROM x",
        "INSERT INTO users SELECT 1",
        "CREATE TABLE t ()",
    ],
)
def test_what_changes_something_is_no_plain_select(sql: str) -> None:
    assert selects.query(parsed(sql)) is None


@pytest.mark.parametrize(
    ("sql", "acts"),
    [
        ("SELECT lower('A')", False),
        ("SELECT pg_catalog.now()", False),
        ("SELECT random()", False),
        ("SELECT setval('s', 1)", True),
        ("SELECT app.lower('A')", True),
        ("SELECT make_partitions()", True),
    ],
)
def test_a_select_that_may_do_more_than_compute_acts(sql: str, acts: bool) -> None:
    select = selects.query(parsed(sql))

    assert select is not None
    assert selects.acts(select, {"lower", "now"}) is acts


@pytest.mark.parametrize(
    ("sql", "session"),
    [("SET x.y = 1", True), ("SHOW all", True), ("LISTEN c", True), ("SELECT 1", False)],
)
def test_what_concerns_the_session_only_is_recognised(sql: str, session: bool) -> None:
    assert selects.is_session(parsed(sql)) is session
