"""The conversations with a cluster of your own, where `ZDM_TEST_KUBECONFIG` names one.

Those in which pods are placed by hand are left out: a real scheduler would interfere.
"""

import pytest

from tests.cluster.controlplane import outside
from tests.cluster.controlplane.cluster import Cluster
from tests.fakes import conversation

pytestmark = [pytest.mark.more, pytest.mark.xdist_group("cluster")]

ANYWHERE = ("access", "apply", "discovery", "leases", "lists", "objects", "watches")


@pytest.fixture
def own() -> conversation.Api:
    kubeconfig = outside.named()
    if kubeconfig is None:
        pytest.skip(f"{outside.VARIABLE} names no cluster of your own")
    return outside.api(kubeconfig)


@pytest.mark.parametrize("name", ANYWHERE)
def test_your_own_cluster_keeps_up_the_conversation(own: conversation.Api, name: str) -> None:
    conversation.hold(own, name)


def test_a_kubeconfig_is_read(cluster: Cluster) -> None:
    api = outside.api(cluster.kubeconfig)
    answer = conversation.ask(api, "GET", "/version")

    assert answer.code == 200
    assert answer.content["gitVersion"].startswith("v1.")
