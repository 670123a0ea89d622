"""The garbage collector, and the end of namespaces."""

from tests.fakes.kube_api.controllers.world import World, is_terminating
from tests.fakes.kube_api.kinds import (
    ALL,
    CONFIG_MAPS,
    NAMESPACES,
    SERVICE_ACCOUNTS,
    Json,
    Kind,
)
from tests.fakes.kube_api.objects import deletion


def reconcile(world: World) -> None:
    """Delete what has lost all its owners, and owners whose dependents are gone."""
    everything = [(kind, item) for kind in ALL for item in world.store.all(kind)]
    alive = {item["metadata"]["uid"] for _, item in everything}
    waiting = {item["metadata"]["uid"] for _, item in everything if _in_foreground(item)}
    for kind, item in everything:
        owners = item["metadata"].get("ownerReferences") or []
        orphaned = owners and not any(owner["uid"] in alive for owner in owners)
        led_away = owners and all(owner["uid"] in waiting for owner in owners)
        if (orphaned or led_away) and not is_terminating(item):
            policy = "Foreground" if led_away and not orphaned else "Background"
            deletion.delete(
                world.store,
                kind,
                item,
                {"propagationPolicy": policy} if kind.kind != "Pod" else {},
            )
        elif _in_foreground(item) and not _dependents(everything, item):
            world.store.remove(kind, item)
    _furnish_namespaces(world)
    _empty_namespaces(world, everything)


def _in_foreground(item: Json) -> bool:
    return deletion.FOREGROUND in (item["metadata"].get("finalizers") or [])


def _dependents(everything: list[tuple[Kind, Json]], owner: Json) -> list[Json]:
    uid = owner["metadata"]["uid"]
    return [
        item
        for _, item in everything
        if any(one["uid"] == uid for one in item["metadata"].get("ownerReferences") or [])
    ]


def _furnish_namespaces(world: World) -> None:
    """Every namespace has a service account and the cluster's certificate."""
    for namespace in world.store.all(NAMESPACES):
        name = namespace["metadata"]["name"]
        for kind, content in (
            (SERVICE_ACCOUNTS, "default"),
            (CONFIG_MAPS, "kube-root-ca.crt"),
        ):
            if not is_terminating(namespace) and world.store.find(kind, name, content) is None:
                world.create(kind, {"metadata": {"name": content, "namespace": name}})


def _empty_namespaces(world: World, everything: list[tuple[Kind, Json]]) -> None:
    for namespace in world.store.all(NAMESPACES):
        if not is_terminating(namespace):
            continue
        name = namespace["metadata"]["name"]
        content = [pair for pair in everything if pair[1]["metadata"].get("namespace") == name]
        for kind, item in content:
            if not is_terminating(item) and world.store.find(
                kind, name, item["metadata"]["name"]
            ):
                deletion.delete(world.store, kind, item, {})
        if not content:
            world.store.remove(NAMESPACES, namespace)
