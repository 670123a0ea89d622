"""The documents by which clients learn what there is: classic discovery, version, OpenAPI.

OpenAPI says only what kubectl looks for: that PATCH and POST know `fieldValidation` and
`dryRun`, so that kubectl leaves validation to the server.
"""

from itertools import groupby

from tests.fakes.kube_api.kinds import ALL, Json, Kind
from tests.fakes.kube_api.rest.exchange import Document

_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_REVIEWS = ("authorization.k8s.io", "v1")
VERSION = {
    "major": "1",
    "minor": "36",
    "gitVersion": "v1.36.3",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "go1.26.0",
    "compiler": "gc",
    "platform": "linux/amd64",
}


def document(path: str) -> Document | None:
    """The document at a path, if discovery has one there."""
    groups = _groups()
    fixed: dict[str, Json | str] = {
        "/version": VERSION,
        "/healthz": "ok",
        "/livez": "ok",
        "/readyz": "ok",
        "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": list(groups.values())},
        "/openapi/v3": {"paths": {p: _link(p) for p in _versions()}},
    }
    if path in fixed:
        return Document(body=fixed[path])
    parts = path.strip("/").split("/")
    if parts[0] == "openapi" and (version := "/".join(parts[2:])) in _versions():
        return Document(body=_openapi(version))
    if parts[0] == "apis" and len(parts) == 2 and parts[1] in groups:
        return Document(body={"kind": "APIGroup", "apiVersion": "v1", **groups[parts[1]]})
    if path.strip("/") in _versions():
        return Document(body=_resources("/".join(parts[1:])))
    return None


def _groups() -> dict[str, Json]:
    pairs = sorted({(kind.group, kind.version) for kind in ALL if kind.group} | {_REVIEWS})
    return {
        group: {
            "name": group,
            "versions": (versions := [_version(*pair) for pair in of_group]),
            "preferredVersion": versions[0],
        }
        for group, of_group in groupby(pairs, key=lambda pair: pair[0])
    }


def _version(group: str, version: str) -> Json:
    return {"groupVersion": f"{group}/{version}", "version": version}


def _versions() -> list[str]:
    return [
        "api/v1",
        *(
            f"apis/{version['groupVersion']}"
            for group in _groups().values()
            for version in group["versions"]
        ),
    ]


def _resources(api_version: str) -> Json:
    resources = [
        entry
        for kind in ALL
        if kind.api_version == api_version
        for entry in (_resource(kind), *(_part(kind, part) for part in kind.subresources))
    ]
    if api_version == "/".join(_REVIEWS):
        resources = [
            {
                "name": "selfsubjectaccessreviews",
                "singularName": "selfsubjectaccessreview",
                "namespaced": False,
                "kind": "SelfSubjectAccessReview",
                "verbs": ["create"],
            }
        ]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": api_version,
        "resources": resources,
    }


def _resource(kind: Kind) -> Json:
    entry: Json = {
        "name": kind.plural,
        "singularName": kind.kind.lower(),
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": _VERBS,
    }
    if kind.short:
        entry["shortNames"] = list(kind.short)
    if kind.plural in {"pods", "services", "deployments", "replicasets", "statefulsets"}:
        entry["categories"] = ["all"]
    return entry


def _part(kind: Kind, part: str) -> Json:
    entry: Json = {
        "name": f"{kind.plural}/{part}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": ["get", "patch", "update"],
    }
    if part == "scale":
        entry.update(group="autoscaling", version="v1", kind="Scale")
    if part == "log":
        entry["verbs"] = ["get"]
    if part == "token":
        entry.update(
            group="authentication.k8s.io", version="v1", kind="TokenRequest", verbs=["create"]
        )
    if part == "eviction":
        entry.update(group="policy", version="v1", kind="Eviction", verbs=["create"])
    return entry


def _link(path: str) -> Json:
    return {"serverRelativeURL": f"/openapi/v3/{path}?hash=0"}


def _openapi(version: str) -> Json:
    api_version = version.split("/", 1)[1]
    paths = {}
    for kind in ALL:
        if kind.api_version == api_version:
            place = "/namespaces/{namespace}" if kind.namespaced else ""
            path = f"/{version}{place}/{kind.plural}"
            paths[path] = {"post": _operation(kind, "post")}
            paths[f"{path}/{{name}}"] = {
                method: _operation(kind, method) for method in ("patch", "put")
            }
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": VERSION["gitVersion"]},
        "paths": paths,
        "components": {"schemas": {}},
    }


def _operation(kind: Kind, method: str) -> Json:
    return {
        "parameters": [
            {"name": name, "in": "query", "schema": {"type": "string"}}
            for name in ("dryRun", "fieldManager", "fieldValidation")
        ],
        "responses": {},
        "x-kubernetes-action": method,
        "x-kubernetes-group-version-kind": {
            "group": kind.group,
            "version": kind.version,
            "kind": kind.kind,
        },
    }
