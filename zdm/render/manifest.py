"""Kubernetes documents as YAML: one stream, or a folder for kustomize."""

from collections.abc import Mapping
from typing import Any

import yaml


class _Dumper(yaml.SafeDumper):
    """Long texts as blocks that a person can read."""


def _text(dumper: yaml.SafeDumper, data: str) -> yaml.Node:
    style = "|" if "\n" in data else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _text)


def document(value: Mapping[str, Any]) -> str:
    """One document."""
    return yaml.dump(
        dict(value), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000
    )


def stream(documents: Mapping[str, Mapping[str, Any]]) -> str:
    """All documents, as `kubectl apply -f -` takes them."""
    return "---\n".join(document(value) for value in documents.values())


def kustomize(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Files of a folder by their names."""
    files = {f"{word}.yaml": document(value) for word, value in documents.items()}
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": list(files),
    }
    return {**files, "kustomization.yaml": document(kustomization)}
