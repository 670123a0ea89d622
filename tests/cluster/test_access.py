"""Service accounts and RBAC, as a program in a pod meets them."""

import json

import pytest

from tests.cluster.conftest import Space
from tests.cluster.controlplane.api import ApiError
from tests.cluster.kubelet import mounts
from tests.cluster.workloads import objects

pytestmark = [pytest.mark.more, pytest.mark.xdist_group("cluster")]

GROUP = "rbac.authorization.k8s.io"
ASK = """
import json, os, ssl, urllib.error, urllib.request
account = os.environ["ZDM_POD_ROOT"] + "/var/run/secrets/kubernetes.io/serviceaccount"
read = lambda name: open(f"{account}/{name}").read()
host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
context = ssl.create_default_context(cafile=account + "/ca.crt")
def ask(what):
    url = f"https://{host}:{port}/{what}"
    request = urllib.request.Request(url, headers={"Authorization": "Bearer " + read("token")})
    try:
        return urllib.request.urlopen(request, context=context).status
    except urllib.error.HTTPError as error:
        return error.code
space = read("namespace")
print(json.dumps([ask(f"api/v1/namespaces/{space}/{what}") for what in ("pods", "secrets")]))
"""
OFFICIAL = """
import json
from kubernetes import client, config
config.load_incluster_config()
space = open("/var/run/secrets/kubernetes.io/serviceaccount/namespace").read()
api = client.ApiClient()
asked = ("GET", f"/api/v1/namespaces/{space}/pods")
answer = api.call_api(*api.param_serialize(*asked, auth_settings=["BearerToken"]))
answer.read()
print(len(json.loads(answer.data)["items"]))
"""


def allow_pods(space: Space, account: str) -> None:
    space.create({"kind": "ServiceAccount", "metadata": {"name": account}})
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]
    space.create({"kind": "Role", "metadata": {"name": account}, "rules": rules})
    space.create(
        {
            "kind": "RoleBinding",
            "metadata": {"name": account},
            "roleRef": {
                "kind": "Role",
                "name": account,
                "apiGroup": GROUP,
            },
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": space.name}],
        }
    )


def test_a_pod_may_do_what_its_role_says_and_no_more(space: Space) -> None:
    allow_pods(space, "reader")
    space.create(objects.pod("asks", objects.python(ASK), serviceAccountName="reader"))

    assert json.loads(space.log(space.finished("asks"))) == [200, 403]


def test_a_pod_without_a_role_may_do_nothing(space: Space) -> None:
    space.create(objects.pod("asks", objects.python(ASK)))

    assert json.loads(space.log(space.finished("asks"))) == [403, 403]


@pytest.mark.skipif(not mounts.allowed(), reason="this user may not have mount namespaces")
def test_the_official_client_finds_its_way_out_of_a_pod(space: Space) -> None:
    allow_pods(space, "reader")
    space.create(objects.pod("asks", objects.python(OFFICIAL), serviceAccountName="reader"))

    assert space.log(space.finished("asks")) == "1\n"


def test_a_token_ends_with_its_pod(space: Space) -> None:
    allow_pods(space, "reader")
    forever = objects.python("import time; time.sleep(600)")
    more = {"terminationGracePeriodSeconds": 1}
    space.create(objects.pod("holder", forever, serviceAccountName="reader", **more))
    space.until(lambda: space.get("Pod", "holder")["status"]["phase"] == "Running", "running")
    uid = str(space.get("Pod", "holder")["metadata"]["uid"])
    token = next((space.cluster.folder / "pods" / uid / "volumes").glob("*/token")).read_text()
    reader = space.cluster.api_as(token)
    before = len(reader.get(space.path("Pod"))["items"])

    space.kubectl("delete", "pod", "holder", "--wait")

    def refused() -> bool:
        try:
            reader.get(space.path("Pod"))
        except ApiError as error:
            return error.status == 401
        return False

    space.until(refused, "a refusal of the token", seconds=30)
    assert before == 1
