"""The door to the fake: start it, talk to it, move its time, break it."""

import copy
import json
import re
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.fakes.kube_api.authorisation import ADMIN_TOKEN, Access, Account
from tests.fakes.kube_api.clock import SimulatedClock
from tests.fakes.kube_api.controllers import loop
from tests.fakes.kube_api.controllers.loop import Background
from tests.fakes.kube_api.controllers.world import Behaviour, World, with_condition
from tests.fakes.kube_api.kinds import NODES, ROLES, Json, named, of
from tests.fakes.kube_api.rest.exchange import Document, Request
from tests.fakes.kube_api.rest.failures import Failure, Failures, Order
from tests.fakes.kube_api.rest.handler import Exchange, Listener
from tests.fakes.kube_api.rest.verbs import Api
from tests.fakes.kube_api.store import Store

NAMESPACES = ("default", "kube-system")


class Refused(AssertionError):
    """The fake refused what the test itself asked for."""


class FakeKube:
    """A cluster for one test; also a `zdm.execute.ports.Clock`, whose sleep advances it."""

    def __init__(self, *, start: datetime | None = None) -> None:
        self.clock = SimulatedClock(start) if start else SimulatedClock()
        self.store = Store(self.clock)
        self.access = Access(self.store)
        self.failures = Failures()
        self.world = World(self.store)
        self.requests: list[Request] = []
        self.errors: list[BaseException] = []
        self._api = Api(self.store, self.access)
        self._background: Background | None = None
        self._listener: Listener | None = None
        self._port = 0
        for name in NAMESPACES:
            self.add_namespace(name)
        self.add_node("node-1")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stand_still()
        self.stop()
        if self.errors and error is None:
            raise self.errors[0]

    # --- being there, and being away

    def start(self) -> None:
        """Listen, on the same port as before."""
        exchange = Exchange(self._api.answer, self.failures, self.requests, self.errors)
        self._listener = Listener(self._port, exchange)
        self._port = self._listener.server_address[1]
        serve = self._listener.serve_forever
        threading.Thread(target=serve, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections and cut those there are; the state stays."""
        if self._listener is not None:
            self._listener.cut()
            self._listener = None

    @property
    def images(self) -> dict[str, Behaviour]:
        """How the containers of an image behave; others run at once and stay ready."""
        return self.world.images

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def kubeconfig(self, path: Path, *, token: str = "", namespace: str = "default") -> Path:
        """Write a kubeconfig: the administrator's, or that of the token's account."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "fake", "cluster": {"server": self.url}}],
            "users": [{"name": "fake", "user": {"token": token or ADMIN_TOKEN}}],
            "contexts": [
                {
                    "name": "fake",
                    "context": {"cluster": "fake", "user": "fake", "namespace": namespace},
                }
            ],
            "current-context": "fake",
        }
        path.write_text(json.dumps(config))
        path.chmod(0o600)
        return path

    # --- time

    def now(self) -> datetime:
        """The cluster's time."""
        return self.clock.now()

    def monotonic(self) -> float:
        """Seconds of the cluster's time."""
        return self.clock.now().timestamp()

    def sleep(self, duration: timedelta) -> None:
        """Let so much time pass in the cluster; in the background it passes by itself."""
        seconds = duration.total_seconds()
        if self._background is None:
            self.advance(seconds)
        else:
            time.sleep(seconds / self._background.speed)

    def settle(self) -> None:
        """Let the controllers do what there is to do now."""
        loop.settle(self.world)

    def advance(self, seconds: float) -> None:
        """Let so much time pass, and the controllers work meanwhile."""
        loop.advance(self.world, seconds)

    def run_in_background(self, speed: float = 1.0) -> None:
        """From now on time passes by itself, so many times as fast as real time."""
        self._background = Background(self.world, self.errors, speed)
        self._background.start()

    def stand_still(self) -> None:
        """End that."""
        if self._background is not None:
            self._background.stop()
            self._background = None

    # --- objects

    def add_namespace(self, name: str) -> None:
        """A namespace, if it is not there yet."""
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        self.apply(manifest)

    def add_node(self, name: str) -> None:
        """A node that is ready."""
        self.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
        self._condition(name, ready)

    def lose_node(self, name: str) -> None:
        """Its kubelet reports no more: pods on it end up Terminating for ever."""
        self.world.lost_nodes[name] = self.now()
        self._condition(name, {"type": "Ready", "status": "Unknown"})

    def restore_node(self, name: str) -> None:
        """Its kubelet is back, and does what was asked of it meanwhile."""
        del self.world.lost_nodes[name]
        self._condition(name, {"type": "Ready", "status": "True", "reason": "KubeletReady"})

    def get(self, kind: str, namespace: str, name: str) -> Json:
        """One object; a missing one raises `Refused`."""
        return self._ask("GET", self._path(kind, namespace, name))

    def find(self, kind: str, namespace: str, name: str) -> Json | None:
        """One object, or None."""
        return copy.deepcopy(self.store.find(named(kind), namespace, name))

    def list(self, kind: str, namespace: str = "", labels: str = "") -> list[Json]:
        """The objects of a kind."""
        path = self._path(kind, namespace, "")
        items: list[Json] = self._ask("GET", path, labelSelector=labels)["items"]
        return items

    def apply(self, manifest: Json, *, manager: str = "test") -> Json:
        """Server-side apply that wins every conflict."""
        kind = of(manifest)
        metadata = manifest["metadata"]
        path = self._path(kind.kind, metadata.get("namespace", "default"), metadata["name"])
        return self._ask("PATCH", path, manifest, fieldManager=manager, force="true")

    def patch(self, kind: str, namespace: str, name: str, patch: Json) -> Json:
        """Strategic merge patch."""
        return self._ask("PATCH", self._path(kind, namespace, name), patch)

    def set_image(self, kind: str, name: str, image: str, namespace: str = "default") -> Json:
        """What `kubectl set image kind/name *=image` does."""
        found = self.get(kind, namespace, name)
        containers = found["spec"]["template"]["spec"]["containers"]
        images = [{"name": container["name"], "image": image} for container in containers]
        spec = {"template": {"spec": {"containers": images}}}
        return self.patch(kind, namespace, name, {"spec": spec})

    def scale(self, kind: str, namespace: str, name: str, replicas: int) -> None:
        """What an autoscaler does."""
        path = self._path(kind, namespace, name) + "/scale"
        self._ask("PATCH", path, {"spec": {"replicas": replicas}}, fieldManager="autoscaler")

    def delete(self, kind: str, namespace: str, name: str, **options: object) -> None:
        """Delete; `gracePeriodSeconds=0` and the like go into the request's body."""
        self._ask("DELETE", self._path(kind, namespace, name), dict(options))

    def limit_pods(self, count: int, namespace: str = "default") -> None:
        """A quota: further pods are refused, which shows as ReplicaFailure."""
        self.world.quotas[namespace] = count

    # --- rights and failures

    def bind(self, token: str, account: str, namespace: str = "default") -> None:
        """From now on rights count, and this token is that service account."""
        self.access.tokens[token] = Account(namespace, account)

    def allow(
        self, account: str, group: str, resources: Sequence[str], verbs: Sequence[str]
    ) -> None:
        """Give an account of the default namespace a Role with one rule, and its binding."""
        name = f"{account}-{group or 'core'}-{'-'.join(resources)}".replace("/", ".")
        rbac = {"apiVersion": "rbac.authorization.k8s.io/v1"}
        metadata = {"name": name, "namespace": "default"}
        rule = {"apiGroups": [group], "resources": [*resources], "verbs": [*verbs]}
        self.apply({**rbac, "kind": "Role", "metadata": metadata, "rules": [rule]})
        reference = {"apiGroup": ROLES.group, "kind": "Role", "name": name}
        subject = {"kind": "ServiceAccount", "name": account, "namespace": "default"}
        binding = {"metadata": metadata, "roleRef": reference, "subjects": [subject]}
        self.apply({**rbac, "kind": "RoleBinding", **binding})

    def fail_next(
        self, failure: Failure, *, method: str = "", path: str = "", times: int = 1
    ) -> None:
        """Let the next requests fail whose method is this and whose path matches."""
        self.failures.orders.append(Order(failure, method, re.compile(path), times))

    # --- inside

    def _condition(self, node: str, condition: Json) -> None:
        with self.store.locked():
            item = self.store.get(NODES, "", node)
            present = item.get("status", {}).get("conditions") or []
            conditions = with_condition(present, condition, self.store.now())
            self.world.set_status(NODES, item, {"conditions": conditions})

    def _path(self, word: str, namespace: str, name: str) -> str:
        kind = named(word)
        path = f"/apis/{kind.api_version}" if kind.group else "/api/v1"
        if kind.namespaced and namespace:
            path += f"/namespaces/{namespace}"
        return f"{path}/{kind.plural}" + (f"/{name}" if name else "")

    def _ask(self, method: str, path: str, body: Json | None = None, **query: str) -> Json:
        if "force" in query:
            content = "application/apply-patch+yaml"
        elif path.endswith("/scale"):
            content = "application/merge-patch+json"
        else:
            content = "application/strategic-merge-patch+json"
        request = Request(
            method=method,
            path=path,
            query={"fieldManager": "test", **query},
            headers={"content-type": content, "authorization": f"Bearer {ADMIN_TOKEN}"},
            body=b"" if body is None else json.dumps(body).encode(),
        )
        answer = self._api.answer(request)
        if not isinstance(answer, Document) or not isinstance(answer.body, dict):
            raise Refused(f"{method} {path}: no document")
        if answer.code >= 400:
            raise Refused(f"{method} {path}: {answer.code} {answer.body.get('message')}")
        found: Json = json.loads(json.dumps(answer.body))
        return found
