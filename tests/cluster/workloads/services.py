"""Which pods a Service would send a request to now: what kube-proxy reads, without it."""

from dataclasses import dataclass

from tests.cluster.controlplane.api import Api, Json
from tests.cluster.kubelet import addresses


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Where a ready pod listens on this machine."""

    host: str
    port: int
    pod: str


def ready(api: Api, namespace: str, service: str) -> tuple[Address, ...]:
    """The ready endpoints of a Service, by its EndpointSlices."""
    found = api.get(
        f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices",
        labelSelector=f"kubernetes.io/service-name={service}",
    )
    addresses_found = {address for item in found["items"] for address in _of_slice(item)}
    return tuple(sorted(addresses_found))


def _of_slice(item: Json) -> list[Address]:
    return [
        Address(addresses.of_process(endpoint["addresses"][0]), port["port"], _pod(endpoint))
        for endpoint in item.get("endpoints") or []
        for port in item.get("ports") or []
        if endpoint.get("conditions", {}).get("ready")
    ]


def _pod(endpoint: Json) -> str:
    return str(endpoint.get("targetRef", {}).get("name", ""))
