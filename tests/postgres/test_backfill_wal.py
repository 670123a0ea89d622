"""Bytes of WAL by batch: those of batches that overlap are counted once."""

from zdm.postgres.backfill_wal import WalMeter


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
