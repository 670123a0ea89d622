"""Who may do what: tokens stand for service accounts, stored Roles say what these may.

Without tokens everybody may do everything. With them an unknown token is 401, and whoever
sends the administrator's token or none is the administrator: kubectl sends no token over plain
HTTP, and a test needs it beside the account whose rights it limits.
"""

from dataclasses import dataclass, field
from uuid import uuid4

from tests.fakes.kube_api.kinds import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    ROLE_BINDINGS,
    ROLES,
    SERVICE_ACCOUNTS,
    Json,
    Kind,
)
from tests.fakes.kube_api.rest import answers
from tests.fakes.kube_api.rest.exchange import Document, Request, Target
from tests.fakes.kube_api.store import Store

ADMIN_TOKEN = "admin"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_REVIEW = Kind(
    group="authorization.k8s.io",
    plural="selfsubjectaccessreviews",
    kind="SelfSubjectAccessReview",
    namespaced=False,
)
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Account:
    """A service account."""

    namespace: str
    name: str

    @property
    def user(self) -> str:
        """As messages write it."""
        return f"system:serviceaccount:{self.namespace}:{self.name}"

    @property
    def groups(self) -> set[str]:
        """The groups that the server puts it into."""
        return {
            "system:serviceaccounts",
            f"system:serviceaccounts:{self.namespace}",
            "system:authenticated",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What somebody wants to do."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""

    def wants(self) -> str:
        """As messages write it."""
        scope = f'in the namespace "{self.namespace}"' if self.namespace else ""
        return (
            f'cannot {self.verb} resource "{self.resource}" in API group "{self.group}"'
            f" {scope or 'at the cluster scope'}"
        )


@dataclass(slots=True)
class Access:
    """The tokens, and the question to the stored Roles."""

    store: Store
    tokens: dict[str, Account] = field(default_factory=dict)

    def who(self, request: Request) -> Account | None:
        """The account of the request; None may do everything."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not self.tokens or token in {"", ADMIN_TOKEN}:
            return None
        if token not in self.tokens:
            raise answers.unauthorized()
        return self.tokens[token]

    def issue(self, target: Target, body: Json) -> Document:
        """Answer a TokenRequest; from then on rights count."""
        self.store.get(SERVICE_ACCOUNTS, target.namespace, target.name)
        token = f"fake-{target.namespace}-{target.name}-{uuid4().hex}"
        self.tokens[token] = Account(target.namespace, target.name)
        return Document(
            code=201,
            body={
                "kind": "TokenRequest",
                "apiVersion": "authentication.k8s.io/v1",
                "metadata": {"name": target.name, "namespace": target.namespace},
                "spec": {"expirationSeconds": 3600, **body.get("spec", {})},
                "status": {"token": token, "expirationTimestamp": self.store.now()},
            },
        )

    def check(self, account: Account | None, target: Target, request: Request) -> None:
        """Refuse with 403 what the account may not do."""
        wanted = attributes(target, request)
        if account is None or self._grant(account, wanted):
            return
        why = f'User "{account.user}" {wanted.wants()}'
        raise answers.forbidden(target.kind, target.name, why)

    def review(self, account: Account | None, body: Json) -> Document:
        """Answer a SelfSubjectAccessReview."""
        asked = body.get("spec", {}).get("resourceAttributes") or {}
        resource = asked.get("resource", "")
        if subresource := asked.get("subresource"):
            resource = f"{resource}/{subresource}"
        wanted = Attributes(
            verb=asked.get("verb", ""),
            group=asked.get("group", ""),
            resource=resource,
            namespace=asked.get("namespace", ""),
            name=asked.get("name", ""),
        )
        grant = "everybody may" if account is None else self._grant(account, wanted)
        status = {"allowed": True, "reason": grant} if grant else {"allowed": False}
        return Document(
            code=201,
            body={
                "kind": _REVIEW.kind,
                "apiVersion": _REVIEW.api_version,
                "metadata": {"creationTimestamp": None},
                "spec": body.get("spec", {}),
                "status": status,
            },
        )

    def _grant(self, account: Account, wanted: Attributes) -> str:
        """The binding that allows it, in the real server's words; nothing if none does."""
        bindings = self.store.all(CLUSTER_ROLE_BINDINGS)
        if wanted.namespace:
            bindings += self.store.all(ROLE_BINDINGS, wanted.namespace)
        for binding in bindings:
            if not any(_is(account, one, binding) for one in binding.get("subjects") or []):
                continue
            role = self._role(binding)
            if role and any(_allows(rule, wanted) for rule in role.get("rules") or []):
                metadata, of_role = binding["metadata"], binding["roleRef"]
                where = f"/{metadata['namespace']}" if "namespace" in metadata else ""
                return (
                    f'RBAC: allowed by {binding["kind"]} "{metadata["name"]}{where}" of'
                    f' {of_role["kind"]} "{of_role["name"]}" to ServiceAccount'
                    f' "{account.name}/{account.namespace}"'
                )
        return ""

    def _role(self, binding: Json) -> Json | None:
        reference = binding["roleRef"]
        if reference["kind"] == "ClusterRole":
            return self.store.find(CLUSTER_ROLES, "", reference["name"])
        return self.store.find(ROLES, binding["metadata"]["namespace"], reference["name"])


def attributes(target: Target, request: Request) -> Attributes:
    """What a request wants."""
    resource = target.kind.plural
    if target.subresource:
        resource = f"{resource}/{target.subresource}"
    name = target.name
    verb = _VERBS.get(request.method, "get" if name else "list")
    if request.method == "GET" and request.flag("watch"):
        verb = "watch"
    if request.method == "DELETE" and not name:
        verb = "deletecollection"
    if verb in {"list", "watch"}:
        selector = request.query.get("fieldSelector", "")
        name = selector.removeprefix("metadata.name=") if "metadata.name=" in selector else name
    return Attributes(
        verb=verb,
        group=target.kind.group,
        resource=resource,
        namespace=target.namespace,
        name=name,
    )


def _is(account: Account, subject: Json, binding: Json) -> bool:
    if subject["kind"] == "ServiceAccount":
        namespace = subject.get("namespace") or binding["metadata"].get("namespace", "")
        return (namespace, subject["name"]) == (account.namespace, account.name)
    if subject["kind"] == "Group":
        return subject["name"] in account.groups
    return bool(subject["name"] == account.user)


def _allows(rule: Json, wanted: Attributes) -> bool:
    subresource = wanted.resource.partition("/")[2]
    resources = {"*", wanted.resource, f"*/{subresource}" if subresource else "*"}
    names = rule.get("resourceNames") or []
    return (
        bool({"*", wanted.verb} & set(rule.get("verbs", [])))
        and bool({"*", wanted.group} & set(rule.get("apiGroups", [])))
        and bool(resources & set(rule.get("resources", [])))
        and (not names or wanted.name in names)
    )
