"""A database of a load: its owner runs the plan, and the application may only touch rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.conftest import a_server, fresh_database
from tests.loads.load import Load
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection

OWNER, APP = "load_owner", "load_app"
_MAY = (
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP};"
    f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {APP}"
)


@contextmanager
def server(major: int | None) -> Iterator[Server]:
    """A throwaway server with the two roles, neither of which is a superuser."""
    with a_server(major) as found:
        with connection.connect(found.dsn, name="tests") as conn:
            for role in (OWNER, APP):
                conn.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'".encode())
            conn.execute(f"GRANT pg_monitor TO {OWNER}".encode())
        yield found


def as_role(url: str, role: str) -> str:
    """The URL for that role."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{role}:x@{place}").geturl()


@contextmanager
def database(on: Server, load: Load) -> Iterator[str]:
    """The URL of a new database with the load's tables, for the superuser."""
    with fresh_database(on) as url:
        with connection.connect(url, name="tests") as conn:
            name = urlsplit(url).path.removeprefix("/")
            conn.execute(f"ALTER DATABASE {name} OWNER TO {OWNER}".encode())
        with connection.connect(as_role(url, OWNER), name="tests") as conn:
            conn.execute(load.before.encode())
            conn.execute(_MAY.encode())
            conn.execute(b"VACUUM ANALYZE")
        yield url
