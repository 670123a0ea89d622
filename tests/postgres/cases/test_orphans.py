"""`-- zdm: orphans …` on a real server: what refers to no row is deleted, emptied or parked."""

import psycopg
import pytest

from tests import case as cases
from tests.case import Watching
from tests.conftest import fresh_database
from tests.postgres.cases.test_cases_live import revert
from tests.unit import schemas
from zdm.execute.events import Event, StepStarted
from zdm.model.plan import Backfill, Plan
from zdm.model.release import RunState
from zdm.model.schema import Name
from zdm.planning import classify, schedule
from zdm.postgres.server.provider import Server

BEFORE = """
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id bigint,
                     note text, "Size" int GENERATED ALWAYS AS (length(note)) STORED);
CREATE INDEX ON orders (customer_id);
INSERT INTO customers SELECT n FROM generate_series(1, 9) AS n;
INSERT INTO orders (customer_id, note) SELECT nullif(n % 10, 0), 'n' || n
  FROM generate_series(1, 40) AS n;
UPDATE orders SET customer_id = 100 + id WHERE id IN (3, 7, 40);
"""
ADD = "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (customer_id) REFERENCES customers"
ORPHANS = {3, 7, 40}
BY_OLD = 8  # whose customer the old version deletes


def planned(url: str, how: str) -> Plan:
    train = schemas.train(f"-- zdm: orphans {how} -- left by the old import\n{ADD};")
    start = cases.read(url)
    found = classify.classify(train, start)
    return schedule.plan(found, name="m", train=train, snapshot=start)


def begun(url: str, how: str) -> Plan:
    """A plan that has waited for its rollout, while the old version made more orphans."""
    run(url, BEFORE)
    plan = planned(url, how)
    cases.run(url, plan, until=RunState.BACKFILLED)
    run(url, f"DELETE FROM customers WHERE id = {BY_OLD}")
    return plan


def run(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(sql.encode())


def orders(url: str) -> dict[int, tuple[object, ...]]:
    with psycopg.connect(url) as conn:
        rows = conn.execute('SELECT id, customer_id, note, "Size" FROM orders').fetchall()
    return {row[0]: row[1:] for row in rows}


def made(url: str) -> list[str]:
    """The objects of zdm that are left."""
    query = (
        "SELECT relname::text FROM pg_class WHERE relname LIKE 'zdm\\_%' UNION ALL"
        " SELECT proname FROM pg_proc WHERE proname LIKE 'zdm\\_%'"
        " UNION ALL SELECT tgname FROM pg_trigger WHERE tgname LIKE 'zzz\\_zdm%'"
    )
    with psycopg.connect(url) as conn:
        return [row[0] for row in conn.execute(query.encode())]


def validated(url: str) -> bool:
    table = cases.read(url).require_table(Name("public", "orders"))
    constraint = table.constraint("k")
    return constraint is not None and constraint.validated


class Stopped(Exception):
    """The executor dies there."""


def stops_at(word: str) -> Watching:
    def stop(event: Event) -> None:
        if isinstance(event, StepStarted) and event.id.endswith(word):
            raise Stopped

    return Watching(stop)


def orphans_of(rows: dict[int, tuple[object, ...]]) -> set[int]:
    return ORPHANS | {n for n, row in rows.items() if row[0] == BY_OLD}


@pytest.mark.parametrize("how", ["delete", "park"])
def test_orphans_are_deleted_with_those_that_the_old_version_has_left(
    server: Server, how: str
) -> None:
    with fresh_database(server) as url:
        plan = begun(url, how)
        before = orders(url)
        cases.run(url, plan)

        assert orders(url) == {n: r for n, r in before.items() if n not in orphans_of(before)}
        assert (validated(url), made(url)) == (True, [])


def test_orphans_lose_their_reference(server: Server) -> None:
    with fresh_database(server) as url:
        plan = begun(url, "null")
        before = orders(url)
        cases.run(url, plan)
        gone = orphans_of(before)

        assert orders(url) == {
            n: (None, *row[1:]) if n in gone else row for n, row in before.items()
        }
        assert (validated(url), made(url)) == (True, [])


def test_a_rollback_brings_parked_rows_back(server: Server) -> None:
    with fresh_database(server) as url:
        plan = begun(url, "park")
        before = orders(url)
        with pytest.raises(Stopped):
            cases.run(url, plan, watching=stops_at("drop-parked"))
        moved = before.keys() - orders(url).keys()
        revert(url, plan)

        assert moved == orphans_of(before)
        assert orders(url) == before
        assert made(url) == []


@pytest.mark.parametrize("how", ["delete", "null", "park"])
@pytest.mark.parametrize("word", ["-add", "-orphans", "-orphans-done", "-validate"])
def test_a_run_that_dies_is_run_again(server: Server, how: str, word: str) -> None:
    with fresh_database(server) as url:
        plan = begun(url, how)
        with pytest.raises(Stopped):
            cases.run(url, plan, watching=stops_at(word))
        cases.run(url, plan)

        assert (validated(url), made(url)) == (True, [])


@pytest.mark.parametrize("how", ["delete", "null", "park"])
def test_what_a_batch_takes_for_an_orphan_is_looked_at_once_more(
    server: Server, how: str
) -> None:
    with fresh_database(server) as url:
        plan = begun(url, how)
        (fill,) = (step for step in plan.steps if isinstance(step, Backfill))
        word = fill.settings[0]
        change = "DELETE FROM orders"
        if how == "null":
            change = "UPDATE orders SET customer_id = NULL"
        with pytest.raises(Stopped):
            cases.run(url, plan, watching=stops_at("-orphans"))
        with psycopg.connect(url) as batch:
            batch.execute(f"SET {word.name} = '{word.value}'".encode())
            valid = batch.execute(f"{change} WHERE id = 1".encode()).rowcount
            orphan = batch.execute(f"{change} WHERE id = 3".encode()).rowcount
            batch.rollback()
        with psycopg.connect(url) as application:
            written = application.execute(f"{change} WHERE id = 1".encode()).rowcount

        assert (valid, orphan, written) == (0, 1, 1)
