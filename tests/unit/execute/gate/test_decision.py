"""The contract gate, one observation at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from zdm.execute.gate.decision import (
    Clear,
    Evidence,
    Purpose,
    Refused,
    Unknown,
    Wait,
    decide,
)
from zdm.model.release import (
    Instance,
    InstanceState,
    Observation,
    RolloutComplete,
    RolloutFailed,
    RolloutProgress,
    Session,
    Spawner,
    Version,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OLD, NEW, OLDER = Version("v1"), Version("v2"), Version("v0")
CLEAN = Evidence(
    purpose=Purpose.CONTRACT,
    target=NEW,
    platform=Observation(
        status=RolloutComplete(), instances=(), spawners=(Spawner(id="shop", version=NEW),)
    ),
    sessions=(),
)


def shows(**platform: Any) -> Evidence:
    """The clean evidence, but for what the platform shows."""
    return replace(CLEAN, platform=replace(CLEAN.platform, **platform))


def instance(
    version: Version | None, state: InstanceState = InstanceState.READY, minutes: int = 0
) -> Instance:
    eta = NOW + timedelta(minutes=minutes) if minutes else None
    return Instance(
        id=f"shop-{version}", workload="shop", version=version, state=state, since=NOW, eta=eta
    )


def session(application: str) -> Session:
    return Session(pid=7, application=application, user="shop", state="idle", since=NOW)


def test_nothing_old_is_clear() -> None:
    seen = replace(shows(instances=(instance(NEW),)), sessions=(session("zdm-app:v2/shop/1"),))

    assert decide(seen) == Clear()


@pytest.mark.parametrize("state", [InstanceState.READY, InstanceState.STARTING])
def test_an_old_instance_is_waited_for(state: InstanceState) -> None:
    answer = decide(shows(instances=(instance(NEW), instance(OLD, state))))

    assert answer == Wait(
        gate="old version",
        reason="1 instance of another version than v2 still alive",
        names=(f"shop-v1 (v1, {state})",),
    )


def test_a_terminating_instance_is_alive_until_it_is_gone() -> None:
    old = instance(OLD, InstanceState.TERMINATING, minutes=3)
    answer = decide(shows(instances=(old,)))

    assert isinstance(answer, Wait)
    assert answer.eta == NOW + timedelta(minutes=3)


def test_a_leftover_of_the_version_before_counts_too() -> None:
    assert isinstance(decide(shows(instances=(instance(OLDER),))), Wait)


def test_an_instance_of_no_known_version_is_not_new() -> None:
    assert isinstance(decide(shows(instances=(instance(None),))), Wait)


def test_a_lost_instance_is_unknown_never_gone() -> None:
    lost = instance(OLD, InstanceState.UNKNOWN)

    assert isinstance(decide(shows(instances=(lost,))), Unknown)


def test_a_template_of_the_old_version_refuses() -> None:
    answer = decide(shows(spawners=(Spawner(id="nightly", version=OLD),)))

    assert answer == Refused(
        reason="nightly (v1) would start another version than v2",
        hint="move it to v2; it may have been rolled back in between",
    )


def test_a_template_of_no_known_version_is_unknown() -> None:
    answer = decide(shows(spawners=(Spawner(id="nightly", version=None),)))

    assert isinstance(answer, Unknown)


def test_a_template_with_a_fault_is_refused_with_it() -> None:
    fault = Spawner(id="nightly", version=None, reason="uses the database and is not declared")
    answer = decide(shows(spawners=(fault,)))

    assert isinstance(answer, Refused)
    assert answer.reason == "nightly uses the database and is not declared"


def test_a_failed_rollout_is_said_before_a_fault() -> None:
    fault = Spawner(id="nightly", version=None, reason="is not declared")
    seen = shows(spawners=(fault,), status=RolloutFailed(reason="it crashes"))
    answer = decide(seen)

    assert isinstance(answer, Refused)
    assert answer.rollout_failed


def test_a_rollout_in_progress_is_waited_for() -> None:
    answer = decide(shows(status=RolloutProgress(waiting_for="shop-2 is starting")))

    assert answer == Wait(gate="rollout", reason="shop-2 is starting")


def test_a_failed_rollout_is_refused_as_such() -> None:
    answer = decide(shows(status=RolloutFailed(reason="it exits with 1")))

    assert isinstance(answer, Refused)
    assert answer.rollout_failed


@pytest.mark.parametrize(
    ("application", "holds"),
    [
        ("zdm-app:v2/shop/1", False),
        ("zdm-app:v1/shop/1", True),
        ("zdm-app:v20/shop/1", True),
        ("zdm-run:execute/host", False),
        ("psql", True),
        ("", True),
        ("metabase 7", False),
        ("prepared transaction x", True),
    ],
)
def test_a_session_holds_the_gate_unless_it_is_accounted_for(
    application: str, holds: bool
) -> None:
    seen = replace(CLEAN, sessions=(session(application),), allowed_sessions=("metabase *",))

    assert isinstance(decide(seen), Wait) == holds


@pytest.mark.parametrize(("by_hand", "answer"), [(True, Wait), (False, Clear)])
def test_a_name_that_every_release_has_tells_no_version_without_a_platform(
    by_hand: bool, answer: type
) -> None:
    held = (session("zdm-app:new/web/1"),)
    seen = replace(shows(spawners=()), target=Version("new"), sessions=held, by_hand=by_hand)
    found = decide(seen)

    assert isinstance(found, answer)


def test_then_the_way_out_is_a_name_of_its_own() -> None:
    seen = replace(shows(spawners=()), target=Version("new"), sessions=(session(""),))
    found = decide(replace(seen, by_hand=True))

    assert isinstance(found, Wait)
    assert 'PGAPPNAME=zdm-app:VERSION/… and set `new = "VERSION"` in [rollout]' in found.hint


def test_sessions_can_be_left_to_a_warning() -> None:
    seen = replace(CLEAN, sessions=(session("psql"),), sessions_block=False)

    assert decide(seen) == Clear()


@pytest.mark.parametrize(
    ("purpose", "waits"),
    [(Purpose.DEPLOY, True), (Purpose.GO_BACK, True), (Purpose.CONTRACT, False)],
)
def test_what_others_deploy_may_still_hold_the_old_version_until_the_contract(
    purpose: Purpose, waits: bool
) -> None:
    old = shows(spawners=(Spawner(id="web", version=OLD),))
    answer = decide(replace(old, purpose=purpose, others_deploy=True))

    assert isinstance(answer, Wait if waits else Refused)
