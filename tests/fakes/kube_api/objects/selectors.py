"""Label and field selectors, as query parameters and as objects."""

import re
from collections.abc import Callable
from typing import Any

from tests.fakes.kube_api.kinds import Json
from tests.fakes.kube_api.rest import answers

Predicate = Callable[[Json], bool]

_SET = re.compile(r"^(?P<key>[^\s!=,()]+)\s+(?P<op>in|notin)\s+\((?P<values>[^)]*)\)$")
_EQUAL = re.compile(r"^(?P<key>[^\s!=,()]+)\s*(?P<op>==|=|!=)\s*(?P<value>[^\s!=,()]*)$")
_EXISTS = re.compile(r"^(?P<op>!?)\s*(?P<key>[^\s!=,()]+)$")
_COMMA = re.compile(r",(?![^(]*\))")

FIELDS = {
    "pods": {"spec.nodeName", "status.phase", "status.podIP", "spec.serviceAccountName"},
    "events": {"involvedObject.name", "involvedObject.uid", "involvedObject.kind", "reason"},
    "secrets": {"type"},
    "namespaces": {"status.phase"},
    "jobs": {"status.successful"},
}


def by_labels(selector: str) -> Predicate:
    """A predicate on objects from `a=b,c!=d,e in (f,g),!h`."""
    terms = [_label_term(term.strip()) for term in _COMMA.split(selector) if term.strip()]

    def matches(item: Json) -> bool:
        labels = item["metadata"].get("labels") or {}
        return all(term(labels) for term in terms)

    return matches


def _label_term(term: str) -> Callable[[dict[str, str]], bool]:
    if found := _SET.match(term):
        key, values = found["key"], {value.strip() for value in found["values"].split(",")}
        if found["op"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if found := _EQUAL.match(term):
        key, value = found["key"], found["value"]
        if found["op"] == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if found := _EXISTS.match(term):
        key, wanted = found["key"], not found["op"]
        return lambda labels: (key in labels) is wanted
    raise answers.bad_request(f'unable to parse requirement: "{term}"')


def by_fields(plural: str, selector: str) -> Predicate:
    """A predicate on objects from `metadata.name=a,status.phase!=Running`."""
    known = {"metadata.name", "metadata.namespace"} | FIELDS.get(plural, set())
    terms: list[tuple[list[str], bool, str]] = []
    for term in filter(None, selector.split(",")):
        found = _EQUAL.match(term)
        if found is None:
            raise answers.bad_request(
                f"invalid selector: '{selector}'; can't understand '{term}'"
            )
        if found["key"] not in known:
            raise answers.bad_request(f"field label not supported: {found['key']}")
        terms.append((found["key"].split("."), found["op"] != "!=", found["value"]))
    return lambda item: all(
        (str(_at(item, path)) == value) is wanted for path, wanted, value in terms
    )


def _at(item: Any, path: list[str]) -> Any:
    for part in path:
        item = (item or {}).get(part, "")
    return item


def selected_by(selector: Json | None, labels: dict[str, str]) -> bool:
    """Whether a LabelSelector object selects these labels; an absent one selects nothing."""
    if selector is None:
        return False
    if any(labels.get(k) != v for k, v in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_expression(labels, one) for one in selector.get("matchExpressions") or [])


def _expression(labels: dict[str, str], one: Json) -> bool:
    key, values = one["key"], one.get("values") or []
    match one["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels


def written(selector: Json) -> str:
    """A LabelSelector as a query parameter, which is what `/scale` shows."""
    return ",".join(f"{k}={v}" for k, v in sorted((selector.get("matchLabels") or {}).items()))
