"""The fake answers as the real server does: the same conversations are held with both.

The real server's side is in tests/cluster, or anywhere that KUBE_TALK_URL and KUBE_TALK_TOKEN
name an API server whose certificate need not be checked.
"""

import os
import ssl
from collections.abc import Iterator

import pytest

from tests.fakes import conversation
from tests.fakes.conversation import Api
from tests.fakes.kube_api.authorisation import ADMIN_TOKEN
from tests.fakes.kube_api.server import FakeKube


@pytest.fixture
def api() -> Iterator[Api]:
    if url := os.environ.get("KUBE_TALK_URL"):
        context = ssl._create_unverified_context()
        yield Api(url=url, token=os.environ["KUBE_TALK_TOKEN"], context=context)
        return
    with FakeKube() as kube:
        kube.run_in_background()
        yield Api(url=kube.url, token=ADMIN_TOKEN)


@pytest.mark.parametrize("name", conversation.ALL)
def test_the_server_keeps_up_the_conversation(api: Api, name: str) -> None:
    conversation.hold(api, name)
