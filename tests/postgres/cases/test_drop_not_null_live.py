"""The way back of DROP NOT NULL: there as long as no row holds NULL."""

import psycopg
import pytest

from tests import case as cases
from tests.conftest import fresh_database
from tests.postgres.cases.test_cases_live import revert
from zdm.errors import StoppedError
from zdm.model.release import RunState
from zdm.postgres.server.provider import Server
from zdm.serialize import snapshot_file

CASE = cases.ROOT / "drop_not_null/plain"


def test_a_null_stops_the_rollback_by_name_until_it_is_filled(server: Server) -> None:
    with fresh_database(server) as url:
        start = cases.prepare(url, CASE)
        plan = cases.plan(CASE, start)
        cases.run(url, plan, until=RunState.BACKFILLED)
        with psycopg.connect(url, autocommit=True) as application:
            application.execute("UPDATE users SET email = NULL WHERE id = 7")
            with pytest.raises(StoppedError) as stopped:
                revert(url, plan)
            application.execute("UPDATE users SET email = 'x' WHERE email IS NULL")
        revert(url, plan)

        assert "users.email holds NULLs" in stopped.value.message
        assert "then run `zdm rollback` again" in stopped.value.hint
        assert snapshot_file.difference(start, cases.read(url)) == ()
