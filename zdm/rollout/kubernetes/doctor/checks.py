"""A cluster as `zdm execute` would find it: rights, what runs there, what is not declared.

Every right that the printed Roles give is asked for by an access review, the change of a
workload by its name, since a Role with resourceNames gives it for no other. Pure except for the
requests to the cluster.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from msgspec import Struct

from zdm.errors import InputError, RefusedError, ZdmError
from zdm.execute import starting
from zdm.model import diagnosis
from zdm.model.diagnosis import Diagnosis
from zdm.rollout.kubernetes import rbac
from zdm.rollout.kubernetes.rbac import Access, Scope, WorkloadName

SHOWN = 8  # names in a message
_ROLES = "`zdm manifest` prints the Roles: apply them, or run zdm with that ServiceAccount"


class Template(Struct, frozen=True, kw_only=True):
    """What starts pods: its name, and the pods' specification as the API gives it."""

    target: WorkloadName
    spec: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.target.kind} {self.target.namespace}/{self.target.name}"


class Cluster(Protocol):
    """The requests to a cluster. Each may raise a ZdmError."""

    def allows(self, access: Access) -> bool:
        """Whether the API server would let zdm do it."""

    def preflight(self) -> None:
        """Raise what a run would be refused with, before anything is changed."""

    def templates(self) -> tuple[Template, ...]:
        """The controllers in the allowed namespaces."""

    def undeclared(self) -> tuple[str, ...]:
        """What uses the database's Secret and is not declared."""


def missing(cluster: Cluster, scope: Scope) -> tuple[Access, ...]:
    """The rights that zdm needs and lacks."""
    return tuple(one for one in rbac.needed(scope) if not cluster.allows(one))


def slowing(cluster: Cluster, scope: Scope) -> tuple[Access, ...]:
    """The rights that would make a run quicker, and that zdm lacks."""
    return tuple(one for one in rbac.useful(scope) if not cluster.allows(one))


def examine(cluster: Cluster, scope: Scope) -> tuple[Diagnosis, ...]:
    """Every check of the cluster; only the first if rights are missing."""
    return tuple(_answers(cluster, scope))


def _answers(cluster: Cluster, scope: Scope) -> Iterator[Diagnosis]:
    try:
        lacking = missing(cluster, scope)
        slower = () if lacking else slowing(cluster, scope)
        yield _rights(lacking, slower)
        if lacking:
            return
        yield _declared(cluster, scope)
        yield _starting(cluster.templates())
        yield _undeclared(cluster.undeclared())
    except ZdmError as error:
        yield diagnosis.failed("cluster", error.message, error.hint)


def _said(names: Iterable[str]) -> str:
    found = list(names)
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(found[:SHOWN]) + more


def _rights(lacking: tuple[Access, ...], slower: tuple[Access, ...]) -> Diagnosis:
    if not lacking:
        said = "every right that a run needs"
        if slower:
            said += f"; without {_said(map(str, slower))} it sees changes one poll later"
        return diagnosis.ok("cluster rights", said)
    return diagnosis.failed("cluster rights", f"zdm may not {_said(map(str, lacking))}", _ROLES)


def _declared(cluster: Cluster, scope: Scope) -> Diagnosis:
    try:
        cluster.preflight()
    except (InputError, RefusedError) as error:
        return diagnosis.failed("declared workloads", error.message, error.hint)
    return diagnosis.ok(
        "declared workloads",
        f"{len(scope.workloads)} declared; the version of each is known and can be changed",
    )


def migrating(template: Template) -> tuple[str, ...]:
    """The containers whose command runs `alembic upgrade`, init containers included."""
    found = []
    for container in _containers(template):
        words = [*(container.get("command") or ()), *(container.get("args") or ())]
        if starting.migrates(" ".join(map(str, words))):
            found.append(f"{template} (container {container.get('name')})")
    return tuple(found)


def _containers(template: Template) -> Iterator[dict[str, Any]]:
    for key in ("initContainers", "containers"):
        yield from template.spec.get(key) or ()


def _starting(templates: tuple[Template, ...]) -> Diagnosis:
    """An image's own entrypoint is not visible in the cluster."""
    found = [name for template in templates for name in migrating(template)]
    if found:
        return diagnosis.warning(
            "migrating at start (cluster)",
            f"{_said(found)} runs `alembic upgrade`, so every restart would migrate, and in the"
            " middle of a run the guard in env.py would stop it",
            "take the upgrade out; `zdm guard` is the init container for it; old images that"
            ' only compare heads need stamp = "after_contract" in zdm.toml',
        )
    hidden = sum(
        1
        for template in templates
        for container in _containers(template)
        if not container.get("command")
    )
    return diagnosis.ok(
        "migrating at start (cluster)",
        f"no container's command runs Alembic; what {hidden} images start by themselves is not"
        " seen here",
    )


def _undeclared(names: tuple[str, ...]) -> Diagnosis:
    if not names:
        return diagnosis.ok("undeclared workloads", "nothing else uses the database's Secret")
    return diagnosis.failed(
        "undeclared workloads",
        f"{_said(names)} uses the database's Secret and is not declared, so the contract would"
        " be refused",
        "declare it in [rollout.kubernetes], or list it in allowed_undeclared if it works with"
        " both schemas",
    )
