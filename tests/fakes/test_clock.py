from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from tests.fakes.clock import SkippingClock

HOUR = timedelta(hours=1)


def test_a_skipped_sleep_counts_for_the_thread_that_slept() -> None:
    clock = SkippingClock()
    began = clock.monotonic()

    def time_after_a_sleep() -> float:
        clock.sleep(HOUR)
        return clock.monotonic()

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(time_after_a_sleep).result()

    assert other - began >= HOUR.total_seconds()
    assert clock.monotonic() - began < HOUR.total_seconds()
    assert clock.slept == [HOUR]
