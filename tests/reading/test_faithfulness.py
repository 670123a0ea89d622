"""Why sqlglot never prints the author's SQL: what it would have changed.

Each statement is printed through sqlglot and compared as a whole tree with the author's; the
Statement that zdm keeps is the author's text.
"""

import pytest
import sqlglot
from sqlglot.errors import ParseError

from zdm.parse import libpg_query, split, trees

CORRUPTED = [
    "CREATE TABLE t (id serial)",
    "DROP FUNCTION IF EXISTS f()",
    "ALTER TABLE t RENAME c TO d",
    "DELETE FROM t WHERE at < now() - interval '1 day 02:03'",
    "SELECT a -> '' FROM t",
    "SELECT date_trunc(col, ts) FROM t",
    "SELECT 1_000",
    "SELECT 0x1F",
    "SELECT to_hex(1)",
    "SELECT current_timestamp(0)",
    "SAVEPOINT x",
    "ROLLBACK AND CHAIN",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS $func$ SELECT 1 $func$",
    "ALTER TABLE t ADD c timestamptz DEFAULT now()",
]


@pytest.mark.parametrize("sql", CORRUPTED)
def test_the_authors_text_is_kept_where_printing_would_change_it(sql: str) -> None:
    try:
        printed = sqlglot.transpile(sql, read="postgres", write="postgres")[0]
        changed = not trees.same(
            libpg_query.parse(sql.encode()), libpg_query.parse(printed.encode())
        )
    except (libpg_query.NotSqlError, ParseError):
        changed = True

    assert changed
    assert split.statements(sql.encode(), "m.sql")[0].sql == sql
