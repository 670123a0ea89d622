"""The pause between two polls against an API server: a change ends it, no failure stretches it.

Times here are real, so only what is far apart is told apart.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from tests.fakes.kube_api.rest.failures import Answer, Drop, Failure, HalfOpen, Hang
from tests.fakes.kube_api.server import FakeKube
from tests.rollout.kubernetes.kube_shop import SPACE, V2, Shop
from tests.waiting import until
from zdm.execute.clock import SystemClock
from zdm.execute.gate.keeper import GateKeeper
from zdm.execute.world import World
from zdm.rollout.kubernetes.api import PODS
from zdm.rollout.kubernetes.client import KubeApi
from zdm.rollout.kubernetes.driver import Kubernetes
from zdm.rollout.kubernetes.watch import SHORTEST, PodWatch

LONG = timedelta(seconds=20)
SHORT = timedelta(seconds=1.5)
SPEED = 50.0  # the cluster's time against ours
WATCH = r"/pods\?.*watch="


def listed(shop: Shop, *namespaces: str) -> tuple[KubeApi, PodWatch]:
    """A watch whose API has listed the pods."""
    api = shop.api
    for namespace in namespaces or (SPACE,):
        api.list(PODS, namespace)
    return api, PodWatch(api, namespaces or (SPACE,))


def seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


@contextmanager
def in_a_second(shop: Shop, count: int, act: Callable[[], object]) -> Iterator[list[float]]:
    """Act a second after so many watches were asked for; the moment when that is."""
    moments: list[float] = []

    def wait_and_act() -> None:
        until(lambda: len(watches(shop)) >= count)
        time.sleep(1)
        moments.append(time.monotonic())
        act()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    try:
        yield moments
    finally:
        thread.join()


def until_no_watch_runs() -> None:
    until(lambda: not any(t.name.startswith("zdm watch") for t in threading.enumerate()))


def delete_a_pod(shop: Shop) -> None:
    name = shop.kube.list("Pod", SPACE)[0]["metadata"]["name"]
    shop.kube.delete("Pod", SPACE, name, gracePeriodSeconds=0)


def watches(shop: Shop) -> list[str]:
    """The paths of the watches that were asked for."""
    return [one.path for one in shop.kube.requests if one.query.get("watch")]


def test_a_change_ends_the_pause(shop: Shop) -> None:
    _, watch = listed(shop)
    with in_a_second(shop, 1, lambda: delete_a_pod(shop)) as moments:
        took = seconds(lambda: watch.pause(LONG))
        ended = time.monotonic()

    assert took < 10
    assert moments[0] <= ended


def test_a_change_between_the_list_and_the_watch_is_not_lost(shop: Shop) -> None:
    _, watch = listed(shop)
    delete_a_pod(shop)
    took = seconds(lambda: watch.pause(LONG))

    assert SHORTEST * 0.9 < took < 10


def test_a_change_in_any_of_the_namespaces_ends_it(shop: Shop) -> None:
    shop.kube.add_namespace("other")
    _, watch = listed(shop, "other", SPACE)
    with in_a_second(shop, 2, lambda: delete_a_pod(shop)):
        took = seconds(lambda: watch.pause(LONG))

    assert took < 10
    assert sorted(watches(shop)) == [
        "/api/v1/namespaces/default/pods",
        "/api/v1/namespaces/other/pods",
    ]


def test_without_a_change_it_lasts_its_time(shop: Shop) -> None:
    _, watch = listed(shop)

    assert SHORT.total_seconds() * 0.9 < seconds(lambda: watch.pause(SHORT)) < 10


def test_much_change_is_not_looked_at_all_the_time(shop: Shop) -> None:
    api, watch = listed(shop)
    for _ in range(3):
        delete_a_pod(shop)
        shop.kube.settle()
        assert seconds(lambda: watch.pause(LONG)) > SHORTEST * 0.9
        api.list(PODS, SPACE)


FAILURES: dict[str, Failure] = {
    "half-open": HalfOpen(),
    "no answer": Hang(),
    "reset": Drop(),
    "forbidden": Answer(403),
    "not logged in": Answer(401),
    "expired": Answer(410),
    "overloaded": Answer(429),
    "broken": Answer(500),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_a_watch_that_fails_makes_the_pause_neither_shorter_nor_longer(
    shop: Shop, failure: Failure
) -> None:
    api, watch = listed(shop)
    shop.kube.fail_next(failure, path=WATCH)
    took = seconds(lambda: watch.pause(SHORT))

    assert SHORT.total_seconds() * 0.9 < took < 10
    until(lambda: watches(shop))
    assert len(watches(shop)) == 1
    assert len(api.list(PODS, SPACE)) == 3


def test_an_expired_version_is_no_change(shop: Shop) -> None:
    api, watch = listed(shop)
    delete_a_pod(shop)
    shop.kube.store.compact()

    assert seconds(lambda: watch.pause(SHORT)) > SHORT.total_seconds() * 0.9
    until_no_watch_runs()
    api.list(PODS, SPACE)
    delete_a_pod(shop)
    assert seconds(lambda: watch.pause(LONG)) < 10


def test_who_may_not_watch_is_not_asked_again_at_once(shop: Shop) -> None:
    shop.kube.bind("zdm's token", "zdm")
    shop.kube.allow("zdm", "", ["pods"], ["list"])
    shop.token = "zdm's token"
    api, watch = listed(shop)
    for _ in range(3):
        watch.pause(timedelta(seconds=0.5))
        until_no_watch_runs()
        api.list(PODS, SPACE)

    assert len(watches(shop)) == 1


@dataclass(frozen=True, slots=True)
class ClusterTime(SystemClock):
    """The time is the cluster's, for what happens there has its times; waits are real."""

    kube: FakeKube

    def now(self) -> datetime:
        return self.kube.now()


def watching(shop: Shop, interval: timedelta) -> GateKeeper:
    """A gate keeper whose platform watches."""
    api = shop.api
    platform = Kubernetes(shop.settings, api, shop.kube, PodWatch(api, (SPACE,)))
    shop.rollout = {"poll_interval": interval, "polls": 1}
    keeper = shop.keeper()
    old: World = keeper.world
    return replace(keeper, world=replace(old, platform=platform, clock=ClusterTime(shop.kube)))


def test_the_gate_sees_the_last_pod_go_before_the_next_poll(shop: Shop) -> None:
    shop.kube.run_in_background(SPEED)
    took = seconds(watching(shop, timedelta(seconds=60)).deploy_and_wait)

    assert took < 50
    assert shop.versions() == ["v2", "v2", "v2"]


@pytest.mark.parametrize("word", ["half-open", "reset", "forbidden", "expired"])
def test_the_gate_answers_by_its_lists_alone(shop: Shop, word: str) -> None:
    shop.kube.fail_next(FAILURES[word], path=WATCH, times=1000)
    keeper = watching(shop, timedelta(seconds=0.5))
    with in_a_second(shop, 1, lambda: shop.kube.run_in_background(SPEED)):
        keeper.deploy_and_wait()

    assert shop.versions() == ["v2", "v2", "v2"]
    keeper.still_clear()
    assert {spawner.version for spawner in shop.driver.observe(V2).spawners} == {V2}
