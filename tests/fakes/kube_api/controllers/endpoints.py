"""EndpointSlices: one per Service, with each pod of its selector that has an IP."""

from tests.fakes.kube_api.controllers.world import World, has_ended, is_ready, is_terminating
from tests.fakes.kube_api.kinds import ENDPOINT_SLICES, PODS, SERVICES, Json
from tests.fakes.kube_api.objects.selectors import selected_by
from tests.fakes.kube_api.rest.writing import suffix

_SERVICE = "kubernetes.io/service-name"


def reconcile(world: World) -> None:
    """Every Service that has a selector."""
    for service in world.store.all(SERVICES):
        if selector := service["spec"].get("selector"):
            _publish(world, service, selector)


def _publish(world: World, service: Json, selector: dict[str, str]) -> None:
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    endpoints = [
        _endpoint(pod)
        for pod in world.store.all(PODS, namespace)
        if selected_by({"matchLabels": selector}, pod["metadata"].get("labels") or {})
        and pod["status"].get("podIP")
        and not has_ended(pod)
    ]
    ports: list[Json] | None = [
        {"name": one.get("name", ""), "port": one["targetPort"], "protocol": one["protocol"]}
        for one in service["spec"].get("ports") or []
    ]
    ports = ports if endpoints else None  # as Go writes empty lists here
    for found in world.store.all(ENDPOINT_SLICES, namespace):
        if (found["metadata"].get("labels") or {}).get(_SERVICE) == name:
            world.change(
                ENDPOINT_SLICES,
                found,
                lambda new: new.update(endpoints=endpoints or None, ports=ports),
            )
            return
    owner = {
        "apiVersion": "v1",
        "kind": "Service",
        "name": name,
        "uid": service["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    labels = {
        _SERVICE: name,
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }
    metadata = {
        "name": f"{name}-{suffix()}",
        "namespace": namespace,
        "labels": labels,
        "ownerReferences": [owner],
    }
    world.create(
        ENDPOINT_SLICES,
        {
            "metadata": metadata,
            "addressType": "IPv4",
            "endpoints": endpoints or None,
            "ports": ports,
        },
    )


def _endpoint(pod: Json) -> Json:
    ready, leaving = is_ready(pod), is_terminating(pod)
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {
            "ready": ready and not leaving,
            "serving": ready,
            "terminating": leaving,
        },
        "nodeName": pod["spec"]["nodeName"],
        "targetRef": {
            "kind": "Pod",
            "namespace": pod["metadata"]["namespace"],
            "name": pod["metadata"]["name"],
            "uid": pod["metadata"]["uid"],
        },
    }
