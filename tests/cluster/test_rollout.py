"""What a real control plane says about a rollout, and what is still running then."""

import json
import time
import urllib.request
from collections.abc import Callable
from subprocess import CalledProcessError

import pytest

from tests.cluster.conftest import Space
from tests.cluster.controlplane.api import ApiError
from tests.cluster.workloads import objects, services

pytestmark = [pytest.mark.more, pytest.mark.xdist_group("cluster")]

DRAIN = 20.0
REPLICAS = 3


def images(space: Space) -> list[str]:
    """The image of every pod object of the shop."""
    return [pod["spec"]["containers"][0]["image"] for pod in space.pods(app="shop")]


def start_shop(space: Space, *, drain: float = 1) -> None:
    container = objects.shop("shop:v1", drain=drain)
    more = {"terminationGracePeriodSeconds": 60}
    space.create(objects.deployment("shop", container, replicas=REPLICAS, **more))
    space.kubectl("rollout", "status", "deployment/shop", "--timeout=90s")


def test_a_deployment_serves_requests_from_a_real_database(shop_space: Space) -> None:
    shop_space.create(objects.service("shop"))
    start_shop(shop_space)

    def ready() -> tuple[services.Address, ...]:
        return services.ready(shop_space.cluster.api, shop_space.name, "shop")

    shop_space.until(lambda: len(ready()) == REPLICAS, "three ready endpoints")
    answers = []
    for address in ready():
        url = f"http://{address.host}:{address.port}/users/1"
        with urllib.request.urlopen(url, timeout=60) as answer:
            answers.append(json.loads(answer.read())["email"])

    assert answers == ["ada@example.org"] * REPLICAS
    assert len({address.host for address in ready()}) == REPLICAS


def test_rollout_status_says_done_while_old_pods_still_drain(
    shop_space: Space, record_property: Callable[[str, object], None]
) -> None:
    start_shop(shop_space, drain=DRAIN)

    began = time.monotonic()
    shop_space.kubectl("set", "image", "deployment/shop", "shop=shop:v1.1")
    said = shop_space.kubectl("rollout", "status", "deployment/shop", "--timeout=90s")
    done = time.monotonic() - began
    old = images(shop_space).count("shop:v1")

    def is_counted() -> bool:
        status = shop_space.get("Deployment", "shop")["status"]
        counted = int(status.get("terminatingReplicas") or 0)
        return counted == images(shop_space).count("shop:v1") > 0

    shop_space.until(is_counted, "the count of terminating pods", DRAIN / 2)
    shop_space.until(lambda: "shop:v1" not in images(shop_space), "the end of the old pods")
    gone = time.monotonic() - began

    record_property("rollout status said done after", f"{done:.1f} s")
    record_property("the last old pod was gone after", f"{gone:.1f} s")
    record_property("terminatingReplicas then", old)
    assert said.strip().endswith("successfully rolled out")
    assert old >= 1
    assert gone > done
    assert gone >= DRAIN


def test_an_api_server_that_was_away_finds_the_pods_running_on(shop_space: Space) -> None:
    start_shop(shop_space)
    before = {pod["metadata"]["uid"] for pod in shop_space.pods(app="shop")}

    shop_space.cluster.stop_api()
    try:
        with pytest.raises(ConnectionRefusedError):
            shop_space.pods(app="shop")
    finally:
        shop_space.cluster.start_api()
    shop_space.kubectl("set", "image", "deployment/shop", "shop=shop:v1.1")
    shop_space.kubectl("rollout", "status", "deployment/shop", "--timeout=90s")

    after = {pod["metadata"]["uid"]: pod for pod in shop_space.pods(app="shop")}
    assert all("deletionTimestamp" in after[uid]["metadata"] for uid in before & set(after))


def test_rollout_status_never_ends_for_a_paused_deployment(shop_space: Space) -> None:
    start_shop(shop_space)
    shop_space.kubectl("rollout", "pause", "deployment/shop")
    shop_space.kubectl("set", "image", "deployment/shop", "shop=shop:v1.1")

    with pytest.raises(CalledProcessError):
        shop_space.kubectl("rollout", "status", "deployment/shop", "--timeout=3s")

    assert set(images(shop_space)) == {"shop:v1"}


def test_loopback_addresses_are_refused_in_endpoint_slices(space: Space) -> None:
    path = f"/apis/discovery.k8s.io/v1/namespaces/{space.name}/endpointslices"
    body = {
        "metadata": {"name": "loop"},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["127.0.0.5"]}],
    }

    with pytest.raises(ApiError, match="loopback"):
        space.cluster.api.post(path, body)
