"""Three of the four patches: JSON merge (RFC 7386), JSON patch (RFC 6902), strategic merge.

Strategic merge knows lists by their field's name: the fields here are those that pods,
workloads, services and service accounts have.
"""

import copy
from typing import Any

from tests.fakes.kube_api.kinds import Json
from tests.fakes.kube_api.rest import answers

_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "volumes": "name",
    "env": "name",
    "imagePullSecrets": "name",
    "secrets": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "conditions": "type",
    "ownerReferences": "uid",
    "resourceClaims": "name",
}


def key_of(field: str, items: list[Any]) -> str | None:
    """The field by which a list's items are told apart; None for lists that are replaced."""
    if field == "ports" and items and all(isinstance(item, dict) for item in items):
        return "containerPort" if any("containerPort" in item for item in items) else "port"
    return _KEYS.get(field)


def merge(target: Any, patch: Any) -> Any:
    """JSON merge patch: null removes, lists are replaced."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def strategic(target: Json, patch: Json) -> Json:
    """Strategic merge patch of one map."""
    if patch.get("$patch") == "replace":
        return {key: _plain(value) for key, value in patch.items() if key != "$patch"}
    result = copy.deepcopy(target)
    if retained := patch.get("$retainKeys"):
        result = {key: value for key, value in result.items() if key in retained}
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            field = key.split("/", 1)[1]
            result[field] = [item for item in result.get(field, []) if item not in value]
        elif not key.startswith("$"):
            _strategic_field(result, key, value)
    for key, order in patch.items():
        if key.startswith("$setElementOrder/"):
            _reorder(result, target, key.split("/", 1)[1], order)
    return result


def _strategic_field(result: Json, key: str, value: Any) -> None:
    if value is None or (isinstance(value, dict) and value.get("$patch") == "delete"):
        result.pop(key, None)
    elif isinstance(value, dict):
        current = result.get(key)
        result[key] = strategic(current if isinstance(current, dict) else {}, value)
    elif isinstance(value, list):
        result[key] = _strategic_list(result.get(key) or [], key, value)
    else:
        result[key] = value


def _strategic_list(current: list[Any], field: str, patch: list[Any]) -> list[Any]:
    if any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [_plain(item) for item in patch if item.get("$patch") != "replace"]
    if field == "finalizers":
        return [*current, *(item for item in patch if item not in current)]
    key = key_of(field, [*current, *(item for item in patch if "$patch" not in item)])
    if key is None:
        return copy.deepcopy(patch)
    result = list(current)
    for item in patch:
        if key not in item:
            raise answers.without_merge_key(item, key)
        place = next((i for i, old in enumerate(result) if old.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            result = [old for old in result if old.get(key) != item[key]]
        elif place is None:
            result.append(strategic({}, item))
        else:
            result[place] = strategic(result[place], item)
    return _ordered(result, [item[key] for item in patch], current, key)


def _plain(value: Any) -> Any:
    """The value without directives and nulls."""
    if isinstance(value, dict):
        return {
            k: _plain(v) for k, v in value.items() if not k.startswith("$") and v is not None
        }
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _reorder(result: Json, target: Json, field: str, order: list[Any]) -> None:
    items = result.get(field)
    if isinstance(items, list):
        key = key_of(field, items)
        names = [_name(item, key) for item in order]
        result[field] = _ordered(items, names, target.get(field) or [], key)


def _name(item: Any, key: str | None) -> Any:
    return item.get(key) if isinstance(item, dict) else item


def _ordered(
    items: list[Any], names: list[Any], before: list[Any], key: str | None
) -> list[Any]:
    """The named items in that order, woven into the others, which keep the order they had."""
    places = {_name(item, key): place for place, item in enumerate(before)}
    named = sorted(
        (item for item in items if _name(item, key) in names),
        key=lambda item: names.index(_name(item, key)),
    )
    others = [item for item in items if _name(item, key) not in names]
    result = []
    while named and others:
        ours, theirs = (places.get(_name(one[0], key)) for one in (named, others))
        first = ours is not None and theirs is not None and theirs < ours
        result.append((others if first else named).pop(0))
    return [*result, *named, *others]


def json_patch(target: Json, operations: list[Json]) -> Json:
    """JSON patch; a failed `test` refuses the whole."""
    result: Any = copy.deepcopy(target)
    for operation in operations:
        result = _operated(result, operation, _pointer(operation["path"]))
    if not isinstance(result, dict):
        raise answers.unprocessable()
    return result


def _operated(root: Any, operation: Json, path: list[str]) -> Any:
    match operation["op"]:
        case "add":
            return _put(root, path, copy.deepcopy(operation["value"]), insert=True)
        case "replace":
            return _put(root, path, copy.deepcopy(operation["value"]), insert=False)
        case "remove":
            _take(root, path)
            return root
        case "test":
            _expect(root, path, operation.get("value"))
            return root
        case "move":
            value = _take(root, _pointer(operation["from"]))
            return _put(root, path, value, insert=True)
        case "copy":
            value = copy.deepcopy(_look(root, _pointer(operation["from"])))
            return _put(root, path, value, insert=True)
    raise answers.unprocessable()


def _pointer(path: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]


def _look(value: Any, path: list[str]) -> Any:
    for part in path:
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, ValueError, TypeError):
            raise answers.unprocessable() from None
    return value


def _put(root: Any, path: list[str], value: Any, *, insert: bool) -> Any:
    if not path:
        return value
    parent, last = _look(root, path[:-1]), path[-1]
    if isinstance(parent, list):
        if last == "-":
            parent.append(value)
        elif insert:
            parent.insert(int(last), value)
        else:
            parent[int(last)] = value
    else:
        parent[last] = value
    return root


def _take(root: Any, path: list[str]) -> Any:
    value, parent = _look(root, path), _look(root, path[:-1])
    del parent[int(path[-1]) if isinstance(parent, list) else path[-1]]
    return value


def _expect(root: Any, path: list[str], wanted: Any) -> None:
    try:
        found = _look(root, path)
    except answers.Refusal:
        found = None
    if found != wanted:
        raise answers.unprocessable()
