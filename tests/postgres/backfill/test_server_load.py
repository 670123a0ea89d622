"""How busy others keep a server: from samples, and on a real one."""

import threading
import time
from contextlib import closing
from datetime import timedelta

import psycopg
import pytest

from tests.postgres.backfill.fills import begun, fill, step, table
from zdm.backfill.pacing import Pacing
from zdm.backfill.server_load import UNKNOWN, Activity, Load, Others
from zdm.backfill.tuning import Tuning
from zdm.config.settings import BackfillGates
from zdm.execute.clock import SystemClock
from zdm.postgres.backfill import gate_queries
from zdm.postgres.backfill.engine import PACES
from zdm.postgres.backfill.gate_queries import Look
from zdm.postgres.session import connection

SECOND = timedelta(seconds=1)


def load(*samples: tuple[float, float, float]) -> Load:
    seen = Load()
    for sample in samples:
        at, everybody, ours = sample
        seen.take(at, Activity(everybody * SECOND, int(100 * everybody)), ours * SECOND)
    return seen


@pytest.mark.parametrize(
    ("samples", "others"),
    [
        (((0, 0, 0), (5, 2.5, 0)), 0.5),
        (((0, 0, 0), (5, 6, 2)), 0.8),
        (((0, 100, 50), (5, 103, 53)), 0.0),
        (((0, 0, 0), (5, 0, 0)), 0.0),
        (((0, 0, 0), (5, 2.9, 3)), 0.0),  # reports come late
        (((0, 0, 0), (1, 0, 0)), UNKNOWN.sessions),  # not yet
        (((0, 0, 0), (5, 0, 3)), UNKNOWN.sessions),  # nothing is counted there
        (((0, 0, 0), (15, 75, 0), (25, 80, 0)), 0.5),  # what is long ago is forgotten
    ],
)
def test_others_are_what_is_left_of_everybody(
    samples: tuple[tuple[float, float, float], ...], others: float
) -> None:
    assert load(*samples).others.sessions == pytest.approx(others)


def test_their_transactions_are_measured() -> None:
    assert load((0, 0, 0), (5, 2.5, 0)).others == Others(0.5, 0.01 * SECOND)
    assert load((0, 0, 0), (1, 0.5, 0)).others == UNKNOWN


def test_a_session_at_work_is_seen_by_the_server(database: str) -> None:
    stop = threading.Event()

    def work() -> None:
        with psycopg.connect(database, autocommit=True) as app:
            while not stop.is_set():
                # a session that reads tables reports each second, another one every ten
                app.execute("SELECT count(*), pg_sleep(0.05) FROM pg_am")

    thread = threading.Thread(target=work)
    with connection.connect(database, name="execute/tests") as own, closing(own):
        look = Look(own, [], BackfillGates(), SystemClock())
        before, began = gate_queries.activity(look), time.monotonic()
        thread.start()
        try:
            while gate_queries.activity(look).time - before.time < SECOND:
                assert time.monotonic() - began < 60.0
                time.sleep(0.1)
            done = gate_queries.activity(look).transactions - before.transactions
            assert done > 5
        finally:
            stop.set()
            thread.join()


def test_batches_beside_others_are_short(database: str) -> None:
    unknown = Tuning(load_after=timedelta(days=1))  # so it is treated as busy
    with connection.connect(database, name="execute/tests") as own:
        table(own, "id int PRIMARY KEY", "g", rows_of_it=4_000)
        own.execute("ALTER TABLE t ADD CHECK (md5(repeat(old, 6000)) <> '') NOT VALID")
        fill(own, begun(own), step(("id",)), tuning=unknown)
        row = own.execute("SELECT size FROM zdm.backfill_range").fetchone()

    assert row is not None
    assert row[0] < PACES[Pacing.PACED].first / 4
