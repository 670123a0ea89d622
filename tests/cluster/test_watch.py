"""The pause between two polls, on the real control plane."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.cluster.conftest import Space
from tests.cluster.test_access import GROUP
from tests.cluster.workloads import objects
from zdm.rollout.kubernetes import client
from zdm.rollout.kubernetes.api import PODS
from zdm.rollout.kubernetes.client import KubeApi
from zdm.rollout.kubernetes.watch import PodWatch

pytestmark = [pytest.mark.more, pytest.mark.xdist_group("cluster")]

LONG, SHORT = timedelta(seconds=60), timedelta(seconds=2)


def listed(space: Space) -> tuple[KubeApi, PodWatch]:
    """A watch whose API has listed the pods."""
    api = client.from_settings(space.cluster.kubeconfig, None)
    api.list(PODS, space.name)
    return api, PodWatch(api, (space.name,))


def seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def test_a_new_pod_ends_the_pause(space: Space) -> None:
    _, watch = listed(space)
    item = objects.pod("news", objects.python("pass"))
    created: list[float] = []

    def create() -> None:
        created.append(time.monotonic())
        space.create(item)

    timer = threading.Timer(2, create)
    timer.start()
    took = seconds(lambda: watch.pause(LONG))
    ended = time.monotonic()
    timer.join()

    assert took < 30
    assert created[0] <= ended


def test_without_a_change_it_lasts_its_time(space: Space) -> None:
    _, watch = listed(space)

    assert seconds(lambda: watch.pause(SHORT)) > 1.9


def test_a_version_from_before_a_restart_neither_shortens_nor_stretches_it(
    space: Space,
) -> None:
    api, watch = listed(space)
    space.cluster.stop_api()
    space.cluster.start_api()
    took = seconds(lambda: watch.pause(SHORT))

    assert 1.9 < took < 30
    assert api.list(PODS, space.name) == ()


def test_who_may_only_list_waits_the_whole_time(space: Space) -> None:
    account = "lister"
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
    space.create({"kind": "ServiceAccount", "metadata": {"name": account}})
    space.create({"kind": "Role", "metadata": {"name": account}, "rules": rules})
    subject = {"kind": "ServiceAccount", "name": account, "namespace": space.name}
    space.create(
        {
            "kind": "RoleBinding",
            "metadata": {"name": account},
            "roleRef": {"kind": "Role", "name": account, "apiGroup": GROUP},
            "subjects": [subject],
        }
    )
    token = space.kubectl("create", "token", account).strip()
    file = space.cluster.folder / f"{space.name}.conf"
    text = space.cluster.kubeconfig.read_text()
    admin = space.cluster.credentials.admin.token
    assert admin in text
    file.write_text(text.replace(admin, token))
    file.chmod(0o600)
    api = client.from_settings(file, None)
    watch = PodWatch(api, (space.name,))
    api.list(PODS, space.name)
    space.create(objects.pod("news", objects.python("pass")))

    assert not api.may("watch", PODS, space.name)
    assert seconds(lambda: watch.pause(SHORT)) > 1.9
