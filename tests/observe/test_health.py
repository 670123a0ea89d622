from datetime import timedelta

import pytest
from msgspec import structs

from tests.fakes.clock import FakeClock
from tests.observe.events import B1, C1, E1, FILL, LOCK, NOON, STARTED
from zdm.execute.events import Event, GateClear, Listening, Waiting
from zdm.observe.health import SILENCE, Health

LONG = SILENCE + timedelta(seconds=1)
CLAIM = Waiting(gate="lock holder", reason="another executor", names=("secret",), since=NOON)


def after(*events: Event, silent: timedelta = timedelta(0)) -> Health:
    clock = FakeClock(NOON)
    health = Health(clock.now)
    for event in events:
        health.notify(event)
    clock.sleep(silent)
    return health


def test_before_the_claim_it_is_alive_and_not_ready() -> None:
    health = after(Listening(address="here"), CLAIM)

    assert health.alive().ok
    assert not health.ready().ok
    assert health.ready().text == (
        "the run is not begun: waiting for lock holder since 2026-11-24T12:00:00+00:00"
    )


def test_once_the_run_is_begun_it_is_ready() -> None:
    assert after(CLAIM, STARTED).ready().ok


@pytest.mark.parametrize(
    "events",
    [
        (STARTED, E1),
        (E1, LOCK),
        (E1, structs.replace(LOCK, gate="connection")),
        (B1, structs.replace(FILL, verifying=True)),
        (C1, GateClear(polls=3, needed=3)),
    ],
    ids=["a statement", "after a lock", "after a lost connection", "verifying", "contract"],
)
def test_a_long_statement_is_no_illness(events: tuple[Event, ...]) -> None:
    assert after(*events, silent=timedelta(hours=9)).alive().ok


@pytest.mark.parametrize(
    "event",
    [FILL, CLAIM, GateClear(polls=1, needed=3)],
    ids=["between batches", "at a gate", "between polls"],
)
def test_silence_where_it_should_look_again_is_an_illness(event: Event) -> None:
    assert after(event, silent=SILENCE).alive().ok
    assert not after(event, silent=LONG).alive().ok


def test_names_of_sessions_are_not_told() -> None:
    assert "secret" not in after(CLAIM).alive().text
