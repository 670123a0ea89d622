"""A container's environment and arguments: references resolved, `$(NAME)` expanded.

Rules of Kubernetes: `env` wins over `envFrom`; `$(NAME)` refers to variables defined before;
`$$` is `$`; an unknown reference stays as it is written.
"""

import base64
import re
from collections.abc import Callable, Mapping, Sequence

from tests.cluster.controlplane.api import ApiError, Json
from tests.cluster.kubelet import addresses

_REFERENCE = re.compile(r"\$(?:\$|\(([^)]*)\))")
_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")
_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")

Fetch = Callable[[str], Json]  # a path below the pod's namespace, such as secrets/db


class ConfigError(Exception):
    """What stands in `CreateContainerConfigError`."""


def expand(text: str, known: Mapping[str, str]) -> str:
    """Replace `$(NAME)` for the names that are known."""

    def one(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return known.get(match[1], match[0])

    return _REFERENCE.sub(one, text)


def arguments(
    container: Json, entrypoint: Sequence[str], command: Sequence[str], known: Mapping[str, str]
) -> list[str]:
    """What is run: the container's command and args over the image's own."""
    first = container.get("command")
    rest = container.get("args")
    if first is None:
        found = [*entrypoint, *(command if rest is None else rest)]
    else:
        found = [*first, *(rest or [])]
    return [expand(item, known) for item in found]


def variables(container: Json, pod: Json, pod_ip: str, fetch: Fetch) -> dict[str, str]:
    """The variables that the pod asks for; ConfigError where one cannot be had."""
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        found.update(_everything(source, fetch))
    given: dict[str, str] = {}
    for item in container.get("env", []):
        if "valueFrom" in item:
            value = _value(item["valueFrom"], container, pod, pod_ip, fetch)
            if value is not None:
                given[item["name"]] = value
        else:
            given[item["name"]] = expand(item.get("value", ""), {**found, **given})
    return {**found, **given}


def data(kind: str, name: str, optional: bool, fetch: Fetch) -> dict[str, bytes]:
    """The content of a ConfigMap or Secret."""
    try:
        found = fetch(f"{'secrets' if kind == 'secret' else 'configmaps'}/{name}")
    except ApiError as error:
        if error.status != 404:
            raise
        if optional:
            return {}
        raise ConfigError(f'{kind} "{name}" not found') from error
    plain = {key: value.encode() for key, value in found.get("data", {}).items()}
    if kind == "secret":
        return {key: base64.b64decode(value) for key, value in plain.items()}
    binary = {k: base64.b64decode(v) for k, v in found.get("binaryData", {}).items()}
    return {**plain, **binary}


def field(path: str, pod: Json, pod_ip: str) -> str:
    """The value of a field reference."""
    subscript = _SUBSCRIPT.fullmatch(path)
    if subscript:
        return str(pod["metadata"].get(subscript[1], {}).get(subscript[2], ""))
    if path in ("metadata.labels", "metadata.annotations"):
        items = pod["metadata"].get(path.removeprefix("metadata."), {})
        return "".join(f'{key}="{value}"\n' for key, value in sorted(items.items()))
    own = addresses.of_process(pod_ip)
    plain = {
        "metadata.name": pod["metadata"]["name"],
        "metadata.namespace": pod["metadata"]["namespace"],
        "metadata.uid": pod["metadata"]["uid"],
        "spec.nodeName": pod["spec"].get("nodeName", ""),
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", ""),
        "status.podIP": own,
        "status.podIPs": own,
        "status.hostIP": "127.0.0.1",
        "status.hostIPs": "127.0.0.1",
    }
    if path not in plain:
        raise ConfigError(f"field reference {path} is not supported")
    return str(plain[path])


def _everything(source: Json, fetch: Fetch) -> dict[str, str]:
    kind = "secret" if "secretRef" in source else "configmap"
    reference = source["secretRef" if kind == "secret" else "configMapRef"]
    prefix = source.get("prefix", "")
    content = data(kind, reference["name"], reference.get("optional", False), fetch)
    return {
        prefix + key: value.decode()
        for key, value in content.items()
        if _NAME.fullmatch(prefix + key)
    }


def _value(source: Json, container: Json, pod: Json, pod_ip: str, fetch: Fetch) -> str | None:
    if "fieldRef" in source:
        return field(source["fieldRef"]["fieldPath"], pod, pod_ip)
    if "resourceFieldRef" in source:
        return resource(source["resourceFieldRef"], container)
    kind = "secret" if "secretKeyRef" in source else "configmap"
    reference = source["secretKeyRef" if kind == "secret" else "configMapKeyRef"]
    optional = reference.get("optional", False)
    content = data(kind, reference["name"], optional, fetch)
    if reference["key"] in content:
        return content[reference["key"]].decode()
    if optional:
        return None
    raise ConfigError(f"couldn't find key {reference['key']} in {kind} {reference['name']}")


def resource(reference: Json, container: Json) -> str:
    """The number of a resource as written; a divisor other than 1 is not modelled."""
    group, _, name = reference["resource"].partition(".")
    found = container.get("resources", {}).get(group, {}).get(name)
    if found is None or reference.get("divisor", "0") not in ("0", "1"):
        raise ConfigError(f"resource reference {reference['resource']} is not supported")
    return str(found)
