"""Rows that a new constraint would refuse stop the run before anything is added, by name."""

import psycopg
import pytest

from tests import case as cases
from tests.case import Watching
from tests.conftest import fresh_database
from zdm.errors import StoppedError
from zdm.execute.events import Event, StepDone
from zdm.model.plan import Plan
from zdm.model.release import RunState
from zdm.model.statement import Train
from zdm.parse import split
from zdm.planning import classify, schedule
from zdm.postgres.server.provider import Server

BEFORE = """
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, total int, code text);
INSERT INTO customers SELECT n FROM generate_series(1, 9) AS n;
INSERT INTO orders SELECT n, 1 + n % 9, n, 'c' || n FROM generate_series(1, 30) AS n;
"""
CHECK = "ALTER TABLE orders ADD CONSTRAINT k CHECK (total > 0);"
FOREIGN = "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (customer_id) REFERENCES customers;"
UNIQUE = "ALTER TABLE orders ADD CONSTRAINT k UNIQUE (code);"


def planned(url: str, sql: str) -> Plan:
    train = Train(statements=split.statements(sql.encode(), "m.sql"), files=())
    start = cases.read(url)
    return schedule.plan(classify.classify(train, start), name="m", train=train, snapshot=start)


def run(url: str, sql: str) -> None:
    conn = psycopg.connect(url, autocommit=True)
    with conn:
        conn.execute(sql.encode())
    conn.close()


@pytest.mark.parametrize(
    ("migration", "rows", "named"),
    [
        (CHECK, "UPDATE orders SET total = -id WHERE id IN (3, 7);", "k: id = 3, id = 7"),
        (CHECK, "UPDATE orders SET total = 0;", ", id = 10 and more"),
        (FOREIGN, "UPDATE orders SET customer_id = 99 WHERE id = 5;", "be added: id = 5"),
        (UNIQUE, "UPDATE orders SET code = 'x' WHERE id IN (4, 8);", "code = x (id 4, 8)"),
    ],
    ids=["check", "many", "foreign key", "unique"],
)
def test_they_are_named_and_nothing_is_added(
    server: Server, migration: str, rows: str, named: str
) -> None:
    with fresh_database(server) as url:
        run(url, BEFORE)
        plan = planned(url, migration)
        run(url, rows)
        with pytest.raises(StoppedError) as stopped:
            cases.run(url, plan, watching=Watching())

        assert named in stopped.value.message
        assert cases.read(url).tables[1].constraint("k") is None
        assert [i.name for i in cases.read(url).tables[1].indexes] == ["orders_pkey"]


def test_the_run_continues_once_they_are_corrected(server: Server) -> None:
    with fresh_database(server) as url:
        run(url, BEFORE)
        plan = planned(url, FOREIGN)
        run(url, "UPDATE orders SET customer_id = 99 WHERE id = 5;")
        with pytest.raises(StoppedError):
            cases.run(url, plan, watching=Watching())
        run(url, "UPDATE orders SET customer_id = NULL WHERE id = 5;")

        assert cases.run(url, plan, watching=Watching()) is RunState.CONTRACTED


def test_a_row_that_slips_in_before_the_lock_is_named_by_the_validation(
    server: Server,
) -> None:
    with fresh_database(server) as url:
        run(url, BEFORE)
        plan = planned(url, CHECK)

        def slip(event: Event) -> None:
            if isinstance(event, StepDone) and event.id.endswith("k-add"):
                run(
                    url,
                    "ALTER TABLE orders DROP CONSTRAINT k; INSERT INTO orders"
                    " VALUES (77, 1, 0); ALTER TABLE orders ADD CONSTRAINT k CHECK (total > 0)"
                    " NOT VALID;",
                )

        with pytest.raises(StoppedError) as stopped:
            cases.run(url, plan, watching=Watching(slip))

        assert stopped.value.message.endswith("break the check constraint k: id = 77")
