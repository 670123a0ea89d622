"""The way back of what refuses no more rows: there as long as no row is in its way."""

import psycopg
import pytest

from tests import case as cases
from tests.conftest import fresh_database
from tests.postgres.cases.test_cases_live import revert
from zdm.errors import StoppedError
from zdm.model.release import RunState
from zdm.postgres.server.provider import Server


@pytest.mark.parametrize(
    ("case", "write", "correct", "failure"),
    [
        (
            "drop_not_null/plain",
            "UPDATE users SET email = NULL WHERE id = 7",
            "UPDATE users SET email = 'x' WHERE email IS NULL",
            "users.email holds NULLs, so dropping its NOT NULL cannot be undone",
        ),
        (
            "drop_column/plain",
            "INSERT INTO users (id, name) VALUES (2000, 'New')",
            "UPDATE users SET nickname = '' WHERE nickname IS NULL",
            "users.nickname holds NULLs, so dropping its NOT NULL cannot be undone",
        ),
        (
            "drop_column/checks",
            "UPDATE users SET email = NULL, phone = NULL WHERE id = 7",
            "UPDATE users SET email = 'x@' WHERE email IS NULL",
            "rows of users break check reachable, so dropping it cannot be undone: id = 7",
        ),
        (
            "drop_constraint/plain",
            "UPDATE orders SET total = -1 WHERE id IN (7, 8)",
            "UPDATE orders SET total = 1 WHERE total < 0",
            "rows of orders break check orders_total, so dropping it cannot be undone: id = 7,"
            " id = 8",
        ),
        (
            "drop_constraint/foreign_key",
            "UPDATE orders SET customer_id = -1 WHERE id = 7",
            "UPDATE orders SET customer_id = NULL WHERE customer_id < 0",
            "rows of orders break foreign key orders_customer, so dropping it cannot be"
            " undone: id = 7",
        ),
    ],
)
def test_rows_stop_the_rollback_by_name_until_they_are_corrected(
    server: Server, case: str, write: str, correct: str, failure: str
) -> None:
    folder = cases.ROOT / case
    with fresh_database(server) as url:
        start = cases.prepare(url, folder)
        plan = cases.plan(folder, start)
        cases.run(url, plan, until=RunState.BACKFILLED)
        with psycopg.connect(url, autocommit=True) as application:
            application.execute(write.encode())
            with pytest.raises(StoppedError) as stopped:
                revert(url, plan)
            application.execute(correct.encode())
        revert(url, plan)

        assert stopped.value.message.endswith(failure)
        assert "then run `zdm rollback` again" in stopped.value.hint
        assert cases.read(url).tables == start.tables
