"""One pod from its arrival to the deletion of its object."""

import shutil
import threading
import time
from dataclasses import dataclass, field

from tests.cluster.controlplane.api import ApiError, Json
from tests.cluster.kubelet import states
from tests.cluster.kubelet.container import Container
from tests.cluster.kubelet.context import Context
from tests.cluster.kubelet.environment import ConfigError
from tests.cluster.kubelet.states import Running, Terminated, View, Waiting
from tests.cluster.kubelet.volumes import Volumes

TICK = 0.1  # seconds
RETRY = 1.0  # seconds until a missing volume source, or an absent API server, is asked again
GONE_GRACE = 1.0  # for a pod whose object was removed by force
FINAL = ("Succeeded", "Failed")


@dataclass
class Worker:
    """Runs in a thread of its own; `update` and `vanish` are called by others."""

    context: Context
    newest: Json
    is_gone: bool = False  # the object was removed, or the kubelet ends
    volumes: Volumes = field(init=False)
    init: list[Container] = field(init=False)
    main: list[Container] = field(init=False)
    wake: threading.Event = field(default_factory=threading.Event)
    pushed: Json | None = None
    pushed_version: int = 0  # of the object when it had taken that
    retry_at: float = 0.0
    phase: str = "Pending"
    failed: tuple[str, str] | None = None  # the pod as a whole: reason and message

    def __post_init__(self) -> None:
        context, spec = self.context, self.context.pod["spec"]
        self.volumes = Volumes(
            context.folder / "volumes",
            context.pod,
            context.pod_ip,
            context.fetch,
            context.token,
        )
        policy = spec.get("restartPolicy", "Always")
        again = "Never" if policy == "Never" else "OnFailure"
        waiting = "PodInitializing" if "initContainers" in spec else "ContainerCreating"
        self.init = [
            Container(item, context, self.volumes, again, Waiting("PodInitializing"))
            for item in spec.get("initContainers", [])
        ]
        self.main = [
            Container(item, context, self.volumes, policy, Waiting(waiting))
            for item in spec["containers"]
        ]

    @property
    def deletion(self) -> float | None:
        """The grace time of the deletion that was asked for."""
        metadata = self.newest["metadata"]
        if "deletionTimestamp" not in metadata:
            return None
        return float(metadata.get("deletionGracePeriodSeconds") or 0)

    def update(self, pod: Json) -> None:
        """A newer version of the object."""
        if pod["metadata"]["resourceVersion"] != self.newest["metadata"]["resourceVersion"]:
            self.newest = pod
            self.wake.set()

    def vanish(self) -> None:
        """The object is no more."""
        self.is_gone = True
        self.wake.set()

    def run(self) -> None:
        """The pod's life; returns when nothing of it runs and its object may go."""
        self.phase = self.newest.get("status", {}).get("phase", "Pending")
        ready = self.phase not in FINAL and self._prepare()
        while ready and not self._is_over():
            self._tick()
            self._push()
            self.wake.wait(TICK)
            self.wake.clear()
        while not self._leave():
            self.wake.wait(RETRY)
            self.wake.clear()
        shutil.rmtree(self.context.folder, ignore_errors=True)

    def _prepare(self) -> bool:
        self.failed = _not_modelled(self.context.pod["spec"])
        while not self.failed and not self.is_gone and self.deletion is None:
            self._push()
            try:
                self.volumes.make()
            except ConfigError as error:
                self.context.event(
                    "FailedMount", f"MountVolume.SetUp failed: {error}", "Warning"
                )
            except (ApiError, OSError):
                pass  # the node may not see the object yet, or the API server is away
            else:
                return True
            self.wake.wait(RETRY)
            self.wake.clear()
        return False

    def containers(self) -> list[Container]:
        """All of them, the init containers first."""
        return [*self.init, *self.main]

    def _is_over(self) -> bool:
        """Whether no container runs and none will."""
        if any(item.is_running for item in self.containers()):
            return False
        return self._is_ending() or self.phase in FINAL

    def _is_ending(self) -> bool:
        return self.is_gone or self.failed is not None or self.deletion is not None

    def _tick(self) -> None:
        self._enforce_deadline()
        if self._is_ending():
            for item in self.containers():
                item.stop(self._grace())
                item.tick(may_start=False)
            return
        self._renew()
        for item in self.init:
            if not item.has_succeeded:
                item.tick(may_start=True)
                return
        for item in self.main:
            item.tick(may_start=True)

    def _renew(self) -> None:
        try:
            self.volumes.renew()
        except (ApiError, OSError):
            return  # asked again at the next tick; the old token is good for a while

    def _grace(self) -> float:
        if self.is_gone:
            return GONE_GRACE
        if self.deletion is not None:
            return self.deletion
        return float(self.context.pod["spec"].get("terminationGracePeriodSeconds", 30))

    def _enforce_deadline(self) -> None:
        seconds = self.context.pod["spec"].get("activeDeadlineSeconds")
        begun = self.pushed and self.pushed["startTime"]
        if seconds and begun and not self.failed and states.seconds_since(begun) > seconds:
            self.failed = (
                "DeadlineExceeded",
                "Pod was active on the node longer than the specified deadline",
            )

    def _status(self) -> Json:
        pod = self.newest
        init = [item.view() for item in self.init]
        main = [item.view() for item in self.main]
        self.phase = self._phase(init, main)
        known = {**pod.get("status", {}), **(self.pushed or {})}
        before = {c["type"]: c for c in known.get("conditions", [])}
        begun = known.get("startTime") or states.moment(time.time())
        ip = self.context.pod_ip
        return {
            "phase": self.phase,
            "observedGeneration": pod["metadata"].get("generation"),
            "startTime": begun,
            "hostIP": "127.0.0.1",
            "podIP": ip,
            "podIPs": [{"ip": ip}],
            "conditions": states.conditions(init, main, self.phase, before),
            "initContainerStatuses": [states.container_status(view) for view in init],
            "containerStatuses": [states.container_status(view) for view in main],
            **(
                dict(zip(("reason", "message"), self.failed, strict=True))
                if self.failed
                else {}
            ),
        }

    def _phase(self, init: list[View], main: list[View]) -> str:
        if self.phase in FINAL:
            return self.phase
        running = any(isinstance(view.state, Running) for view in (*init, *main))
        if self.failed and not running:
            return "Failed"
        found = states.phase(
            init, main, self.context.pod["spec"].get("restartPolicy", "Always")
        )
        ended = [view.state for view in main if isinstance(view.state, Terminated)]
        if self.deletion is not None and not running and len(ended) == len(main):
            return "Succeeded" if all(s.exit_code == 0 for s in ended) else "Failed"
        return found

    def _push(self, *, at_last: bool = False) -> bool:
        """Tell the API server when something has changed; whether it knows."""
        if self.is_gone or time.monotonic() < self.retry_at:
            return self.is_gone
        status = self._status()
        if status == self.pushed and not at_last and not self._is_overwritten(status):
            return True
        body = {"metadata": {"uid": self.context.pod["metadata"]["uid"]}, "status": status}
        try:
            taken = self.context.settings.api.patch(f"{self.context.path}/status", body)
        except ApiError as error:
            self.is_gone = self.is_gone or error.status in (404, 409)
            self.retry_at = time.monotonic() + RETRY
            return self.is_gone
        except OSError:
            self.retry_at = time.monotonic() + RETRY
            return False
        self.pushed, self.pushed_version = status, _version(taken)
        return True

    def _is_overwritten(self, status: Json) -> bool:
        """Whether somebody has said otherwise since: the node controller calls every pod of a
        node that it did not hear of unready, and the kubelet mends that."""
        seen = _version(self.newest) > self.pushed_version
        return seen and states.contradicts(self.newest.get("status", {}), status)

    def _leave(self) -> bool:
        """After the last container: say so, and remove the object if that is wanted."""
        if self.is_gone:
            return True
        if not self._push() or self.deletion is None:
            return False
        uid = self.context.pod["metadata"]["uid"]
        try:
            self.context.settings.api.delete(
                self.context.path, gracePeriodSeconds=0, preconditions={"uid": uid}
            )
        except ApiError as error:
            return error.status in (404, 409)
        except OSError:
            return False
        return True


def _version(pod: Json) -> int:
    return int(pod["metadata"]["resourceVersion"])


def _not_modelled(spec: Json) -> tuple[str, str] | None:
    """What would run otherwise than on a real node."""
    if any("restartPolicy" in item for item in spec.get("initContainers", [])):
        return "NotModelled", "the process kubelet does not run sidecar containers"
    if any("postStart" in item.get("lifecycle", {}) for item in spec["containers"]):
        return "NotModelled", "the process kubelet does not run postStart hooks"
    return None
