"""The real API server keeps up the conversations that the fake one is held to."""

import pytest

from tests.cluster.controlplane.cluster import Cluster
from tests.fakes import conversation

pytestmark = [pytest.mark.more, pytest.mark.xdist_group("cluster")]

FORGETS = "forgotten_version"


def api(cluster: Cluster) -> conversation.Api:
    return conversation.Api(
        url=f"https://127.0.0.1:{cluster.ports.api}",
        token=cluster.credentials.admin.token,
        context=cluster.api.context,
    )


@pytest.mark.parametrize("name", [name for name in conversation.ALL if name != FORGETS])
def test_the_real_server_keeps_up_the_conversation(cluster: Cluster, name: str) -> None:
    conversation.hold(api(cluster), name)


def test_the_real_server_forgets_the_past_when_it_starts_again(cluster: Cluster) -> None:
    cluster.stop_api()
    cluster.start_api()

    conversation.hold(api(cluster), FORGETS)
