"""The driver `kubernetes`: Deployments, StatefulSets, DaemonSets, CronJobs and Jobs.

An old version is proved gone when no pod of it is left in the allowed namespaces (terminating
ones are alive), no ReplicaSet but the new one has pods, no template (scaled to zero, suspended
or not) would start it, and nothing undeclared refers to the database's Secret. Each poll
reads whole lists from the API server; nothing is cached between polls. A watch can only make
the next poll come earlier.
It cannot prove anything about other namespaces, other clusters, or programs that get the
database's address other than from the Secret; the session check is the evidence for those.
"""

import subprocess
from datetime import timedelta

from zdm.errors import InputError, RefusedError, StoppedError
from zdm.execute.clock import SystemClock
from zdm.execute.gate.asking import Grace
from zdm.execute.ports import Clock
from zdm.model.release import (
    Observation,
    RolloutFailed,
    RolloutStatus,
    Spawner,
    Version,
)
from zdm.rollout.kubernetes import objects, patches, preconditions, undeclared, workloads
from zdm.rollout.kubernetes import status as kube_status
from zdm.rollout.kubernetes.api import (
    BY_KIND,
    WATCHED,
    ClusterApi,
    ConflictError,
    Json,
    PatchKind,
)
from zdm.rollout.kubernetes.objects import Ref, Scene
from zdm.rollout.kubernetes.patches import WantedTemplate
from zdm.rollout.kubernetes.pod_failures import StartLimits
from zdm.rollout.kubernetes.settings import KubernetesSettings
from zdm.rollout.kubernetes.watch import PodWatch
from zdm.rollout.kubernetes.workloads import Declared

CONFLICTS = 5  # times a workload is read again because another client wrote in between
STARTING = timedelta(seconds=20)  # may a refusal to go back be a server that just starts


class Kubernetes:
    """Satisfies Platform."""

    def __init__(
        self,
        settings: KubernetesSettings,
        api: ClusterApi,
        clock: Clock | None = None,
        watch: PodWatch | None = None,
    ) -> None:
        self._settings = settings
        self._api = api
        self._clock = clock or SystemClock()
        self._watch = watch
        self._declared = workloads.declared(settings)
        self._failed_command = ""
        self._grace = Grace(STARTING)  # for a refusal to go back

    @property
    def cannot_prove(self) -> tuple[str, ...]:
        """What the inventory may miss."""
        listed = ", ".join(self._settings.namespaces)
        return (
            f"pods outside the namespaces {listed}, and in other clusters, are not seen",
            "a program that gets the database's address from elsewhere than the Secrets"
            f" {', '.join(self._settings.secrets)} is not seen unless it is declared",
            "templates of other kinds (Rollout, ScaledJob) are seen by their ReplicaSets, Jobs"
            " and pods only",
        )

    @property
    def deploys(self) -> bool:
        """In the mode `observe` something else does."""
        return self._settings.mode != "observe"

    def check(self, old: Version, new: Version) -> None:
        """Permissions, workloads, containers and images, before anything is changed."""
        preconditions.check(self._api, self._settings)
        scene = self._look()
        for one in workloads.resolve(self._declared, scene):
            item = scene.find(one.ref)
            if item is None and not one.workload.optional:
                raise RefusedError(
                    f"{one.ref} does not exist, so zdm cannot see which version it runs",
                    hint="correct [rollout.kubernetes] in zdm.toml, or set `optional = true`",
                )
            if item is not None:
                preconditions.check_workload(one, item, (old, new), self._settings.mode)

    def observe(self, target: Version) -> Observation:
        """From one look at the cluster, so that all of it is of one moment."""
        scene = self._look()
        found = workloads.resolve(self._declared, scene)
        return Observation(
            status=self._status(target, found, scene),
            instances=workloads.instances(found, scene, self._settings.assume_dead),
            spawners=(*workloads.spawners(found, scene), *self._undeclared(found, scene)),
        )

    def _status(
        self, target: Version, found: tuple[Declared, ...], scene: Scene
    ) -> RolloutStatus:
        if self._failed_command:
            return RolloutFailed(reason=self._failed_command)
        limits = StartLimits(
            config_error_after=self._settings.config_error_after,
            image_error_after=self._settings.image_error_after,
            restarts=self._settings.restarts,
        )
        question = kube_status.Question(target=target, limits=limits, scene=scene)
        return kube_status.status(found, question)

    def _undeclared(self, found: tuple[Declared, ...], scene: Scene) -> tuple[Spawner, ...]:
        """Whatever refers to the database and is not declared."""
        known: set[Ref] = {one.ref for one in found}
        known.update(name for one in found for name, _ in workloads.pods(one, scene))
        return undeclared.undeclared(
            scene, self._settings.secrets, known, self._settings.allowed_undeclared
        )

    def deploy(self, version: Version) -> None:
        """Move every declared workload; what is there already stays untouched."""
        match self._settings.mode:
            case "observe":
                pass
            case "command":
                if not self._is_there(version):
                    self._failed_command = self._run(version)
            case "patch":
                for one in self._declared:
                    self._move(one, version, back=False)

    def rollback(self, version: Version) -> str:
        """Back to the previous images; returns what a person still has to do."""
        match self._settings.mode:
            case "observe":
                names = ", ".join(str(one.ref) for one in self._declared)
                return f"zdm only observes here, so you must bring {names} to {version}"
            case "command":
                failed = self._run(version)
                self._failed_command = ""
                return f"you must bring the application to {version}: {failed}" * bool(failed)
            case "patch":
                return self._patch_back(version)

    def pause(self, duration: timedelta, clock: Clock) -> None:
        """Until a pod changes, and no longer than that."""
        if self._watch is None:
            clock.sleep(duration)
        else:
            self._watch.pause(duration)

    def _patch_back(self, version: Version) -> str:
        """One workload that cannot go back does not keep the others from it."""
        left: list[str] = []
        refused: RefusedError | None = None
        for one in self._declared:
            try:
                self._move(one, version, back=True)
            except (StoppedError, RefusedError, InputError) as error:
                left.append(f"you must bring {one.ref} to {version}: {error.message}")
                refused = error if isinstance(error, RefusedError) else refused
        if refused is not None and self._grace.covers(self._clock.now()):
            raise refused
        return "; ".join(left)

    def _move(self, one: Declared, version: Version, *, back: bool) -> None:
        if one.workload.kind == "Job":
            return  # its template cannot be changed; the gate waits for its end
        for _ in range(CONFLICTS):
            item = self._api.get(BY_KIND[one.ref.kind], one.ref.namespace, one.ref.name)
            if item is None:
                self._gone(one)
                return
            known = one.resolved(item)
            wanted = (
                patches.target_before(known, item, version)
                if back
                else patches.target(known, version)
            )
            if patches.is_there(known, item, wanted):
                return
            note = {} if back else {patches.BEFORE: patches.note(known, item)}
            if self._patch(known, item, wanted, note):
                return
        raise StoppedError(
            f"{one.ref} was changed by another client {CONFLICTS} times while zdm wanted to",
            hint="find out who writes to it (an operator, GitOps), or use `mode = 'observe'`",
        )

    def _gone(self, one: Declared) -> None:
        if not one.workload.optional:
            raise StoppedError(
                f"{one.ref} does not exist, so it cannot be moved",
                hint="correct [rollout.kubernetes] in zdm.toml, or set `optional = true`",
            )

    def _patch(
        self, one: Declared, item: Json, wanted: WantedTemplate, annotations: dict[str, str]
    ) -> bool:
        """Whether it was accepted; not if another client wrote in between."""
        how = PatchKind.STRATEGIC
        if self._settings.patch == "apply":
            how = PatchKind.FORCED_APPLY if self._settings.force else PatchKind.APPLY
        place = (one.ref.namespace, one.ref.name)
        body = patches.patch(one, item, wanted, annotations)
        try:
            self._api.patch(BY_KIND[one.ref.kind], place, body, how)
        except ConflictError as error:
            if how is PatchKind.APPLY and "conflict with" in error.message:
                raise StoppedError(
                    f"another client owns the image of {one.ref}: {error.message}",
                    hint="let the owner deploy (`mode = 'observe'` or 'command'), or take it"
                    " with `force = true`",
                ) from error
            return False
        return True

    def _is_there(self, version: Version) -> bool:
        scene = self._look()
        found = workloads.resolve(self._declared, scene)
        made = workloads.spawners(found, scene)
        return all(spawner.version == version for spawner in made)

    def _run(self, version: Version) -> str:
        """Run the command of the settings; how it failed, if it did."""
        command = [part.replace("{version}", version.name) for part in self._settings.command]
        said = " ".join(command)
        limit = self._settings.command_timeout
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=limit.total_seconds(),
            )
        except subprocess.TimeoutExpired:
            return f"`{said}` did not end within {limit}"
        except OSError as error:
            return f"`{said}` cannot be started: {error.strerror}"
        if done.returncode == 0:
            return ""
        last = (done.stderr.strip() or done.stdout.strip()).rpartition("\n")[2]
        return f"`{said}` exited with {done.returncode}{': ' + last if last else ''}"

    def _look(self) -> Scene:
        """Pods first, owners after them: the owner of a pod existed before it."""
        found: dict[str, list[Json]] = {}
        for resource in WATCHED:
            items = found.setdefault(resource.kind, [])
            for namespace in self._settings.namespaces:
                items += self._api.list(resource, namespace)
        return objects.scene(found, self._clock.now())
