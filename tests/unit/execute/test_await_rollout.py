"""Deploying, polling, soaking, going back: with scripted platforms and a clock that jumps."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

import pytest

from tests.case import Watching
from tests.fakes.clock import START, FakeClock
from tests.fakes.platform import FakePlatform, Scene
from zdm.config import RolloutSettings
from zdm.errors import RolloutError, StoppedError, TemporaryError
from zdm.execute.await_rollout import GateKeeper
from zdm.execute.events import GateClear, Waiting
from zdm.execute.ports import Database, Order
from zdm.execute.stop import StopFlag
from zdm.execute.world import Options, World
from zdm.model.plan import BOTH, Assignment, Backfill, Phase
from zdm.model.release import (
    Instance,
    InstanceState,
    RolloutFailed,
    RolloutStatus,
    RunState,
    Session,
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


@dataclass(slots=True)
class JournalOnly:
    """The few things a gate keeper asks of a database; no SQL is played."""

    clock: FakeClock
    states: list[RunState] = field(default_factory=list)
    wrong: dict[int, tuple[str, ...]] = field(default_factory=dict)  # by look at the rows
    looks: int = 0

    def differing(self, step: Backfill) -> tuple[str, ...]:
        self.looks += 1
        return self.wrong.get(self.looks, ()) if step.id == "fill" else ()

    def sessions(self) -> tuple[Session, ...]:
        return ()

    def order(self) -> Order | None:
        return None

    def record_state(self, state: RunState, *, soak: bool = False) -> datetime | None:
        self.states.append(state)
        return self.clock.now() if soak else None


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
    gate_keeper.watched = (FILL,)
    database.wrong = {2: ("17", "18")}
    with pytest.raises(StoppedError, match=r"rows of users differ .*: 17; 18$"):
        gate_keeper.deploy_and_wait()

    assert database.looks == 2


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


def test_without_a_platform_nobody_knows_so_nothing_contracts() -> None:
    gate, _, _ = keeper(None)

    with pytest.raises(StoppedError, match="no platform is declared"):
        gate.deploy_and_wait()


@dataclass(slots=True)
class Unreachable(FakePlatform):
    """Answers nothing for a while."""

    silent: int = 2

    def status(self, version: Version) -> RolloutStatus:
        if self.silent:
            self.silent -= 1
            raise TemporaryError("the platform does not answer")
        return FakePlatform.status(self, version)


def test_an_unreachable_platform_is_unknown_and_waited_for() -> None:
    gate, watching, _ = keeper(Unreachable())
    gate.deploy_and_wait()
    waits = [event for event in watching.events if isinstance(event, Waiting)]

    assert [wait.gate for wait in waits] == ["unknown", "unknown"]
