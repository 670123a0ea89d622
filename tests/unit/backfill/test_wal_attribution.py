"""Bytes of WAL by batch: those of batches that overlap are counted once."""

from datetime import timedelta

from zdm.backfill.wal_attribution import WalMeter


def test_what_an_earlier_batch_counted_is_not_counted_again() -> None:
    meter, starts = WalMeter(), list[int]()

    def ends_at(end: int) -> int:
        def checkpoint(start: int) -> int:
            starts.append(start)
            return end

        return meter.count(12, checkpoint)

    assert [ends_at(20), ends_at(25), ends_at(24)] == [8, 5, 0]
    assert starts == [12, 20, 25]


def test_wal_between_two_batches_is_nobodys() -> None:
    meter = WalMeter()
    meter.count(0, lambda _: 20)

    assert meter.count(50, lambda _: 60) == 10


def test_nobody_waits_long_for_a_checkpoint_that_hangs() -> None:
    meter, inner = WalMeter(patience=timedelta(milliseconds=10)), list[int]()

    def hangs(start: int) -> int:
        inner.append(meter.count(5, lambda _: 30))
        return start + 10

    assert meter.count(5, hangs) == 10
    assert inner == [25]
    assert meter.count(0, lambda _: 40) == 10  # and the lock is free again
