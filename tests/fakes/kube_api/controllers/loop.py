"""Let the controllers work: until nothing follows, for a while, or in the background."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from tests.fakes.kube_api.controllers import (
    collector,
    cronjobs,
    daemonsets,
    deployments,
    endpoints,
    jobs,
    kubelet,
    replicasets,
    statefulsets,
)
from tests.fakes.kube_api.controllers.world import World

_ALL: tuple[Callable[[World], None], ...] = (
    deployments.reconcile,
    replicasets.reconcile,
    statefulsets.reconcile,
    daemonsets.reconcile,
    cronjobs.reconcile,
    jobs.reconcile,
    kubelet.reconcile,
    collector.reconcile,
    endpoints.reconcile,
)
_TOO_MANY = 500
_BEAT = 0.02
_LOOK_ANYWAY = 25  # beats: a test may have changed how images behave


def settle(world: World) -> None:
    """Call the controllers until none of them writes."""
    with world.store.locked():
        for _ in range(_TOO_MANY):
            before = world.store.revision
            world.wakes.clear()
            for reconcile in _ALL:
                reconcile(world)
            if world.store.revision == before:
                return
    raise AssertionError("the controllers never come to rest")


def advance(world: World, seconds: float) -> None:
    """Let time pass, stopping wherever something happens."""
    end = world.now + timedelta(seconds=seconds)
    settle(world)
    while world.now < end:
        world.store.clock.set(min([end, *world.wakes]))
        settle(world)


@dataclass(slots=True)
class Background:
    """The controllers at work beside the test, on a clock that follows real time."""

    world: World
    errors: list[BaseException]
    speed: float
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self.world.store.clock.follow(self.speed)
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        settled, beats = -1, 0
        while not self._stop.wait(_BEAT):
            beats += 1
            due = any(moment <= self.world.now for moment in self.world.wakes)
            if self.world.store.revision == settled and not due and beats % _LOOK_ANYWAY:
                continue
            try:
                settle(self.world)
                settled = self.world.store.revision
            except BaseException as error:  # noqa: BLE001 - the test raises it at its end
                self.errors.append(error)
                return

    def stop(self) -> None:
        """End, and let the clock stand."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.world.store.clock.stand()
