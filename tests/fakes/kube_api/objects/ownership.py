"""Who owns which field: `metadata.managedFields`, and server-side apply on top of it.

A field is a path of FieldsV1 elements: `f:spec`, `k:{"name":"web"}`, and `.` for the item
itself. An owner is (manager, operation, subresource), as in the real server.
"""

import copy
import json
from collections.abc import Iterator
from typing import Any

from tests.fakes.kube_api.kinds import Json
from tests.fakes.kube_api.objects.merging import key_of
from tests.fakes.kube_api.rest import answers

Path = tuple[str, ...]
Owner = tuple[str, str, str]
Owners = dict[Owner, set[Path]]

_UNOWNED = {
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
}
_ATOMIC = {"selector", "nodeSelector", "matchLabels"}


def leaves(item: Json, *, status: bool = False) -> dict[Path, Any]:
    """Each owned path with its value: of the status, or of everything else."""
    top = {
        key: value
        for key, value in item.items()
        if key not in {"apiVersion", "kind"} and (key == "status") is status
    }
    if "metadata" in top:
        top["metadata"] = {k: v for k, v in top["metadata"].items() if k not in _UNOWNED}
    return dict(_walk((), "", {key: value for key, value in top.items() if value}))


def _walk(prefix: Path, field: str, value: Any) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value and field not in _ATOMIC:
        for key, inner in value.items():
            yield from _walk((*prefix, f"f:{key}"), key, inner)
    elif isinstance(value, list) and (key := key_of(field, value)) and value:
        for item in value:
            element = "k:" + json.dumps(_identity(item, key), separators=(",", ":"))
            yield (*prefix, element, "."), True
            for name, inner in item.items():
                yield from _walk((*prefix, element, f"f:{name}"), name, inner)
    elif prefix:
        yield prefix, value


def _identity(item: Json, key: str) -> Json:
    if key in {"containerPort", "port"}:
        return {key: item[key], "protocol": item.get("protocol", "TCP")}
    return {key: item[key]}


def read(item: Json) -> Owners:
    """The owners as the object tells them."""
    return {
        (e["manager"], e["operation"], e.get("subresource", "")): set(_paths((), e["fieldsV1"]))
        for e in item["metadata"].get("managedFields") or []
        if e.get("fieldsV1")
    }


def _paths(prefix: Path, tree: Json) -> Iterator[Path]:
    for element, inner in tree.items():
        if inner:
            yield from _paths((*prefix, element), inner)
        else:
            yield (*prefix, element)


def write(item: Json, owners: Owners, touched: Owner, now: str) -> None:
    """Tell the owners in the object; the one who wrote gets the time."""
    times = {
        (e["manager"], e["operation"], e.get("subresource", "")): e["time"]
        for e in item["metadata"].get("managedFields") or []
    }
    entries = []
    for owner, paths in owners.items():
        if not paths:
            continue
        entry: Json = {
            "manager": owner[0],
            "operation": owner[1],
            "apiVersion": item["apiVersion"],
            "time": now if owner == touched else times.get(owner, now),
            "fieldsType": "FieldsV1",
            "fieldsV1": _tree(paths),
        }
        if owner[2]:
            entry["subresource"] = owner[2]
        entries.append(entry)
    item["metadata"]["managedFields"] = entries


def _tree(paths: set[Path]) -> Json:
    tree: Json = {}
    for path in sorted(paths):
        place = tree
        for element in path:
            place = place.setdefault(element, {})
    return tree


def updated(old: Json | None, new: Json, owner: Owner, now: str) -> None:
    """Give the owner what its write changed, and take it from the others."""
    status = owner[2] == "status"
    before, after = leaves(old or {"metadata": {}}, status=status), leaves(new, status=status)
    changed = {p for p in before.keys() | after.keys() if before.get(p) != after.get(p)}
    if not changed:
        return
    owners = {key: paths - changed for key, paths in read(new).items()}
    owners[owner] = owners.get(owner, set()) | (changed & after.keys())
    write(new, owners, owner, now)


def applied(live: Json, config: Json, manager: str, *, force: bool) -> tuple[Json, Owners]:
    """The live object with the configuration applied, and its new owners."""
    owner = (manager, "Apply", "")
    owners, wanted, present = read(live), leaves(config), leaves(live)
    causes, taken = _conflicts(owners, owner, wanted, present)
    if causes and not force:
        raise answers.owned_by_others(
            [_cause(who, path, live["apiVersion"]) for who, path in causes]
        )
    given_up = owners.get(owner, set()) - wanted.keys()
    others = {key: paths - taken for key, paths in owners.items() if key != owner}
    result = _merged(live, config)
    for path in sorted(given_up, key=lambda path: (len(path), path[-1] != ".")):  # items first
        if not any(path in paths for paths in others.values()):
            _drop(result, path)
    return result, {**others, owner: set(wanted)}


def _conflicts(
    owners: Owners, owner: Owner, wanted: dict[Path, Any], present: dict[Path, Any]
) -> tuple[list[tuple[Owner, Path]], set[Path]]:
    causes = [
        (other, path)
        for other, paths in sorted(owners.items())
        if other != owner
        for path in sorted(paths & wanted.keys())
        if path[-1] != "." and present.get(path) != wanted[path]
    ]
    return causes, {path for _, path in causes}


def _cause(owner: Owner, path: Path, api_version: str) -> Json:
    manager, operation, subresource = owner
    using = f" with subresource {json.dumps(subresource)}" if subresource else ""
    when = f" using {api_version}" if operation == "Update" else ""
    field = ""
    for element in path:
        if element.startswith("f:"):
            field += f".{element[2:]}"
        elif element.startswith("k:"):
            keys = json.loads(element[2:]).items()
            field += "[" + ",".join(f"{k}={json.dumps(v)}" for k, v in keys) + "]"
    return {
        "reason": "FieldManagerConflict",
        "message": f'conflict with "{manager}"{using}{when}',
        "field": field,
    }


def _merged(live: Any, config: Any, field: str = "") -> Any:
    if isinstance(live, dict) and isinstance(config, dict) and field not in _ATOMIC:
        result = dict(live)
        for key, value in config.items():
            result[key] = _merged(live.get(key), value, key)
        return result
    if isinstance(live, list) and isinstance(config, list):
        key = key_of(field, [*live, *config])
        if key is not None:
            return _merged_list(live, config, key)
    return copy.deepcopy(config)


def _merged_list(live: list[Any], config: list[Any], key: str) -> list[Any]:
    wanted = {json.dumps(_identity(item, key)): item for item in config}
    result = []
    for item in live:
        ours = wanted.pop(json.dumps(_identity(item, key)), None)
        result.append(item if ours is None else _merged(item, ours))
    return [*result, *copy.deepcopy(list(wanted.values()))]


def _drop(item: Json, path: Path) -> None:
    """Remove what the path names, and the maps that this leaves empty."""
    holders: list[tuple[Any, Any]] = []
    place: Any = item
    for element in path:
        if element == ".":
            break
        index = _index(place, element)
        if index is None:
            return
        holders.append((place, index))
        place = place[index]
    for depth, (holder, index) in enumerate(reversed(holders)):
        if depth and holder[index]:
            return
        del holder[index]


def _index(place: Any, element: str) -> Any:
    if element.startswith("f:"):
        name = element[2:]
        return name if isinstance(place, dict) and name in place else None
    identity = json.loads(element[2:])
    key = next(iter(identity))
    return next((i for i, one in enumerate(place) if _identity(one, key) == identity), None)
