"""Keys that an application takes in blocks are not given again when the blocks get smaller."""

import psycopg

from tests import case as cases
from tests.conftest import fresh_database
from tests.postgres.cases.rows.test_rows_in_the_way import planned, run
from zdm.model.plan import RunSql
from zdm.postgres.server.provider import Server


def drawn(url: str) -> int:
    """The next number."""
    with psycopg.connect(url, autocommit=True) as conn:
        return int(conn.execute("SELECT nextval('keys')").fetchall()[0][0])


def test_a_block_of_the_former_size_is_not_given_again(server: Server) -> None:
    with fresh_database(server) as url:
        run(url, "CREATE SEQUENCE keys INCREMENT BY 50")
        first = drawn(url)
        cases.run(url, planned(url, "ALTER SEQUENCE keys INCREMENT BY 1;"))

        assert drawn(url) >= first + 50


def test_nor_after_undo(server: Server) -> None:
    with fresh_database(server) as url:
        run(url, "CREATE SEQUENCE keys")
        plan = planned(url, "ALTER SEQUENCE keys INCREMENT BY 50;")
        step = plan.steps[0]
        assert isinstance(step, RunSql)
        assert isinstance(step.undo, tuple)
        run(url, "; ".join(step.sql))
        first = drawn(url)
        run(url, "; ".join(step.undo))

        assert drawn(url) >= first + 50

        run(url, "; ".join(step.undo))  # once more: its step is not done
        assert drawn(url) <= first + 60
