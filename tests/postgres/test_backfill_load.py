"""How busy others keep a server: from samples, and on a real one."""

import threading
import time
from contextlib import closing

import psycopg
import pytest

from zdm.config import BackfillGates
from zdm.postgres import backfill_signals, connection
from zdm.postgres.backfill_load import UNKNOWN, Load
from zdm.postgres.backfill_signals import Look


def load(*samples: tuple[float, float, float]) -> Load:
    seen = Load()
    for sample in samples:
        seen.take(*sample)
    return seen


@pytest.mark.parametrize(
    ("samples", "others"),
    [
        (((0, 0, 0), (5, 2.5, 0)), 0.5),
        (((0, 0, 0), (5, 6, 2)), 0.8),
        (((0, 100, 50), (5, 103, 53)), 0.0),
        (((0, 0, 0), (5, 0, 0)), 0.0),
        (((0, 0, 0), (5, 2.9, 3)), 0.0),  # reports come late
        (((0, 0, 0), (1, 0, 0)), UNKNOWN),  # not yet
        (((0, 0, 0), (5, 0, 3)), UNKNOWN),  # nothing is counted there
        (((0, 0, 0), (15, 75, 0), (25, 80, 0)), 0.5),  # what is long ago is forgotten
    ],
)
def test_others_are_what_is_left_of_everybody(
    samples: tuple[tuple[float, float, float], ...], others: float
) -> None:
    assert load(*samples).others == pytest.approx(others)


def test_a_session_at_work_is_seen_by_the_server(database: str) -> None:
    stop = threading.Event()

    def work() -> None:
        with psycopg.connect(database, autocommit=True) as app:
            while not stop.is_set():
                app.execute("SELECT pg_sleep(0.05)")

    thread = threading.Thread(target=work)
    with connection.connect(database, name="execute/tests") as own, closing(own):
        look = Look(own, [], BackfillGates())
        before, began = backfill_signals.active_seconds(look), time.monotonic()
        thread.start()
        try:
            while backfill_signals.active_seconds(look) - before < 1.0:
                assert time.monotonic() - began < 60.0
                time.sleep(0.1)
        finally:
            stop.set()
            thread.join()
