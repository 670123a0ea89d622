"""The resources that the server knows, as the discovery documents list them."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One resource type; `generation` says whether the server counts its specification."""

    group: str = ""
    version: str = "v1"
    plural: str
    kind: str
    short: tuple[str, ...] = ()
    namespaced: bool = True
    generation: bool = False
    subresources: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        """As manifests write it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """As messages write it: `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def list_of(self, items: list[Json], metadata: Json) -> Json:
        """A list; its items carry neither kind nor apiVersion, as the real server's do not."""
        bare = [
            {key: value for key, value in item.items() if key not in {"kind", "apiVersion"}}
            for item in items
        ]
        return {
            "kind": f"{self.kind}List",
            "apiVersion": self.api_version,
            "metadata": metadata,
            "items": bare,
        }


_STATUS = ("status",)
_SCALE = ("status", "scale")

NAMESPACES = Kind(
    plural="namespaces", kind="Namespace", short=("ns",), namespaced=False, subresources=_STATUS
)
NODES = Kind(plural="nodes", kind="Node", short=("no",), namespaced=False, subresources=_STATUS)
PODS = Kind(
    plural="pods",
    kind="Pod",
    short=("po",),
    generation=True,
    subresources=("status", "log", "eviction"),
)
SERVICES = Kind(plural="services", kind="Service", short=("svc",), subresources=_STATUS)
CONFIG_MAPS = Kind(plural="configmaps", kind="ConfigMap", short=("cm",))
SERVICE_ACCOUNTS = Kind(
    plural="serviceaccounts", kind="ServiceAccount", short=("sa",), subresources=("token",)
)
DEPLOYMENTS = Kind(
    group="apps",
    plural="deployments",
    kind="Deployment",
    short=("deploy",),
    generation=True,
    subresources=_SCALE,
)
REPLICA_SETS = Kind(
    group="apps",
    plural="replicasets",
    kind="ReplicaSet",
    short=("rs",),
    generation=True,
    subresources=_SCALE,
)
STATEFUL_SETS = Kind(
    group="apps",
    plural="statefulsets",
    kind="StatefulSet",
    short=("sts",),
    generation=True,
    subresources=_SCALE,
)
DAEMON_SETS = Kind(
    group="apps",
    plural="daemonsets",
    kind="DaemonSet",
    short=("ds",),
    generation=True,
    subresources=_STATUS,
)
CONTROLLER_REVISIONS = Kind(
    group="apps", plural="controllerrevisions", kind="ControllerRevision"
)
JOBS = Kind(group="batch", plural="jobs", kind="Job", generation=True, subresources=_STATUS)
CRON_JOBS = Kind(
    group="batch",
    plural="cronjobs",
    kind="CronJob",
    short=("cj",),
    generation=True,
    subresources=_STATUS,
)
ENDPOINT_SLICES = Kind(
    group="discovery.k8s.io", plural="endpointslices", kind="EndpointSlice", generation=True
)
ROLES = Kind(group="rbac.authorization.k8s.io", plural="roles", kind="Role")
ROLE_BINDINGS = Kind(
    group="rbac.authorization.k8s.io", plural="rolebindings", kind="RoleBinding"
)
CLUSTER_ROLES = Kind(
    group="rbac.authorization.k8s.io",
    plural="clusterroles",
    kind="ClusterRole",
    namespaced=False,
)
CLUSTER_ROLE_BINDINGS = Kind(
    group="rbac.authorization.k8s.io",
    plural="clusterrolebindings",
    kind="ClusterRoleBinding",
    namespaced=False,
)

ALL = (
    NAMESPACES,
    NODES,
    PODS,
    SERVICES,
    Kind(plural="secrets", kind="Secret"),
    CONFIG_MAPS,
    Kind(plural="events", kind="Event", short=("ev",)),
    SERVICE_ACCOUNTS,
    DEPLOYMENTS,
    REPLICA_SETS,
    STATEFUL_SETS,
    DAEMON_SETS,
    CONTROLLER_REVISIONS,
    JOBS,
    CRON_JOBS,
    Kind(
        group="autoscaling",
        version="v2",
        plural="horizontalpodautoscalers",
        kind="HorizontalPodAutoscaler",
        short=("hpa",),
        subresources=_STATUS,
    ),
    Kind(group="coordination.k8s.io", plural="leases", kind="Lease"),
    ENDPOINT_SLICES,
    Kind(group="events.k8s.io", plural="events", kind="Event", short=("ev",)),
    Kind(
        group="networking.k8s.io",
        plural="networkpolicies",
        kind="NetworkPolicy",
        short=("netpol",),
        generation=True,
    ),
    ROLES,
    ROLE_BINDINGS,
    CLUSTER_ROLES,
    CLUSTER_ROLE_BINDINGS,
)

BY_PATH = {(kind.group, kind.version, kind.plural): kind for kind in ALL}
_BY_WORD = {
    word.lower(): kind
    for kind in reversed(ALL)
    for word in (kind.plural, kind.kind, *kind.short)
}


def named(word: str) -> Kind:
    """The resource that a person calls `Deployment`, `deployments` or `deploy`."""
    return _BY_WORD[word.lower()]


def of(manifest: Json) -> Kind:
    """The resource of a manifest."""
    for kind in ALL:
        if (kind.api_version, kind.kind) == (manifest["apiVersion"], manifest["kind"]):
            return kind
    raise LookupError(f"no resource {manifest['apiVersion']} {manifest['kind']}")
