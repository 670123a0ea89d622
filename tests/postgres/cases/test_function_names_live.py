"""A copy of a function under its former name, and the unique index that calls the other one."""

import psycopg
import pytest

UPSERT = "INSERT INTO t VALUES ('A') ON CONFLICT ({}(code)) DO NOTHING"
CREATE = (
    "CREATE FUNCTION norm(code text) RETURNS text IMMUTABLE LANGUAGE plpgsql"
    " AS 'BEGIN RETURN lower(code); END'"
)


@pytest.mark.parametrize("move", ["RENAME TO low", "SET SCHEMA app"])
def test_on_conflict_that_calls_the_copy_finds_no_index(every_database: str, move: str) -> None:
    other = "low" if "low" in move else "app.norm"
    with psycopg.connect(every_database, autocommit=True) as own:
        own.execute(CREATE.encode())
        own.execute("CREATE SCHEMA app")
        own.execute("CREATE TABLE t (code text)")
        own.execute("CREATE UNIQUE INDEX t_norm ON t (norm(code))")
        own.execute("INSERT INTO t VALUES ('a')")
        own.execute(UPSERT.format("norm").encode())
        own.execute(f"ALTER FUNCTION norm(text) {move}".encode())
        own.execute(CREATE.encode())
        own.execute(UPSERT.format(other).encode())

        with pytest.raises(psycopg.errors.InvalidColumnReference, match="ON CONFLICT"):
            own.execute(UPSERT.format("norm").encode())
