"""The loop that lists the node's pods and gives each a worker."""

import logging
import threading
import time
from dataclasses import dataclass, field

from tests.cluster.controlplane.api import ApiError, Json
from tests.cluster.kubelet import addresses
from tests.cluster.kubelet.container import Container
from tests.cluster.kubelet.context import Context, Settings
from tests.cluster.kubelet.worker import Worker

POLL = 0.25  # seconds between lists
LAST_WAIT = 8.0  # seconds for the pods' end when the kubelet ends

log = logging.getLogger("kubelet")


@dataclass
class Agent:
    """Lists rather than watches: a list is the truth, and this one is small."""

    settings: Settings
    workers: dict[str, Worker] = field(default_factory=dict)
    threads: dict[str, threading.Thread] = field(default_factory=dict)
    is_away: bool = False

    def run(self, stopped: threading.Event) -> None:
        """Until asked to stop; then every pod of this node is ended."""
        while not stopped.wait(POLL):
            self._poll()
        for worker in self.workers.values():
            worker.vanish()
        deadline = time.monotonic() + LAST_WAIT
        for thread in self.threads.values():
            thread.join(max(0.0, deadline - time.monotonic()))

    def find(self, namespace: str, pod: str, container: str) -> Container | None:
        """A container of a pod that has an object."""
        for worker in list(self.workers.values()):
            if (worker.context.namespace, worker.context.name) == (namespace, pod):
                return next((c for c in worker.containers() if c.name == container), None)
        return None

    def _poll(self) -> None:
        try:
            found = self.settings.api.get(
                "/api/v1/pods",
                fieldSelector=f"spec.nodeName={self.settings.node}",
                resourceVersion="0",
            )
        except (ApiError, OSError) as error:
            if not self.is_away:
                log.warning("the API server is away: %s", error)
            self.is_away = True
            return
        self.is_away = False
        pods = {pod["metadata"]["uid"]: pod for pod in found["items"]}
        for uid, pod in pods.items():
            self._see(uid, pod)
        for uid in [uid for uid in self.workers if uid not in pods]:
            self.workers[uid].vanish()
            if not self.threads[uid].is_alive():
                del self.workers[uid], self.threads[uid]

    def _see(self, uid: str, pod: Json) -> None:
        if uid in self.workers:
            self.workers[uid].update(pod)
            return
        worker = Worker(self._context(uid, pod), pod)
        thread = threading.Thread(target=worker.run, name=pod["metadata"]["name"], daemon=True)
        self.workers[uid], self.threads[uid] = worker, thread
        thread.start()

    def _context(self, uid: str, pod: Json) -> Context:
        taken = [worker.context.pod_ip for worker in self.workers.values()]
        folder = self.settings.folder / "pods" / uid
        folder.mkdir(parents=True, exist_ok=True)
        known = pod.get("status", {}).get("podIP")  # after a restart of the kubelet
        return Context(
            settings=self.settings,
            pod=pod,
            pod_ip=known or addresses.free(self.settings.subnet, taken),
            folder=folder,
        )
