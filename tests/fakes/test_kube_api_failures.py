"""What the fake can break, seen by a plain client and by the official one."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from kubernetes import client, config, watch

from tests.fakes import conversation
from tests.fakes.conversation import Api, Heard
from tests.fakes.kube_api import manifests
from tests.fakes.kube_api.authorisation import ADMIN_TOKEN
from tests.fakes.kube_api.rest.failures import Answer, Drop, DropAfter, HalfOpen, Hang, Slow
from tests.fakes.kube_api.server import FakeKube

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


@pytest.fixture
def kube() -> Iterator[FakeKube]:
    with FakeKube() as running:
        yield running


def ask(kube: FakeKube, method: str, path: str, **more: object) -> Heard:
    return conversation.ask(Api(url=kube.url, token=ADMIN_TOKEN), method, path, **more)


@pytest.mark.parametrize("code", [401, 403, 409, 410, 429, 500, 503, 504])
def test_an_ordered_code_comes_once_and_changes_nothing(kube: FakeKube, code: int) -> None:
    kube.fail_next(Answer(code), method="POST", path="/deployments")
    manifest = manifests.deployment("web", "shop:v1")

    answers = [ask(kube, "POST", DEPLOYMENTS, body=manifest).code for _ in range(2)]

    assert answers == [code, 201]


def test_only_matching_requests_fail(kube: FakeKube) -> None:
    kube.fail_next(Answer(503), method="GET", path="/pods", times=2)

    paths = ("nodes", "pods", "nodes", "pods", "pods")
    answers = [ask(kube, "GET", f"/api/v1/{path}").code for path in paths]

    assert answers == [200, 503, 200, 503, 200]


def test_too_many_requests_say_when_to_come_again(kube: FakeKube) -> None:
    kube.fail_next(Answer(429, retry_after=7))
    address = urlsplit(kube.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port)
    connection.request("GET", DEPLOYMENTS)
    answer = connection.getresponse()
    connection.close()

    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")


def test_a_dropped_request_has_no_effect_and_another_has(kube: FakeKube) -> None:
    for failure, name in ((Drop(), "one"), (DropAfter(), "two")):
        kube.fail_next(failure, method="POST")
        with pytest.raises(http.client.RemoteDisconnected):
            ask(kube, "POST", DEPLOYMENTS, body=manifests.deployment(name, "shop:v1"))

    assert [one["metadata"]["name"] for one in kube.list("deployments")] == ["two"]


def test_a_slow_answer_is_the_true_one(kube: FakeKube) -> None:
    kube.fail_next(Slow(0.2))
    start = time.monotonic()

    heard = ask(kube, "GET", DEPLOYMENTS)

    assert heard.code == 200
    assert time.monotonic() - start >= 0.2


@pytest.mark.parametrize("failure", [Hang(), HalfOpen()], ids=["hang", "half-open"])
def test_a_silent_server_needs_the_clients_own_timeout(
    kube: FakeKube, failure: Hang | HalfOpen
) -> None:
    kube.fail_next(failure)
    address = urlsplit(kube.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=0.3)
    connection.request("GET", f"{DEPLOYMENTS}?watch=true&timeoutSeconds=1")

    with pytest.raises(TimeoutError):
        connection.getresponse().read()

    connection.close()


def test_a_server_that_was_away_knows_what_it_knew(kube: FakeKube) -> None:
    kube.apply(manifests.deployment("web", "shop:v1"))
    url = kube.url
    kube.stop()
    with pytest.raises(ConnectionError):
        conversation.ask(Api(url=url, token=""), "GET", DEPLOYMENTS)
    kube.start()

    heard = ask(kube, "GET", f"{DEPLOYMENTS}/web")

    assert kube.url == url
    assert heard.content["metadata"]["name"] == "web"


def test_stopping_cuts_a_watch(kube: FakeKube) -> None:
    address = urlsplit(kube.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
    connection.request("GET", f"{DEPLOYMENTS}?watch=true&timeoutSeconds=60")
    answer = connection.getresponse()
    timer = threading.Timer(0.1, kube.stop)
    timer.start()

    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        answer.read()

    timer.join()
    connection.close()


def test_forgetting_the_past_ends_pages_and_watches(kube: FakeKube) -> None:
    for name in ("a", "b"):
        kube.apply(manifests.deployment(name, "shop:v1"))
    page = ask(kube, "GET", f"{DEPLOYMENTS}?limit=1").content["metadata"]
    kube.store.compact()

    rest = ask(kube, "GET", f"{DEPLOYMENTS}?limit=1&continue={page['continue']}")
    watched = ask(kube, "GET", f"{DEPLOYMENTS}?watch=true&timeoutSeconds=1&resourceVersion=201")

    assert (rest.code, rest.content["reason"]) == (410, "Expired")
    assert [event["object"]["code"] for event in watched.events] == [410]


def test_a_bound_token_has_the_rights_of_its_account(kube: FakeKube) -> None:
    kube.bind("secret-token", "zdm")
    limited = Api(url=kube.url, token="secret-token")
    before = conversation.ask(limited, "GET", DEPLOYMENTS)
    kube.allow("zdm", "apps", ["deployments"], ["list"])

    after = conversation.ask(limited, "GET", DEPLOYMENTS)

    assert (before.code, after.code) == (403, 200)


def test_every_request_is_remembered(kube: FakeKube) -> None:
    ask(kube, "POST", DEPLOYMENTS, body=manifests.deployment("web", "shop:v1"))

    request = kube.requests[-1]

    assert (request.method, request.path) == ("POST", DEPLOYMENTS)
    assert json.loads(request.body)["metadata"]["name"] == "web"
    assert request.headers["user-agent"] == "conversation/1"


def test_an_error_inside_the_fake_fails_the_test_that_met_it() -> None:
    def meet() -> None:
        with FakeKube() as kube:
            kube.store.objects[("apps", "deployments", "default", "web")] = {"broken": True}
            with pytest.raises(http.client.RemoteDisconnected):
                ask(kube, "GET", DEPLOYMENTS)

    with pytest.raises(KeyError, match="metadata"):
        meet()


def test_the_official_client_lists_and_watches(kube: FakeKube, tmp_path: Path) -> None:
    kube.apply(manifests.deployment("web", "shop:v1"))
    path = str(kube.kubeconfig(tmp_path / "kubeconfig"))
    api: Any = config.new_client_from_config(path)  # type: ignore[no-untyped-call]  # untyped
    apps: Any = client.AppsV1Api(api)
    watcher: Any = watch.Watch()  # type: ignore[no-untyped-call]  # the client has no types

    listed = apps.list_namespaced_deployment("default")
    kube.set_image("Deployment", "web", "shop:v2")
    stream = watcher.stream(
        apps.list_namespaced_deployment,
        "default",
        resource_version=listed.metadata.resource_version,
        timeout_seconds=1,
        _request_timeout=(60, 60),
    )
    images = [event["object"].spec.template.spec.containers[0].image for event in stream]
    api.close()

    assert [item.metadata.name for item in listed.items] == ["web"]
    assert images == ["shop:v2"]
