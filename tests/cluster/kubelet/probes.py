"""The probes of one running container: startup first, then readiness and liveness."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.cluster.controlplane.api import Json
from tests.cluster.kubelet import checks
from tests.cluster.kubelet.checks import Target

Report = Callable[[str, str], None]  # an event's reason and message


@dataclass
class Probes:
    """Runs a container's probes in threads of their own until it is stopped."""

    target: Target
    report: Report
    started: bool = False
    ready: bool = False
    failure: str | None = None  # why the container must be restarted
    stopped: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        spec = self.target.spec
        if "startupProbe" in spec:
            self._thread(spec["startupProbe"], "Startup", self._startup)
        else:
            self._begin()

    def stop(self) -> None:
        """Ask for no more; a probe that is under way is not waited for."""
        self.stopped.set()

    def _begin(self) -> None:
        self.started = True
        spec = self.target.spec
        if "livenessProbe" in spec:
            self._thread(spec["livenessProbe"], "Liveness", self._liveness)
        if "readinessProbe" in spec:
            self._thread(spec["readinessProbe"], "Readiness", self._readiness)
        else:
            self.ready = True

    def _thread(self, probe: Json, kind: str, tell: Callable[[bool], None]) -> None:
        threading.Thread(target=self._loop, args=(probe, kind, tell), daemon=True).start()

    def _loop(self, probe: Json, kind: str, tell: Callable[[bool], None]) -> None:
        successes = failures = 0
        wait = float(probe.get("initialDelaySeconds", 0))
        while not self.stopped.wait(wait):
            wait = float(probe.get("periodSeconds", 10))
            wrong = checks.act(probe, self.target, float(probe.get("timeoutSeconds", 1)))
            if self.stopped.is_set():
                return
            if wrong is None:
                successes, failures = successes + 1, 0
                if successes >= probe.get("successThreshold", 1):
                    tell(True)
            else:
                successes, failures = 0, failures + 1
                self.report("Unhealthy", f"{kind} probe failed: {wrong}")
                if failures >= probe.get("failureThreshold", 3):
                    tell(False)
            if kind == "Startup" and self.started:
                return

    def _startup(self, good: bool) -> None:
        if good:
            self._begin()
        else:
            self.failure = "failed startup probe"

    def _liveness(self, good: bool) -> None:
        if not good:
            self.failure = "failed liveness probe"

    def _readiness(self, good: bool) -> None:
        self.ready = good
