"""An operator's word about pods that are dead: which pods it means, and what it refuses."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from zdm.config.settings import RolloutSettings, Settings
from zdm.errors import InputError
from zdm.rollout.kubernetes.settings import KubernetesSettings
from zdm.workflows import assume_dead

NOTHING = Settings(root=Path(), plans=Path())
CLUSTER = KubernetesSettings(
    namespaces=("shop",), workloads=(), secrets=("db",), assume_dead=("shop/before",)
)


def settings(*namespaces: str) -> Settings:
    cluster = replace(CLUSTER, namespaces=namespaces or ("shop",))
    rollout = RolloutSettings(driver="kubernetes")
    return Settings(root=Path(), plans=Path(), rollout=rollout, drivers=(cluster,))


def dead(known: Settings, *words: str) -> tuple[str, ...]:
    cluster = assume_dead.run(known, words).of_driver(KubernetesSettings)
    assert cluster is not None
    return cluster.assume_dead


def test_it_adds_to_the_setting() -> None:
    words = ("pod/web-1", "pod/shop/web-2", "pod/before")

    assert dead(settings(), *words) == ("shop/before", "shop/web-1", "shop/web-2")


def test_without_a_word_nothing_changes() -> None:
    assert assume_dead.run(NOTHING, ()) == NOTHING


def test_with_several_namespaces_the_word_names_one() -> None:
    assert dead(settings("shop", "mail"), "pod/mail/web-0") == ("shop/before", "mail/web-0")
    with pytest.raises(InputError, match="may mean a pod in any of shop, mail"):
        dead(settings("shop", "mail"), "pod/web-0")


@pytest.mark.parametrize("word", ["web-1", "shop/web-1", "pod/", "pod//web", "pod/a/b/c", ""])
def test_what_names_no_pod_is_refused(word: str) -> None:
    with pytest.raises(InputError, match="names no pod"):
        dead(settings(), word)


def test_a_namespace_that_is_not_looked_at_is_refused() -> None:
    with pytest.raises(InputError, match="the namespace mail, where zdm does not look"):
        dead(settings(), "pod/mail/web-1")


def test_without_a_cluster_no_pod_can_be_dead() -> None:
    with pytest.raises(InputError, match="the rollout driver is `none`"):
        assume_dead.run(NOTHING, ("pod/web-1",))
