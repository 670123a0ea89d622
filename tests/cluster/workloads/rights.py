"""zdm's own identity: a service account with the rights that `zdm manifest` prints, no more."""

from pathlib import Path

from tests.cluster.conftest import Space
from tests.cluster.controlplane import credentials
from tests.cluster.controlplane.credentials import Identity
from zdm.rollout.kubernetes import rbac
from zdm.rollout.kubernetes.settings import KubernetesSettings

GROUP = "rbac.authorization.k8s.io"
ACCOUNT = "zdm"
HOURS = 2


def kubeconfig(space: Space, settings: KubernetesSettings, path: Path) -> Path:
    """Make the account in the space, and write a kubeconfig for it."""
    scope = rbac.scope_of(settings, space.name)
    access = (*rbac.needed(scope), *rbac.useful(scope))
    metadata = {"name": ACCOUNT}
    space.create({"kind": "ServiceAccount", "metadata": metadata})
    space.create({"kind": "Role", "metadata": metadata, "rules": rbac.rules(access)})
    space.create(
        {
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"kind": "Role", "name": ACCOUNT, "apiGroup": GROUP},
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": space.name}],
        }
    )
    answer = space.cluster.api.post(
        f"{space.path('ServiceAccount', ACCOUNT)}/token",
        {"spec": {"expirationSeconds": HOURS * 3600}},
    )
    identity = Identity(ACCOUNT, (), answer["status"]["token"])
    held, ports = space.cluster.credentials, space.cluster.ports
    return credentials.kubeconfig(path, ports.api, held, identity)
