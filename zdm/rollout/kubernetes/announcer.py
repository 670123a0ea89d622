"""Announces a run in the cluster: Events and annotations on the declared workloads.

Annotations go to the workload's own metadata; one on its template would start a rollout.
A cluster that refuses them must not stop a migration: a failure is reported once, then retried
silently from time to time.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from zdm.errors import RefusedError, StoppedError, ZdmError
from zdm.execute.events import (
    DeployStarted,
    Event,
    PointOfNoReturn,
    RunFailed,
    RunStarted,
    RunStopped,
    StateChanged,
    Waiting,
)
from zdm.model.release import RunState
from zdm.rollout.kubernetes import objects
from zdm.rollout.kubernetes.api import BY_KIND, EVENTS, PODS, ClusterApi, Json, PatchKind
from zdm.rollout.kubernetes.objects import Ref

RELEASE, PHASE = "zdm.dev/release", "zdm.dev/phase"
AGAIN = timedelta(seconds=60)  # between two Events about one wait, and after a failure
LONGEST = 1024  # characters of an Event's message that the API takes
SOURCE = "zdm"

AT_GATE = (RunState.DEPLOYING, RunState.DEPLOYED, RunState.SOAKING, RunState.CONTRACTING)

Level = Literal["Normal", "Warning"]


class Said(Struct, frozen=True, kw_only=True):
    """The content of an Event."""

    reason: str
    message: str
    level: Level = "Normal"


class Audience(Struct, frozen=True, kw_only=True):
    """Which objects the Events are about; `own_pod` is zdm's own, whose Job gets them, too."""

    workloads: tuple[Ref, ...]
    own_pod: Ref | None = None


class Announcing:
    """Satisfies Observer."""

    def __init__(
        self,
        api: ClusterApi,
        audience: Audience,
        now: Callable[[], datetime],
        complain: Callable[[str], None],
    ) -> None:
        self._api = api
        self._audience = audience
        self._job: Ref | None = None
        self._now = now
        self._complain = complain
        self._plan = ""
        self._state = ""
        self._waiting: tuple[str, tuple[str, ...]] = ("", ())
        self._waiting_said = objects.EPOCH
        self._silent_until = objects.EPOCH
        self._complained: set[str] = set()

    def notify(self, event: Event) -> None:
        """Announce an event, if it concerns the cluster."""
        said = self._said(event)
        if not said or self._now() < self._silent_until:
            return
        try:
            self._announce_all(said, annotate=not isinstance(event, Waiting))
        except ZdmError as error:
            self._silent_until = self._now() + AGAIN
            self._complain_once("Events", error)

    def _announce_all(self, said: tuple[Said, ...], *, annotate: bool) -> None:
        for workload in self._audience.workloads:
            self._announce(workload, said, annotate=annotate)
        if "Events about its own Job" in self._complained:
            return
        try:
            self._announce_own(said)
        except RefusedError as error:  # the right to see its own pod is not needed otherwise
            self._complain_once("Events about its own Job", error)

    def _announce_own(self, said: tuple[Said, ...]) -> None:
        pod = self._audience.own_pod
        if pod is not None and self._job is None:
            item = self._api.get(PODS, pod.namespace, pod.name)
            self._job = (item and objects.controller(item)) or pod
        if self._job is not None and self._job.kind in BY_KIND:
            self._announce(self._job, said, annotate=False)

    def _complain_once(self, what: str, error: ZdmError) -> None:
        if what not in self._complained:
            self._complained.add(what)
            self._complain(f"the cluster refuses zdm's {what}: {error.message}")

    def _said(self, event: Event) -> tuple[Said, ...]:
        match event:
            case RunStarted():
                self._plan = event.plan
            case StateChanged() if event.state != self._state:
                return self._moved(event.state)
            case Waiting():
                return self._waits(event)
            case DeployStarted():
                where = "back to" if event.back else "to"
                level: Level = "Warning" if event.back else "Normal"
                reason = "ZdmRollback" if event.back else "ZdmRollout"
                text = f"{self._plan}: the application goes {where} {event.version}"
                return (Said(reason=reason, message=text, level=level),)
            case PointOfNoReturn():
                text = f"{self._plan}: from {event.step} on only forward"
                return (Said(reason="ZdmPointOfNoReturn", message=text, level="Warning"),)
            case RunStopped():
                return self._stopped(event)
            case RunFailed():
                return (self._failed(event),)
            case _:
                pass
        return ()

    def _moved(self, state: str) -> tuple[Said, ...]:
        before, self._state = self._state, state
        started = Said(reason="ZdmPhaseStarted", message=f"{self._plan}: {state}")
        if not before:
            return (started,)
        done = Said(reason="ZdmPhaseCompleted", message=f"{self._plan}: {before} is over")
        return (done, started)

    def _stopped(self, event: RunStopped) -> tuple[Said, ...]:
        self._state = event.state
        why = f": {event.reason}" if event.reason else ""
        text = f"{self._plan}: {event.state}{why}"
        return (Said(reason="ZdmPhaseCompleted", message=text),)

    def _failed(self, event: RunFailed) -> Said:
        at_gate = self._state in AT_GATE and event.kind == StoppedError.__name__
        reason = "ZdmGateRefused" if at_gate else "ZdmRunFailed"
        text = f"{self._plan or SOURCE}: {event.reason} (exit code {event.exit_code})"
        return Said(reason=reason, message=text, level="Warning")

    def _waits(self, event: Waiting) -> tuple[Said, ...]:
        """A wait is polled every other second, but announced once a minute or on a change."""
        key = (event.gate, event.names)
        if key == self._waiting and self._now() - self._waiting_said < AGAIN:
            return ()
        self._waiting, self._waiting_said = key, self._now()
        reason = "ZdmWaitingForOldPods" if event.gate == "old version" else "ZdmWaiting"
        names = f" ({', '.join(event.names)})" if event.names else ""
        until = f", until {event.eta:%H:%M:%S} at the latest" if event.eta else ""
        return (Said(reason=reason, message=f"{event.gate}: {event.reason}{names}{until}"),)

    def _announce(self, workload: Ref, said: tuple[Said, ...], *, annotate: bool) -> None:
        resource = BY_KIND[workload.kind]
        item = self._api.get(resource, workload.namespace, workload.name)
        if item is None:
            return
        for each in said:
            self._api.create(EVENTS, workload.namespace, self._event(workload, item, each))
        if annotate:
            noted = {RELEASE: self._plan, PHASE: self._state}
            known = objects.metadata(item).get("annotations") or {}
            if any(known.get(key) != value for key, value in noted.items()):
                self._annotate(workload, {"metadata": {"annotations": noted}})

    def _annotate(self, workload: Ref, body: Json) -> None:
        """Where that is forbidden, Events still are not."""
        place = (workload.namespace, workload.name)
        try:
            self._api.patch(BY_KIND[workload.kind], place, body, PatchKind.MERGE)
        except RefusedError as error:
            self._complain_once("annotations", error)

    def _event(self, workload: Ref, item: Json, said: Said) -> Json:
        stamp = self._now().strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "apiVersion": EVENTS.api_version,
            "kind": EVENTS.kind,
            "metadata": {
                "name": f"{workload.name}.{secrets.token_hex(8)}",
                "namespace": workload.namespace,
            },
            "involvedObject": {
                "apiVersion": BY_KIND[workload.kind].api_version,
                "kind": workload.kind,
                "namespace": workload.namespace,
                "name": workload.name,
                "uid": objects.metadata(item).get("uid"),
                "resourceVersion": objects.metadata(item).get("resourceVersion"),
            },
            "reason": said.reason,
            "message": said.message[:LONGEST],
            "type": said.level,
            "source": {"component": SOURCE},
            "reportingComponent": SOURCE,
            "reportingInstance": SOURCE,
            "firstTimestamp": stamp,
            "lastTimestamp": stamp,
            "count": 1,
        }
