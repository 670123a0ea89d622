"""The fake answers as the real server does, with which tests/cluster talks the same."""

import pytest

from tests.fakes import conversation
from tests.fakes.conversation import Api
from tests.fakes.kube_api.authorisation import ADMIN_TOKEN
from tests.fakes.kube_api.server import FakeKube


@pytest.mark.parametrize("name", conversation.ALL)
def test_the_fake_keeps_up_the_conversation(name: str) -> None:
    with FakeKube() as kube:
        kube.run_in_background()

        conversation.hold(Api(url=kube.url, token=ADMIN_TOKEN), name)
