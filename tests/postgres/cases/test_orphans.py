"""`-- zdm: orphans …` on a real server: what refers to no row is deleted, emptied or parked."""

import random
import threading
from typing import Self

import psycopg
import pytest

from tests import case as cases
from tests.case import Watching
from tests.conftest import fresh_database
from tests.postgres.cases.test_cases_live import revert
from tests.unit import schemas
from zdm.errors import StoppedError, ZdmError
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


MANY = 20000
LOAD = f"""
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, note text);
CREATE INDEX ON orders (customer_id);
INSERT INTO customers SELECT n FROM generate_series(1, 100) AS n;
INSERT INTO orders SELECT n, CASE WHEN n % 2 = 0 THEN 1000000 + n ELSE n % 100 + 1 END, 'n'
  FROM generate_series(1, {MANY}) AS n;
ANALYZE orders;
"""


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


def test_a_rollback_stops_where_another_row_has_what_a_parked_one_held(server: Server) -> None:
    with fresh_database(server) as url:
        run(url, BEFORE + "CREATE UNIQUE INDEX one_note ON orders (note);")
        plan = planned(url, "park")
        said = [h.message for h in plan.hazards if "one_note" in h.message]
        with pytest.raises(Stopped):
            cases.run(url, plan, watching=stops_at("drop-parked"))
        run(url, "INSERT INTO orders (note) VALUES ('n7')")
        with pytest.raises(ZdmError, match="one_note") as refused:
            revert(url, plan)
        parked = made(url)
        run(url, "DELETE FROM orders WHERE note = 'n7' AND customer_id IS NULL")
        revert(url, plan)

        assert said
        assert "orders_pkey" not in said[0]
        assert parked
        assert "change or delete it, or this row of zdm_parked_orders_" in refused.value.hint
        assert made(url) == []
        assert orders(url)[7][1] == "n7"


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


def test_after_a_rollback_that_stopped_half_way_it_is_run_again(server: Server) -> None:
    with fresh_database(server) as url:
        plan = begun(url, "park")
        before = orders(url)
        with pytest.raises(Stopped):
            cases.run(url, plan, watching=stops_at("drop-parked"))
        again = "INSERT INTO orders OVERRIDING SYSTEM VALUE VALUES (40, 1, 'new')"
        run(url, again)
        with pytest.raises(ZdmError, match="row_id = 40"):
            revert(url, plan)
        restored = orders(url).keys() & orphans_of(before) - {40}
        cases.run(url, plan)

        assert restored
        assert orders(url).keys() == before.keys() - orphans_of(before) | {40}
        assert (validated(url), made(url)) == (True, [])


@pytest.mark.parametrize("how", ["delete", "park"])
def test_rows_that_refer_to_orphans_are_named_before_any_is_deleted(
    server: Server, how: str
) -> None:
    with fresh_database(server) as url:
        run(url, BEFORE)
        run(
            url, "CREATE TABLE items (id bigint PRIMARY KEY, order_id bigint REFERENCES orders)"
        )
        run(url, "INSERT INTO items VALUES (1, 2), (2, 7)")
        plan = planned(url, how)
        before = orders(url)
        with pytest.raises(StoppedError, match="rows of items refer to rows") as found:
            cases.run(url, plan)
        kept = orders(url)
        run(url, "DELETE FROM items WHERE id = 2")
        cases.run(url, plan)

        assert "id = 2" in str(found.value)
        assert kept == before
        assert orders(url).keys() == before.keys() - ORPHANS


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


class Rescuers:
    """Threads of an application that give orphans customers of their own, and which."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.stop = threading.Event()
        self.given: dict[int, int] = {}
        self.failures: list[str] = []
        self.threads = [threading.Thread(target=self._rescue, args=(n,)) for n in range(4)]

    def _rescue(self, owner: int) -> None:
        chance = random.Random(owner)
        with psycopg.connect(self.url) as application:
            while not self.stop.is_set():
                row = chance.randrange(owner, MANY // 2, 4) * 2 + 2
                if row in self.given:
                    continue
                try:
                    self._give(application, row)
                except psycopg.Error as error:
                    self.failures.append(str(error))
                    return

    def _give(self, application: psycopg.Connection, row: int) -> None:
        application.execute("INSERT INTO customers VALUES (%s)", (2000000 + row,))
        found = application.execute(
            "UPDATE orders SET customer_id = %s WHERE id = %s AND customer_id IS NOT NULL",
            (2000000 + row, row),
        ).rowcount
        if found:
            application.commit()
            self.given[row] = 2000000 + row
        else:
            application.rollback()

    def __enter__(self) -> Self:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()


@pytest.mark.more
@pytest.mark.parametrize("how", ["delete", "null", "park"])
def test_no_row_that_is_rescued_meanwhile_is_lost(server: Server, how: str) -> None:
    with fresh_database(server) as url:
        run(url, LOAD)
        plan = planned(url, how)
        with Rescuers(url) as rescuers:
            cases.run(url, plan)
        with psycopg.connect(url) as conn:
            found = conn.execute("SELECT id, customer_id FROM orders").fetchall()
        now: dict[int, int] = dict(found)

        assert rescuers.failures == []
        assert len(rescuers.given) > 10
        assert {n: now.get(n) for n in rescuers.given} == rescuers.given
        assert (validated(url), made(url)) == (True, [])


ALIKE = {
    "citext": (
        "CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext;"
        " CREATE TABLE parent (p ext.citext PRIMARY KEY);"
        " CREATE TABLE child (id int PRIMARY KEY, p ext.citext);"
    ),
    "char": (
        "CREATE TABLE parent (p char(5) PRIMARY KEY);"
        " CREATE TABLE child (id int PRIMARY KEY, p text);"
    ),
}
ROWS = {
    "citext": "INSERT INTO parent VALUES ('A@x'); INSERT INTO child VALUES (1, 'a@X');",
    "char": "INSERT INTO parent VALUES ('us'); INSERT INTO child VALUES (1, 'us   ');",
}


@pytest.mark.parametrize("kind", ["citext", "char"])
def test_rows_that_the_key_takes_by_its_own_equality_do_not_stop_it(
    server: Server, kind: str
) -> None:
    with fresh_database(server) as url:
        run(url, ALIKE[kind] + ROWS[kind])
        train = schemas.train(
            "ALTER TABLE child ADD CONSTRAINT k FOREIGN KEY (p) REFERENCES parent;"
        )
        start = cases.read(url)
        found = classify.classify(train, start)
        plan = schedule.plan(found, name="m", train=train, snapshot=start)

        assert cases.run(url, plan) is RunState.CONTRACTED
