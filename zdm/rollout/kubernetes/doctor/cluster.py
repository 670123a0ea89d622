"""The doctor's requests to a cluster, by the driver's own API, checks and discovery."""

from zdm.execute.clock import SystemClock
from zdm.model.release import Version
from zdm.rollout.kubernetes import driver, objects, workloads
from zdm.rollout.kubernetes import undeclared as kube_discovery
from zdm.rollout.kubernetes.api import EVENTS, WATCHED, ClusterApi, Json
from zdm.rollout.kubernetes.doctor.checks import Template
from zdm.rollout.kubernetes.objects import Ref, Scene
from zdm.rollout.kubernetes.rbac import Access, WorkloadName
from zdm.rollout.kubernetes.settings import KubernetesSettings

_RESOURCES = {(one.group, one.plural): one for one in (*WATCHED, EVENTS)}
_STARTERS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob")


class ClusterOfSettings:
    """Satisfies kube_checks.Cluster."""

    def __init__(
        self, settings: KubernetesSettings, api: ClusterApi, versions: tuple[Version, Version]
    ) -> None:
        self._settings = settings
        self._api = api
        self._versions = versions

    def allows(self, access: Access) -> bool:
        """By an access review."""
        resource = _RESOURCES[access.group, access.resource]
        return self._api.may(access.verb, resource, access.namespace, access.name)

    def preflight(self) -> None:
        """The driver's own check before a run."""
        driver.Kubernetes(self._settings, self._api).check(*self._versions)

    def templates(self) -> tuple[Template, ...]:
        """Every controller that starts pods repeatedly."""
        return tuple(
            Template(
                target=WorkloadName(namespace=name.namespace, kind=name.kind, name=name.name),
                spec=objects.template(name.kind, item)[1],
            )
            for name, item in self._look().all(*_STARTERS)
        )

    def undeclared(self) -> tuple[str, ...]:
        """As the gate would find them; who is ending just now has no reason."""
        scene = self._look()
        declared = workloads.declared(self._settings)
        found = workloads.resolve(declared, scene)
        known: set[Ref] = {one.ref for one in found}
        known.update(name for one in found for name, _ in workloads.pods(one, scene))
        others = kube_discovery.undeclared(
            scene, self._settings.secrets, known, self._settings.allowed_undeclared
        )
        return tuple(one.id for one in others if one.reason)

    def _look(self) -> Scene:
        found: dict[str, list[Json]] = {}
        for resource in WATCHED:
            items = found.setdefault(resource.kind, [])
            for namespace in self._settings.namespaces:
                items += self._api.list(resource, namespace)
        return objects.scene(found, SystemClock().now())
