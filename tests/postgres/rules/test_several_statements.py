"""Several statements that a driver sends as one text are one transaction, autocommit or not."""

import psycopg
import pytest

from zdm.postgres.session import connection

BUILD = "CREATE INDEX CONCURRENTLY {} ON t (n)"
TEXTS = [f"{BUILD.format('i')}; {BUILD.format('j')}", "VACUUM t; VACUUM t"]


@pytest.mark.parametrize("text", TEXTS)
def test_what_refuses_a_transaction_refuses_such_a_text(database: str, text: str) -> None:
    with connection.connect(database, name="tests") as conn:
        conn.execute("CREATE TABLE t (n int)")
        with pytest.raises(psycopg.errors.ActiveSqlTransaction):
            conn.execute(text.encode(), prepare=False)
        for one in text.split("; "):
            conn.execute(one.encode(), prepare=False)
