"""Deploying, polling, soaking, going back: with scripted platforms and a clock that jumps."""

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

import pytest
from msgspec.structs import replace

from tests.case import Watching
from tests.fakes.clock import START, FakeClock
from tests.fakes.journal import JournalOnly
from tests.fakes.platform import FakePlatform, Scene
from zdm.config.settings import RolloutSettings
from zdm.errors import InputError, RefusedError, RolloutError, StoppedError, TemporaryError
from zdm.execute.events import GateClear, Waiting
from zdm.execute.gate.keeper import GateKeeper
from zdm.execute.ports import Database, Order
from zdm.execute.stop import StopFlag
from zdm.execute.world import Options, World
from zdm.model.plan import BOTH, Assignment, Backfill, Phase
from zdm.model.release import (
    Instance,
    InstanceState,
    Observation,
    RolloutFailed,
    RolloutProgress,
    RunState,
    Spawner,
    Version,
)
from zdm.model.schema import Name

OLD = Instance(
    id="shop-1",
    workload="shop",
    version=Version("v1"),
    state=InstanceState.TERMINATING,
    since=START,
)


def keeper(
    platform: FakePlatform | None, **settings: object
) -> tuple[GateKeeper, Watching, JournalOnly]:
    clock, watching = FakeClock(), Watching()
    database = JournalOnly(clock)
    rollout = RolloutSettings(**{"polls": 3, **settings})  # type: ignore[arg-type]  # by name
    world = World(
        database=cast(Database, database),
        platform=platform,
        observer=watching,
        clock=clock,
        stop=StopFlag(),
    )
    options = Options(old=Version("v1"), new=Version("v2"), rollout=rollout)
    return GateKeeper(world=world, options=options), watching, database


def scenes(*items: Scene) -> FakePlatform:
    return FakePlatform(scenes=deque(items))


FILL = Backfill(
    id="fill",
    operation="test",
    phase=Phase.BACKFILL,
    title="fill",
    table=Name("public", "users"),
    key=("id",),
    assignments=(Assignment(column="name", expression='"old"'),),
    differs='"name" IS DISTINCT FROM "old"',
    undo=(),
    serves=BOTH,
    reason="because",
    origin=(),
)


def test_rows_that_differ_while_it_rolls_out_stop_it_and_are_named() -> None:
    gate_keeper, _, database = keeper(scenes(Scene(), Scene(), Scene()))
    gate_keeper = replace(gate_keeper, watched=(FILL,))
    database.wrong = {2: ("17", "18")}
    with pytest.raises(StoppedError, match=r"rows of users differ .*: 17; 18$"):
        gate_keeper.deploy_and_wait()

    assert database.looks == 2


def test_a_platform_may_end_the_pause_while_it_waits_and_not_between_clear_polls() -> None:
    platform = scenes(Scene(instances=(OLD,)), Scene(instances=(OLD,)), Scene())
    platform.tells_within = timedelta(seconds=1)
    gate_keeper, _, database = keeper(platform, poll_interval=timedelta(seconds=10))
    gate_keeper.wait_until_clear()

    assert platform.pauses == [timedelta(seconds=10)] * 2
    assert database.clock.now() - START == timedelta(seconds=1 + 1 + 10 + 10)


def test_the_gate_opens_after_clear_polls_in_a_row() -> None:
    platform = scenes(Scene(), Scene(instances=(OLD,)), Scene())
    gate, watching, _ = keeper(platform)
    gate.deploy_and_wait()
    polls = [
        event.polls if isinstance(event, GateClear) else 0
        for event in watching.events
        if isinstance(event, GateClear | Waiting)
    ]

    assert platform.asked == ["deploy v2"]
    assert polls == [1, 0, 1, 2, 3]


def test_waiting_ends_at_the_deadline_and_names_the_reason() -> None:
    gate, _, _ = keeper(scenes(Scene(instances=(OLD,))), deadline=timedelta(minutes=5))

    with pytest.raises(StoppedError, match="1 instance of another version than v2"):
        gate.deploy_and_wait()


def test_a_failed_rollout_brings_the_application_back_and_keeps_the_expand() -> None:
    platform = scenes(Scene(status=RolloutFailed(reason="v2 exits with 1")))
    gate, _, database = keeper(platform)

    with pytest.raises(RolloutError, match="v2 exits with 1"):
        gate.deploy_and_wait()

    assert platform.asked == ["deploy v2", "rollback v1"]
    assert database.states == [RunState.FAILED_KEPT_EXPANDED]


def test_somebody_elses_rollback_stops_before_a_contract_statement() -> None:
    platform = scenes(Scene(spawners=(Spawner(id="shop", version=Version("v1")),)))
    gate, _, _ = keeper(platform)

    with pytest.raises(StoppedError, match="would start another version"):
        gate.still_clear()

    assert platform.asked == []


def test_the_soak_passes_before_the_contract() -> None:
    gate, watching, _ = keeper(scenes(Scene()), soak=timedelta(seconds=30))
    gate.deploy_and_wait()
    soaking = [e for e in watching.events if isinstance(e, Waiting) and e.gate == "soak"]

    assert soaking[0].eta == soaking[0].since + timedelta(seconds=30)


def test_a_new_version_that_fails_while_it_soaks_goes_back() -> None:
    crashing = Scene(status=RolloutFailed(reason="v2 crashes"))
    platform = scenes(Scene(), Scene(), Scene(), Scene(), crashing)
    gate, _, database = keeper(platform, soak=timedelta(minutes=5))

    with pytest.raises(RolloutError, match="v2 crashes"):
        gate.deploy_and_wait()

    assert platform.asked == ["deploy v2", "rollback v1"]
    assert database.states == [RunState.SOAKING, RunState.FAILED_KEPT_EXPANDED]


def test_what_is_not_clear_when_the_soak_ends_is_waited_for() -> None:
    platform = scenes(*[Scene()] * 4, *[Scene(instances=(OLD,))] * 9, Scene())
    gate, watching, _ = keeper(platform, soak=timedelta(seconds=10))
    gate.deploy_and_wait()
    last = [event.polls for event in watching.events if isinstance(event, GateClear)][-3:]

    assert last == [1, 2, 3]
    assert len(platform.scenes) == 1


def test_one_clear_poll_at_the_end_of_the_soak_is_not_enough() -> None:
    platform = scenes(*[Scene()] * 3, *[Scene(instances=(OLD,))] * 4, *[Scene()] * 5)
    gate, watching, _ = keeper(platform, soak=timedelta(seconds=10))
    gate.deploy_and_wait()
    last = [event.polls for event in watching.events if isinstance(event, GateClear)][3:]

    assert last == [1, 2, 3]


def test_a_driver_needs_a_name_that_the_next_release_does_not_have() -> None:
    gate, _, _ = keeper(scenes(Scene()))
    gate = replace(gate, options=replace(gate.options, new=Version("new")))

    with pytest.raises(InputError, match="no name for the new version"):
        gate.check()


def test_without_a_platform_nobody_knows_so_nothing_contracts() -> None:
    gate, _, _ = keeper(None)

    with pytest.raises(StoppedError, match="no platform is declared"):
        gate.deploy_and_wait()


@dataclass(slots=True)
class Unreachable(FakePlatform):
    """Answers nothing for a while."""

    silent: int = 2

    def observe(self, target: Version) -> Observation:
        if self.silent:
            self.silent -= 1
            raise TemporaryError("the platform does not answer")
        return FakePlatform.observe(self, target)


def test_an_unreachable_platform_is_unknown_and_waited_for() -> None:
    gate, watching, _ = keeper(Unreachable())
    gate.deploy_and_wait()
    waits = [event for event in watching.events if isinstance(event, Waiting)]

    assert [wait.gate for wait in waits] == ["unknown", "unknown"]


@dataclass(slots=True)
class Forbidding(FakePlatform):
    """Refuses to answer, so many times."""

    times: int = 3
    deploying: int = 0

    def observe(self, target: Version) -> Observation:
        if self.times:
            self.times -= 1
            raise RefusedError("zdm may not list pods", hint="give it a Role")
        return FakePlatform.observe(self, target)

    def deploy(self, version: Version) -> None:
        if self.deploying:
            self.deploying -= 1
            raise RefusedError("zdm may not patch deployments", hint="give it a Role")
        FakePlatform.deploy(self, version)


def test_a_platform_that_forbids_for_a_moment_is_waited_for() -> None:
    gate, watching, _ = keeper(Forbidding())
    gate.deploy_and_wait()
    waits = [event for event in watching.events if isinstance(event, Waiting)]

    assert [wait.reason for wait in waits] == ["zdm may not list pods"] * 3


def test_a_platform_that_goes_on_forbidding_stops_the_run_part_way() -> None:
    gate, _, _ = keeper(Forbidding(times=1000))

    with pytest.raises(StoppedError, match="zdm may not list pods"):
        gate.deploy_and_wait()


@dataclass(slots=True)
class Restarting(FakePlatform):
    """Forbids, is away for long, and forbids again when it starts."""

    polls: int = 0

    def observe(self, target: Version) -> Observation:
        self.polls += 1
        if self.polls in (1, 2, 63, 64):
            raise RefusedError("zdm may not list pods", hint="give it a Role")
        if self.polls < 65:
            raise TemporaryError("the platform does not answer")
        return FakePlatform.observe(self, target)


def test_a_platform_that_starts_again_may_forbid_for_another_moment() -> None:
    platform = Restarting()
    gate, _, _ = keeper(platform, poll_interval=timedelta(seconds=1))
    gate.deploy_and_wait()

    assert platform.polls == 67


def test_a_platform_that_forbids_to_deploy_for_a_moment_is_asked_again() -> None:
    platform = Forbidding(times=0, deploying=3)
    gate, watching, _ = keeper(platform)
    gate.deploy_and_wait()
    waits = [event for event in watching.events if isinstance(event, Waiting)]

    assert [wait.reason for wait in waits] == ["zdm may not patch deployments"] * 3
    assert platform.asked == ["deploy v2"]


def test_a_platform_that_forbids_to_deploy_stops_the_run_part_way() -> None:
    gate, _, _ = keeper(Forbidding(deploying=1000))

    with pytest.raises(StoppedError, match="zdm may not patch deployments"):
        gate.deploy_and_wait()


@dataclass(slots=True)
class Away(FakePlatform):
    """Cannot be told to deploy for a while."""

    silent: int = 2

    def deploy(self, version: Version) -> None:
        if self.silent:
            self.silent -= 1
            raise TemporaryError("the platform does not answer")
        FakePlatform.deploy(self, version)


def test_deploying_waits_for_the_platform_until_the_deadline() -> None:
    platform = Away()
    gate, watching, _ = keeper(platform)
    gate.deploy_and_wait()
    waits = [event for event in watching.events if isinstance(event, Waiting)]

    assert platform.asked == ["deploy v2"]
    assert [wait.gate for wait in waits] == ["platform", "platform"]
    with pytest.raises(TemporaryError):
        keeper(Away(silent=10_000), deadline=timedelta(minutes=1))[0].deploy_and_wait()


def test_a_rollout_that_is_not_complete_at_the_deadline_goes_back() -> None:
    platform = scenes(Scene(status=RolloutProgress(waiting_for="2 of 3 are ready")))
    gate, _, database = keeper(platform, deadline=timedelta(minutes=5))

    with pytest.raises(RolloutError, match="not complete within 5m: 2 of 3 are ready"):
        gate.deploy_and_wait()

    assert platform.asked == ["deploy v2", "rollback v1"]
    assert database.states == [RunState.FAILED_KEPT_EXPANDED]


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(Scene(instances=(OLD,)), id="the old version drains"),
        pytest.param(
            Scene(status=RolloutProgress(waiting_for="it is paused", by_hand=True)),
            id="a person must act",
        ),
    ],
)
def test_a_new_version_that_works_never_goes_back(scene: Scene) -> None:
    platform = scenes(scene)
    gate, _, database = keeper(platform, deadline=timedelta(minutes=5))

    with pytest.raises(StoppedError):
        gate.deploy_and_wait()

    assert platform.asked == ["deploy v2"]
    assert database.states == []


def test_where_the_platform_cannot_go_back_the_message_says_who_must() -> None:
    platform = scenes(Scene(status=RolloutFailed(reason="v2 exits with 1")))
    platform.left_over = "you must bring shop to v1"
    gate, _, _ = keeper(platform)

    with pytest.raises(RolloutError) as caught:
        gate.deploy_and_wait()
    assert caught.value.message == (
        "the rollout of v2 failed: v2 exits with 1; you must bring shop to v1 and the"
        " expand is kept"
    )


def test_where_somebody_else_deploys_the_old_template_is_waited_for() -> None:
    old = Spawner(id="shop", version=Version("v1"))
    platform = scenes(Scene(spawners=(old,)), Scene())
    platform.deploys = False
    gate, watching, _ = keeper(platform)
    gate.deploy_and_wait()
    waits = [event for event in watching.events if isinstance(event, Waiting)]

    assert [(wait.gate, wait.reason) for wait in waits] == [
        ("version", "not yet moved to v2: shop (v1)")
    ]


@pytest.mark.parametrize("refusal", [RefusedError("no Role"), InputError("no image")])
def test_what_would_stop_the_rollout_is_said_before_anything_is_changed(
    refusal: RefusedError | InputError,
) -> None:
    platform = FakePlatform(refusal=refusal)
    gate, _, _ = keeper(platform)

    with pytest.raises(type(refusal)):
        gate.check()


def test_a_run_that_does_not_come_to_the_rollout_asks_no_platform() -> None:
    gate, _, _ = keeper(FakePlatform(refusal=RefusedError("no Role")))
    options = replace(gate.options, until=RunState.BACKFILLED)
    gate = replace(gate, options=options)

    gate.check()


def test_a_pause_stands_still_and_sets_the_count_back() -> None:
    gate, watching, database = keeper(scenes(Scene()))
    pause = Order(kind="pause", by="ann@laptop", at=START)
    database.asked.extend((None, pause, pause, None))
    gate.wait_until_clear()
    polls = [event.polls for event in watching.events if isinstance(event, GateClear)]
    paused = [e for e in watching.events if isinstance(e, Waiting) and e.gate == "pause"]

    assert polls == [1, 1, 2, 3]
    assert [event.names for event in paused] == [("ann@laptop",)] * 2


def test_a_cancel_ends_the_wait_and_is_taken_off() -> None:
    gate, _, database = keeper(scenes(Scene()))
    database.asked.append(Order(kind="cancel", by="ann@laptop", at=START))
    with pytest.raises(TemporaryError, match="cancelled by ann@laptop"):
        gate.wait_until_clear()

    assert not database.asked
