"""Rates and ends are told from the last minutes, as a range, or not at all."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from zdm.backfill.throughput import ENOUGH, Forecast, Meter


def seen(meter: Meter, left: int | None = 100_000, **changes: object) -> Forecast:
    values: dict[str, object] = {"left": left, "batches": ENOUGH, "held": False, **changes}
    return meter.forecast(**values)  # type: ignore[arg-type]  # as a call would give them


def steady(rate: int = 1000, seconds: int = 60) -> Meter:
    meter = Meter()
    for second in range(seconds):
        meter.take(float(second), second * rate, second * rate * 100)
    return meter


def test_a_steady_rate_gives_one_end() -> None:
    found = seen(steady())

    assert found.rate is not None
    assert round(found.rate) == 1000
    assert found.wal_rate is not None
    assert round(found.wal_rate) == 100_000
    assert found.low == found.high == timedelta(seconds=100)


def test_an_unsteady_rate_gives_a_range() -> None:
    meter, rows = Meter(), 0
    for second in range(60):
        rows += 500 if second // 6 % 2 else 1500
        meter.take(float(second), rows, 0)
    found = seen(meter)

    assert found.low is not None
    assert found.high is not None
    assert found.low < timedelta(seconds=100) < found.high


def test_a_pause_counts_as_time() -> None:
    meter = steady(1000, 30)
    meter.take(60.0, 29_000, 0)  # half a minute of nothing
    found = seen(meter)

    assert found.rate is not None
    assert found.rate < 600


def test_what_is_long_ago_is_forgotten() -> None:
    meter = steady(10_000, 60)
    for second in range(60, 500):
        meter.take(float(second), 600_000 + (second - 60) * 100, 0)
    found = seen(meter)

    assert found.rate is not None
    assert 90 < found.rate < 110


def test_no_end_is_foretold_in_a_hold_at_the_start_or_without_an_estimate() -> None:
    meter = steady()

    assert seen(meter, held=True).low is None
    assert seen(meter, batches=ENOUGH - 1).low is None
    assert seen(meter, None).low is None
    assert seen(Meter()) == Forecast()


@given(st.lists(st.tuples(st.floats(0.01, 30), st.integers(0, 10**6)), max_size=80))
def test_it_never_foretells_nonsense(steps: list[tuple[float, int]]) -> None:
    meter, at, rows = Meter(), 0.0, 0
    for seconds, more in steps:
        at, rows = at + seconds, rows + more
        meter.take(at, rows, rows)
    found = seen(meter)

    assert found.rate is None or found.rate >= 0
    assert found.low is None or found.high is None or timedelta(0) <= found.low <= found.high


def test_a_short_fill_before_a_long_verification_is_foretold_without_an_error() -> None:
    meter = Meter()
    for at in range(40):
        meter.take(float(at), min(at, 1) * 1000, 0)
        found = meter.forecast(left=0, batches=100, held=False)

    assert found.low is None
