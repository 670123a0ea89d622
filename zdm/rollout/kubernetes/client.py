"""The only importer of the Kubernetes client: its configuration, and raw JSON over HTTP.

The client brings kubeconfig, in-cluster tokens that are read again when they change, and the
login plug-ins of the clouds; its generated API and models are not used (they cost a second and
100 MB, and refuse what real servers send). Every request has timeouts: without them a half-open
connection would hang (kubernetes-client/python#2462). Lists decide; a watch signals the next.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
import yaml
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.config import load_incluster_config, load_kube_config
from kubernetes.config.config_exception import ConfigException
from msgspec import Struct

from zdm.errors import InputError, RefusedError, StoppedError, TemporaryError, ZdmError
from zdm.execute.clock import SystemClock
from zdm.execute.ports import Clock
from zdm.rollout.kubernetes import api
from zdm.rollout.kubernetes.api import (
    ACCESS_REVIEWS,
    ConflictError,
    Json,
    PatchKind,
    Resource,
)

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0  # a page of 500 pods needs less; a signal is delayed by at most this
HURRIED_SECONDS = 3.0  # for what a run does not depend on: Events
PAGE = 500  # objects of one LIST answer, as in kubectl
RETRIES = 2  # of one request; after that the caller waits and reports why
LONGEST_PAUSE = 5.0  # seconds; also where the server asks for more
LIST_AGAIN = 5  # times a LIST is restarted because its pages expired
FIELD_MANAGER = "zdm"
METHODS = {"get": "GET", "list": "GET", "watch": "GET", "create": "POST", "patch": "PATCH"}


class Request(Struct, frozen=True, kw_only=True):
    """One request, with its description for messages."""

    verb: str  # as Roles write it
    resource: Resource
    namespace: str
    name: str = ""
    query: Mapping[str, str | int] | None = None
    body: Json | None = None
    content_type: str = "application/json"

    @property
    def method(self) -> str:
        """HTTP's word for the verb."""
        return METHODS[self.verb]

    @property
    def path(self) -> str:
        """Where the API server answers it."""
        return self.resource.path(self.namespace, self.name)

    def __str__(self) -> str:
        what = f"{self.resource.title} {self.name}".rstrip()
        return f"{self.verb} {what} in namespace {self.namespace}"


class KubeApi:
    """Satisfies ClusterApi."""

    def __init__(
        self,
        client: ApiClient,
        *,
        retries: int = RETRIES,
        read_seconds: float = READ_SECONDS,
        page: int = PAGE,
        clock: Clock | None = None,
    ) -> None:
        self._client = client
        self._retries = retries
        self._timeout = (min(CONNECT_SECONDS, read_seconds), read_seconds)
        self._page = page
        self._clock = clock or SystemClock()
        self._listed: dict[tuple[str, str], str] = {}  # the version of the latest LIST

    def get(self, resource: Resource, namespace: str, name: str) -> Json | None:
        """One object as it is now; None where there is none."""
        return self._ask(
            Request(
                verb="get",
                resource=resource,
                namespace=namespace,
                name=name,
            )
        )

    def list(self, resource: Resource, namespace: str) -> tuple[Json, ...]:
        """Every object, all pages of one consistent answer, read from the quorum."""
        for _ in range(LIST_AGAIN):
            items = self._pages(resource, namespace)
            if items is not None:
                return items
        raise TemporaryError(
            f"the list of {resource.title} in namespace {namespace} expired {LIST_AGAIN} times"
            " before its last page was read",
            hint="the API server drops old lists too fast, or is too slow",
        )

    def _pages(self, resource: Resource, namespace: str) -> tuple[Json, ...] | None:
        """None where the pages expired on the way: half a list proves nothing."""
        found: list[Json] = []
        token = ""
        while True:
            query: dict[str, str | int] = {"limit": self._page}
            if token:
                query["continue"] = token
            request = Request(
                verb="list",
                resource=resource,
                namespace=namespace,
                query=query,
            )
            try:
                answer = self._ask(request)
            except _ExpiredError:
                return None
            if answer is None:
                raise StoppedError(
                    f"the API server knows no {resource.title} in namespace {namespace}",
                    hint="check `namespaces` of [rollout.kubernetes] and the cluster's version",
                )
            found += answer.get("items") or ()
            head = answer.get("metadata") or {}
            token = head.get("continue") or ""
            if not token:
                self._listed[resource.title, namespace] = head.get("resourceVersion") or ""
                return tuple(found)

    @contextmanager
    def changes(
        self, resource: Resource, namespace: str, seconds: int
    ) -> Iterator[Iterator[bytes]]:
        """A finite watch since the latest list: one try, and nothing where there was none."""
        version = self._listed.get((resource.title, namespace))
        if not version:
            yield iter(())
            return
        request = Request(
            verb="watch",
            resource=resource,
            namespace=namespace,
            query={"watch": "1", "resourceVersion": version, "timeoutSeconds": seconds},
        )
        with _unanswered(request):
            response = self._send(request, (CONNECT_SECONDS, seconds + 1.0))
            try:
                if response.status >= 400:
                    content = response.read()
                    raise _error(request, response.status, response.headers, _message(content))
                yield response.response.stream(decode_content=True)
            finally:
                response.response.close()  # not back into the pool: it may still send events

    def patch(
        self, resource: Resource, place: tuple[str, str], body: Json, how: PatchKind
    ) -> Json | None:
        """Change one object; None where there is none."""
        namespace, name = place
        force = {"force": "true"} if how is PatchKind.FORCED_APPLY else {}
        return self._ask(
            Request(
                verb="patch",
                resource=resource,
                namespace=namespace,
                name=name,
                query={"fieldManager": FIELD_MANAGER, **force},
                body=body,
                content_type=how.content_type,
            )
        )

    def create(self, resource: Resource, namespace: str, body: Json) -> Json:
        """Make an object."""
        answer = self._ask(
            Request(
                verb="create",
                resource=resource,
                namespace=namespace,
                query={"fieldManager": FIELD_MANAGER},
                body=body,
            )
        )
        if answer is None:
            raise StoppedError(
                f"the API server knows no namespace {namespace}, or no {resource.title} in it",
                hint="check `namespaces` of [rollout.kubernetes]",
            )
        return answer

    def may(self, verb: str, resource: Resource, namespace: str, name: str = "") -> bool:
        """Whether the server would let us; every user may ask that about themselves."""
        attributes = {
            "namespace": namespace,
            "verb": verb,
            "group": resource.group,
            "resource": resource.plural,
            **({"name": name} if name else {}),
        }
        body = {
            "apiVersion": ACCESS_REVIEWS.api_version,
            "kind": ACCESS_REVIEWS.kind,
            "spec": {"resourceAttributes": attributes},
        }
        answer = self._ask(
            Request(
                verb="create",
                resource=ACCESS_REVIEWS,
                namespace=namespace,
                body=body,
            )
        )
        return bool(((answer or {}).get("status") or {}).get("allowed"))

    def _ask(self, request: Request) -> Json | None:
        """The answer, after bounded retries; what a retry may do twice is harmless here."""
        for attempt in range(self._retries + 1):
            try:
                return self._once(request)
            except (ConflictError, _ExpiredError):
                raise
            except _BusyError as error:
                if attempt == self._retries:
                    raise TemporaryError(error.message, hint=error.hint) from error
                seconds = min(max(0.5 * 2**attempt, error.after), LONGEST_PAUSE)
                self._clock.sleep(timedelta(seconds=seconds))
        raise AssertionError("the last attempt returns or raises")

    def _once(self, request: Request) -> Json | None:
        with _unanswered(request):
            response = self._send(request, self._timeout)
            content = response.read()
        return _read(request, int(response.status), response.headers, content)

    def _send(self, request: Request, timeout: tuple[float, float]) -> Any:
        """The answer's beginning; the client has no types here."""
        query = "" if request.query is None else f"?{urlencode(request.query)}"
        headers = {
            "Accept": "application/json",
            "Content-Type": request.content_type,
            "User-Agent": "zdm",
        }
        method, url, headers, _, _ = self._client.param_serialize(
            request.method,
            request.path,
            header_params=headers,
            auth_settings=["BearerToken"],
        )
        return self._client.rest_client.request(  # type: ignore[no-untyped-call]  # it has none
            method,
            url + query,
            headers=headers,
            body=request.body,
            _request_timeout=timeout,
        )


class _BusyError(TemporaryError):
    """Worth another try."""

    after: float = 0.0  # seconds, if the server gave them


class _ExpiredError(TemporaryError):
    """The pages of a LIST are no longer available (410)."""


@contextmanager
def _unanswered(request: Request) -> Iterator[None]:
    """Whatever the network and the client raise means that there is no answer now."""
    try:
        yield
    except (
        urllib3.exceptions.HTTPError,
        ApiException,
        ConfigException,  # a token or a login plug-in that is gone for the moment
        OSError,
    ) as error:
        raise _BusyError(
            f"the API server does not answer ({request}): {_short(error)}",
            hint="zdm continues when it is back; else check the kubeconfig and the network",
        ) from error


def _read(
    request: Request, status: int, headers: Mapping[str, str], content: bytes
) -> Json | None:
    if status == 404:
        return None
    if status >= 400:
        raise _error(request, status, headers, _message(content))
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _BusyError(f"the API server's answer is cut off ({request})") from error
    if not isinstance(answer, dict):
        raise _BusyError(f"the API server's answer is no object ({request})")
    return answer


def _error(request: Request, status: int, headers: Mapping[str, str], message: str) -> ZdmError:
    said = f"the API server answers {status} to {request}: {message}"
    match status:
        case 401:
            return RefusedError(said, hint="the credentials are not valid: log in again")
        case 403:
            rule = api.role_rule(request.resource, (request.verb,), request.namespace)
            return RefusedError(f"zdm may not {request}: {message}", hint=f"give it {rule}")
        case 409:
            return ConflictError(said)
        case 410:
            return _ExpiredError(said)
        case 429 | 408:
            return _busy(said, headers)
        case _ if status >= 500:
            return _busy(said, headers)
        case _:
            return StoppedError(said, hint="the server's message says what it does not accept")


def _busy(said: str, headers: Mapping[str, str]) -> _BusyError:
    error = _BusyError(said, hint="the API server is overloaded or starting")
    after = headers.get("Retry-After", "")
    error.after = float(after) if after.isdigit() else 0.0
    return error


def _message(content: bytes) -> str:
    """What the server's Status object says, or the beginning of its text."""
    try:
        answer: Any = json.loads(content)
    except (ValueError, RecursionError):
        return content[:200].decode(errors="replace").strip() or "no reason is given"
    return str((isinstance(answer, dict) and answer.get("message")) or "no reason is given")


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


# The library checks nothing in a kubeconfig, so what it trips over is what the file lacks.
_MISREAD = (AttributeError, LookupError, RecursionError, TypeError, ValueError)


def connect(
    *, kubeconfig: Path | None, context: str | None, environ: Mapping[str, str]
) -> ApiClient:
    """A client by kubeconfig where there is one or one is asked for, else by the pod's own."""
    configuration = Configuration()
    configuration.retries = False  # urllib3 would retry silently
    in_cluster = "KUBERNETES_SERVICE_HOST" in environ and not environ.get("KUBECONFIG")
    try:
        if in_cluster and kubeconfig is None and context is None:
            load_incluster_config(  # type: ignore[no-untyped-call]  # it has none
                client_configuration=configuration
            )
        else:
            load_kube_config(  # type: ignore[no-untyped-call]  # it has none
                config_file=environ.get("KUBECONFIG")
                if kubeconfig is None
                else str(kubeconfig),
                context=context,
                client_configuration=configuration,
                persist_config=False,
            )
        return ApiClient(configuration)
    except (ConfigException, OSError, yaml.YAMLError, *_MISREAD) as error:
        raise InputError(
            f"no cluster can be reached: {_short(error)}",
            hint="set `kubeconfig` and `context` in [rollout.kubernetes], or KUBECONFIG",
        ) from error


def from_settings(
    kubeconfig: Path | None, context: str | None, *, hurried: bool = False
) -> KubeApi:
    """The API of the cluster that the settings name; hurried: what fails is left out."""
    client = connect(kubeconfig=kubeconfig, context=context, environ=os.environ)
    if hurried:
        return KubeApi(client, retries=0, read_seconds=HURRIED_SECONDS)
    return KubeApi(client)
