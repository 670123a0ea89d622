"""What the driver `kubernetes` needs of a cluster: kinds of objects, and a small Protocol.

Objects are the API's own JSON as dicts. The client's models refuse objects that real servers
send (a ReplicaSet without `status.replicas`, a list with `items: null`; measured, 37.0.2), so
they are not used.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from enum import Enum
from typing import Any, Protocol

from msgspec import Struct

from zdm.errors import TemporaryError

Json = dict[str, Any]


class ConflictError(TemporaryError):
    """Another client wrote in between, or owns the field (409); the message names it."""


class Resource(Struct, frozen=True, kw_only=True):
    """One kind of objects, as the API's paths and Roles name it."""

    group: str = ""
    version: str = "v1"
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """As manifests write it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def title(self) -> str:
        """As messages write it: `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str, name: str = "") -> str:
        """Where the API server has them, or one of them."""
        root = f"/apis/{self.group}" if self.group else "/api"
        parts = [root, self.version]
        if namespace and self.namespaced:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        return "/".join([*parts, name] if name else parts)


PODS = Resource(plural="pods", kind="Pod")
EVENTS = Resource(plural="events", kind="Event")
DEPLOYMENTS = Resource(group="apps", plural="deployments", kind="Deployment")
REPLICA_SETS = Resource(group="apps", plural="replicasets", kind="ReplicaSet")
STATEFUL_SETS = Resource(group="apps", plural="statefulsets", kind="StatefulSet")
DAEMON_SETS = Resource(group="apps", plural="daemonsets", kind="DaemonSet")
JOBS = Resource(group="batch", plural="jobs", kind="Job")
CRON_JOBS = Resource(group="batch", plural="cronjobs", kind="CronJob")
ACCESS_REVIEWS = Resource(
    group="authorization.k8s.io",
    plural="selfsubjectaccessreviews",
    kind="SelfSubjectAccessReview",
    namespaced=False,
)

CONTROLLERS = (DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, DAEMON_SETS, JOBS, CRON_JOBS)
WATCHED = (PODS, *CONTROLLERS)
BY_KIND = {resource.kind: resource for resource in WATCHED}


def role_rule(resource: Resource, verbs: tuple[str, ...], namespace: str) -> str:
    """The line of a Role that allows it."""
    return (
        f'a Role in namespace {namespace} with {{apiGroups: ["{resource.group}"],'
        f" resources: [{resource.plural}], verbs: [{', '.join(verbs)}]}}"
    )


class PatchKind(Enum):
    """How the server is to understand a patch."""

    STRATEGIC = "strategic"
    MERGE = "merge"
    APPLY = "apply"  # refused if another client owns a field
    FORCED_APPLY = "forced apply"  # takes the field from its owner

    @property
    def content_type(self) -> str:
        """As the request says it."""
        match self:
            case PatchKind.STRATEGIC:
                return "application/strategic-merge-patch+json"
            case PatchKind.MERGE:
                return "application/merge-patch+json"
            case PatchKind.APPLY | PatchKind.FORCED_APPLY:
                return "application/apply-patch+yaml"


class WatchApi(Protocol):
    """A cluster's API as a watch needs it. Raises as ClusterApi does."""

    def changes(
        self, resource: Resource, namespace: str, seconds: int
    ) -> AbstractContextManager[Iterator[bytes]]:
        """The changes since the latest list, watched for at most this long."""


class ClusterApi(Protocol):
    """A cluster's API. Raises RefusedError (no permission), TemporaryError, StoppedError."""

    def get(self, resource: Resource, namespace: str, name: str) -> Json | None:
        """One object as it is now; None where there is none."""

    def list(self, resource: Resource, namespace: str) -> tuple[Json, ...]:
        """Every object of the kind, all pages of one consistent answer."""

    def patch(
        self, resource: Resource, place: tuple[str, str], body: Json, how: PatchKind
    ) -> Json | None:
        """Change one object, named by namespace and name; None where there is none."""

    def create(self, resource: Resource, namespace: str, body: Json) -> Json:
        """Make an object."""

    def may(self, verb: str, resource: Resource, namespace: str, name: str = "") -> bool:
        """Whether the server would allow it; a Role with resourceNames allows by name only."""
