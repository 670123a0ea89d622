"""Copies of a template are made ahead, and none is left."""

from collections.abc import Iterator

import psycopg
import pytest

from zdm.model.schema import Snapshot
from zdm.postgres.server import copies, shadow
from zdm.postgres.server.provider import Server, Wanted

ANY = Snapshot(server_version=180000)
KEY = "copies"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with shadow.open(Wanted()) as running:
        with shadow.database(running) as url:
            with psycopg.connect(url) as conn:
                conn.execute("CREATE TABLE t (id int)")
            shadow.save_template(running, url, KEY)
        yield running


def scratch(server: Server) -> set[str]:
    with psycopg.connect(server.dsn) as conn:
        query = "SELECT datname FROM pg_database WHERE starts_with(datname, 'zdm_s_')"
        return {str(name) for (name,) in conn.execute(query)}


def test_a_copy_that_was_begun_is_the_next_one(server: Server) -> None:
    with (
        copies.of(server, KEY, ANY) as made,
        made.one() as first,
        psycopg.connect(first) as conn,
    ):
        conn.execute("INSERT INTO t VALUES (1)")
        conn.commit()
        made.begin()
        made.begin()
        with made.one() as second, psycopg.connect(second) as other:
            assert other.execute("SELECT count(*) FROM t").fetchone() == (0,)
            assert len(scratch(server)) == 2

    assert scratch(server) == set()


def test_a_copy_that_nobody_asked_for_goes(server: Server) -> None:
    with copies.of(server, KEY, ANY) as made, made.one():
        made.begin()

    assert scratch(server) == set()


def test_copies_go_when_the_block_fails(server: Server) -> None:
    def failing() -> None:
        with copies.of(server, KEY, ANY) as made, made.one():
            made.begin()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()

    assert scratch(server) == set()


def test_what_a_session_set_for_its_role_is_gone_in_the_next_copy(server: Server) -> None:
    with copies.of(server, KEY, ANY) as made:
        with made.one() as url, psycopg.connect(url) as conn:
            made.begin()
            conn.execute("ALTER ROLE current_user SET search_path = elsewhere")
        with made.one() as url, psycopg.connect(url) as conn:
            assert conn.execute("SHOW search_path").fetchone() == ('"$user", public',)
