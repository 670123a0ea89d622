"""What a backfill counts, from several threads, and read as of one moment."""

import threading
from datetime import UTC, datetime, timedelta

from zdm.backfill.batch_size import Rest
from zdm.backfill.tally import Counts, Tally
from zdm.execute.events import Hold

SECOND = timedelta(seconds=1)
LAG = Hold(gate="replica lag", reason="r2", limit=1.0, since=datetime(2026, 1, 1, tzinfo=UTC))


def test_batches_of_several_threads_are_all_counted() -> None:
    tally = Tally()

    def work() -> None:
        for _ in range(500):
            tally.batch(10, 5, 100, size=10, time=0.5 * SECOND)
            tally.failed("55P03")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    now = tally.now

    assert (now.batches, now.scanned, now.changed, now.wal) == (2000, 20_000, 10_000, 200_000)
    assert now.worked == 1000 * SECOND
    assert now.retries == {"55P03": 2000}


def test_what_was_read_stays_as_it_was() -> None:
    tally = Tally()
    before = tally.now
    tally.batch(1, 1, 1, size=1, time=SECOND)
    tally.failed(None)
    tally.held((LAG,), 2.0 * SECOND)

    assert before == Counts()
    assert tally.now.retries == {"lost": 1}


def test_the_last_batch_is_reported_with_its_rest() -> None:
    tally = Tally()
    tally.batch(1, 1, 1, size=900, time=0.2 * SECOND)
    tally.rests(Rest(0.1 * SECOND, "the WAL budget"))
    tally.read(3 * SECOND)

    assert (tally.now.size, tally.now.batch_time) == (900, 0.2 * SECOND)
    assert tally.now.rest.reason == "the WAL budget"
    assert tally.now.worked == 3.2 * SECOND


def test_each_gate_has_its_own_time() -> None:
    tally = Tally()
    tally.held((LAG,), 2.0 * SECOND)
    tally.held((LAG,), 0.5 * SECOND)
    tally.held((), 9.0 * SECOND)

    assert tally.now.held_time == {"replica lag": 2.5 * SECOND}
