"""The demo's database: made, filled at the start, read back at the end for the ledger."""

from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

from zdm.model.sql import ident
from zdm.postgres.session import connection

NAME = "demo"
FETCHED = 10_000  # rows at a time: the table is read whole


def create_database(server: str, name: str) -> str:
    """Create a database on the server, and return its URL."""
    with connection.connect(server, name=NAME, autocommit=True) as session:
        session.execute(f"CREATE DATABASE {ident(name)}".encode())
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


def seed(dsn: str, rows: int) -> None:
    """Put in users 1 to `rows`, named as the ledger expects."""
    with connection.connect(dsn, name=NAME, autocommit=True) as session:
        session.execute(
            "INSERT INTO users (email, name)"
            " SELECT 'user' || number || '@example.com', 'User ' || number"
            " FROM generate_series(1, %s) AS number",
            (rows,),
        )
        session.execute("VACUUM ANALYZE")


def users(dsn: str, column: str) -> Iterator[tuple[int, str | None, str]]:
    """Every user: id, the address in the given column, name."""
    with (
        connection.connect(dsn, name=NAME, autocommit=False) as session,
        session.cursor(name="users") as cursor,
    ):
        cursor.itersize = FETCHED
        query = f"SELECT id, {ident(column)}, name FROM users"  # noqa: S608 - quoted
        cursor.execute(query.encode())
        yield from cursor
