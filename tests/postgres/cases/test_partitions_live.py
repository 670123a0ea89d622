"""New partitions with rows, a DETACH that was cut off, and what reads rows under a lock."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event

import psycopg
import pytest

from tests import case as cases
from tests.conftest import fresh_database
from tests.postgres.cases import writing
from tests.postgres.cases.test_cases_live import revert
from tests.waiting import until
from zdm.errors import StoppedError, ZdmError
from zdm.model.release import RunState
from zdm.planning.schedule import TrainRefusedError
from zdm.postgres.server.provider import Server

ROW = "INSERT INTO events (id, at) VALUES (1, '2026-05-05')"
_ROWS = "rows were written to the new partition events_2026"


def execute(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(sql.encode())


def case(name: str) -> Path:
    return cases.ROOT / name


@pytest.mark.parametrize(
    "name", ["attach_partition/new_table", "create_table/partition"], ids=str
)
def test_a_new_partition_with_rows_is_not_dropped_by_a_rollback(
    server: Server, name: str
) -> None:
    with fresh_database(server) as url:
        plan = cases.plan(case(name), cases.prepare(url, case(name)))
        cases.run(url, plan, until=RunState.BACKFILLED)
        execute(url, ROW)

        with pytest.raises(ZdmError, match=_ROWS):
            revert(url, plan)
        execute(url, "DELETE FROM events WHERE at >= '2026-01-01'")
        revert(url, plan)

        with psycopg.connect(url) as conn:
            found = conn.execute("SELECT to_regclass('events_2026')").fetchone()
        assert found == (None,)


REFERRED = """
CREATE TABLE pt (r int PRIMARY KEY) PARTITION BY RANGE (r);
CREATE TABLE pt1 PARTITION OF pt FOR VALUES FROM (0) TO (100);
CREATE TABLE days (r int REFERENCES pt);
"""
NESTED = """
CREATE TABLE pt2 PARTITION OF pt FOR VALUES FROM (100) TO (200) PARTITION BY RANGE (r);
CREATE TABLE pt2a PARTITION OF pt2 FOR VALUES FROM (100) TO (150);
"""


@pytest.mark.parametrize(
    ("before", "migration", "table"),
    [
        (REFERRED, "CREATE TABLE pt2 PARTITION OF pt FOR VALUES FROM (100) TO (200);", "pt2"),
        (REFERRED, NESTED, "pt2a"),
        (REFERRED.replace("REFERENCES pt", ""), NESTED, "pt2a"),
    ],
    ids=["referred", "nested and referred", "nested"],
)
def test_rows_of_a_new_partition_stop_a_rollback_in_words(
    server: Server, before: str, migration: str, table: str
) -> None:
    with fresh_database(server) as url:
        execute(url, before)
        plan = writing.planned(url, migration)
        cases.run(url, plan, until=RunState.BACKFILLED)
        execute(url, "INSERT INTO pt VALUES (120); INSERT INTO days VALUES (120);")

        said = f"rows were written to the new partition {table}"
        with pytest.raises(StoppedError, match=said) as stopped:
            revert(url, plan)
        assert "PostgreSQL" not in stopped.value.message
        assert "move its rows elsewhere" in (stopped.value.hint or "")
        with psycopg.connect(url) as conn:
            assert conn.execute("SELECT count(*) FROM pt").fetchone() == (1,)

        execute(url, "DELETE FROM days; DELETE FROM pt;")
        revert(url, plan)

        with psycopg.connect(url) as conn:
            found = conn.execute("SELECT to_regclass('pt2'), to_regclass('pt2a')").fetchone()
        assert found == (None, None)


NEXT = "CREATE TABLE pt2 PARTITION OF pt FOR VALUES FROM (100) TO (200); {}"
PARTS = """
CREATE TABLE pt (r int PRIMARY KEY, k int, v text) PARTITION BY RANGE (r);
CREATE TABLE pt1 PARTITION OF pt FOR VALUES FROM (0) TO (100);
"""


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM pt2;",
        "UPDATE pt2 SET k = 1;",
        "TRUNCATE pt2;",
        "ALTER TABLE pt2 ADD CHECK (k > 5);",
        "ALTER TABLE pt2 ALTER COLUMN v SET NOT NULL;",
        "CREATE UNIQUE INDEX ON pt2 (v);",
        "INSERT INTO pt2 VALUES (150, 1, 'a');",
    ],
)
def test_a_new_partition_is_in_use(server: Server, change: str) -> None:
    """These ran as on a table that nobody uses: rows of both versions met them, or failed."""
    with fresh_database(server) as url:
        execute(url, PARTS)
        with pytest.raises(TrainRefusedError) as refused:
            writing.planned(url, NEXT.format(change))

    assert [one.slug for one in refused.value.findings] == ["partition_in_use"]


def test_what_no_row_can_be_in_the_way_of_is_planned(server: Server) -> None:
    change = """
    CREATE INDEX ON pt2 (k); ALTER TABLE pt2 SET (fillfactor = 60);
    COMMENT ON TABLE pt2 IS 'next';
    """
    with fresh_database(server) as url:
        execute(url, PARTS)
        plan = writing.planned(url, NEXT.format(change))

        assert cases.run(url, plan) is RunState.CONTRACTED


def test_a_detach_that_was_cut_off_is_completed(server: Server) -> None:
    name = case("detach_partition/plain")
    detach = "ALTER TABLE events DETACH PARTITION events_2025 CONCURRENTLY"
    with fresh_database(server) as url:
        plan = cases.plan(name, cases.prepare(url, name))
        cases.run(url, plan, until=RunState.BACKFILLED)
        with psycopg.connect(url) as reader, suppress(psycopg.errors.LockNotAvailable):
            reader.execute("SELECT count(*) FROM events")
            with psycopg.connect(url, autocommit=True) as other:
                other.execute("SET lock_timeout = '200ms'")
                other.execute(detach)
        with psycopg.connect(url) as conn:
            pending = conn.execute("SELECT inhdetachpending FROM pg_inherits ORDER BY 1 DESC")
            assert pending.fetchone() == (True,)

        assert cases.run(url, plan) is RunState.CONTRACTED
        with psycopg.connect(url) as conn:
            left = conn.execute(
                "SELECT count(*) FROM pg_inherits WHERE inhrelid = 'events_2025'::regclass"
            )
            assert left.fetchone() == (0,)


def test_a_table_that_was_partitioned_is_whole_again_while_its_rows_are_in_one(
    server: Server,
) -> None:
    name = case("partition_table/plain")
    with fresh_database(server) as url:
        plan = cases.plan(name, cases.prepare(url, name))
        cases.run(url, plan, until=RunState.BACKFILLED)
        execute(url, "INSERT INTO events (at) VALUES ('2027-05-05')")

        with pytest.raises(ZdmError, match="rows of events are outside its first partition"):
            revert(url, plan)
        execute(url, "DELETE FROM events WHERE at >= '2027-01-01'")
        revert(url, plan)

        with psycopg.connect(url) as conn:
            found = conn.execute("SELECT count(*), to_regclass('events_p0') FROM events")
            assert found.fetchone() == (300, None)


def test_rows_outside_the_bounds_are_named_before_anything_is_locked(server: Server) -> None:
    name = case("partition_table/plain")
    with fresh_database(server) as url:
        plan = cases.plan(name, cases.prepare(url, name))
        execute(url, "INSERT INTO events (at) VALUES ('2027-05-05')")

        with pytest.raises(ZdmError, match="rows of events are outside the bounds"):
            cases.run(url, plan, until=RunState.BACKFILLED)
        with psycopg.connect(url) as conn:
            found = conn.execute("SELECT count(*) FROM pg_constraint WHERE conname ~ '^zdm_'")
            assert found.fetchone() == (0,)


VIEWED = """
CREATE TABLE logs (id int NOT NULL, day int NOT NULL, said text);
INSERT INTO logs SELECT n, n % 5, 'was' FROM generate_series(1, 20000) AS n;
CREATE VIEW seen AS SELECT id, day, said FROM logs;
GRANT SELECT, INSERT, UPDATE ON logs, seen TO zdm_writer;
"""
READERS = 4
WRAPPED = """
ALTER TABLE logs RENAME TO logs_a;
CREATE TABLE logs (LIKE logs_a) PARTITION BY RANGE (day);
GRANT SELECT, INSERT, UPDATE ON logs TO zdm_writer;
CREATE OR REPLACE VIEW seen AS SELECT id, day, said FROM logs;
ALTER TABLE logs ATTACH PARTITION logs_a FOR VALUES FROM (0) TO (10);
CREATE TABLE logs_b PARTITION OF logs FOR VALUES FROM (10) TO (20);
"""


def test_readers_of_a_view_see_every_row_while_its_table_is_partitioned(
    every_server: Server,
) -> None:
    """Without the lock on the view first, each attempt waits for a reader that waits for it."""
    with writing.owned(every_server, VIEWED) as (url, own):
        plan = writing.planned(url, WRAPPED)
        counts: list[object] = []
        ended = Event()

        def read() -> None:
            with psycopg.connect(url, autocommit=True, prepare_threshold=0) as reader:
                reader.execute("SET ROLE zdm_writer")
                while not ended.is_set():
                    counts.extend(reader.execute("SELECT count(*) FROM seen").fetchone() or ())

        with ThreadPoolExecutor(READERS) as pool:
            reading = [pool.submit(read) for _ in range(READERS)]
            try:
                until(lambda: len(counts) > 5 * READERS)
                state = cases.run(url, plan)
            finally:
                ended.set()
            for one in reading:
                one.result()

        own.execute("INSERT INTO logs VALUES (20001, 12, 'new')")
        assert state is RunState.CONTRACTED
        assert set(counts) == {20000}
        assert own.execute("SELECT said FROM seen WHERE day = 12").fetchall() == [("new",)]


def test_the_way_back_gives_a_view_its_table_again(every_server: Server) -> None:
    with writing.owned(every_server, VIEWED) as (url, own):
        plan = writing.planned(url, WRAPPED)
        cases.run(url, plan, until=RunState.BACKFILLED)

        revert(url, plan)

        own.execute("UPDATE seen SET said = 'new' WHERE id = 7")
        assert own.execute("SELECT said FROM logs WHERE id = 7").fetchall() == [("new",)]
        assert own.execute("SELECT to_regclass('logs_a')").fetchone() == (None,)
