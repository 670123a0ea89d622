"""What the doctor says of a cluster; the cluster is a value here."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from zdm.errors import RefusedError, TemporaryError
from zdm.model.diagnosis import Diagnosis, Verdict
from zdm.rollout.kubernetes.doctor import checks as doctor_checks
from zdm.rollout.kubernetes.doctor.checks import Template
from zdm.rollout.kubernetes.rbac import Access, Scope, WorkloadName

WEB = WorkloadName(namespace="shop", kind="Deployment", name="web")
SCOPE = Scope(own="shop", namespaces=("shop",), workloads=(WEB,), mode="patch")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Satisfies kube_checks.Cluster."""

    denied: frozenset[str] = frozenset()
    found: tuple[Template, ...] = field(default_factory=lambda: (web(),))
    others: tuple[str, ...] = ()
    away: bool = False
    refusal: RefusedError | None = None

    def allows(self, access: Access) -> bool:
        if self.away:
            raise TemporaryError("the API server does not answer", hint="wait")
        return str(access) not in self.denied

    def preflight(self) -> None:
        if self.refusal:
            raise self.refusal

    def templates(self) -> tuple[Template, ...]:
        return self.found

    def undeclared(self) -> tuple[str, ...]:
        return self.others


def web(*init: dict[str, Any], **container: Any) -> Template:
    return Template(
        target=WEB,
        spec={
            "initContainers": list(init) or None,
            "containers": [{"name": "web", "image": "shop:v1", **container}],
        },
    )


def examine(cluster: Shown) -> dict[str, Diagnosis]:
    return {one.name: one for one in doctor_checks.examine(cluster, SCOPE)}


def verdicts(cluster: Shown) -> set[Verdict]:
    return {one.verdict for one in examine(cluster).values()}


def test_a_cluster_in_order_is_fine() -> None:
    assert verdicts(Shown()) == {Verdict.OK}


def test_a_right_that_is_missing_is_named_with_its_object() -> None:
    denied = frozenset({"patch deployments.apps web in shop", "list pods in shop"})
    found = examine(Shown(denied=denied))["cluster rights"]

    assert found.verdict is Verdict.FAILED
    assert found.said == "zdm may not list pods in shop, patch deployments.apps web in shop"
    assert set(examine(Shown(denied=denied))) == {"cluster rights"}


def test_a_right_that_only_makes_it_quicker_is_no_failure() -> None:
    found = examine(Shown(denied=frozenset({"watch pods in shop"})))["cluster rights"]

    assert found.verdict is Verdict.OK
    assert "without watch pods in shop it sees changes one poll later" in found.said


def test_what_a_run_would_be_refused_with_is_said() -> None:
    refusal = RefusedError("Deployment shop/web does not exist", hint="correct it")
    found = examine(Shown(refusal=refusal))["declared workloads"]

    assert found.verdict is Verdict.FAILED
    assert (found.said, found.remedy) == ("Deployment shop/web does not exist", "correct it")


@pytest.mark.parametrize(
    "template",
    [
        pytest.param(
            web({"name": "migrate", "args": ["alembic", "upgrade", "head"]}), id="init"
        ),
        pytest.param(web(command=["sh", "-c", "alembic upgrade head; app"]), id="command"),
        pytest.param(web(command=["alembic"], args=["upgrade", "head"]), id="split"),
    ],
)
def test_a_container_that_migrates_is_named(template: Template) -> None:
    found = examine(Shown(found=(template,)))["migrating at start (cluster)"]

    assert found.verdict is Verdict.WARNING
    assert found.said.startswith("Deployment shop/web (container ")


def test_an_image_that_starts_by_itself_is_counted() -> None:
    found = examine(Shown(found=(web(args=["serve"]),)))["migrating at start (cluster)"]

    assert "what 1 images start by themselves" in found.said


def test_who_is_not_declared_is_named() -> None:
    found = examine(Shown(others=("CronJob shop/report",)))["undeclared workloads"]

    assert found.verdict is Verdict.FAILED
    assert found.said.startswith("CronJob shop/report uses the database's Secret")


def test_a_server_that_is_away_is_one_failed_check() -> None:
    found = examine(Shown(away=True))

    assert [(one.name, one.verdict) for one in found.values()] == [("cluster", Verdict.FAILED)]
