"""Which application version an object of Kubernetes runs: by label, annotation or image.

`generation` says nothing: every scaling raises it. A label that its own image contradicts
gives no version, because `kubectl set image` leaves labels as they are. Pure.
"""

import re
from collections.abc import Iterable

from msgspec import Struct

from zdm.model.release import Version
from zdm.rollout.kubernetes.api import Json
from zdm.rollout.kubernetes.settings import KubernetesWorkload

KEY = "zdm.dev/app-version"
COMMON_KEY = "app.kubernetes.io/version"
_HOLE = "{version}"
_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})$")


class Found(Struct, frozen=True, kw_only=True):
    """The version, or None and why it is unknown."""

    version: Version | None
    why: str = ""


class Images(Struct, frozen=True, kw_only=True):
    """Which image is which version: by a template with {version}, or version by version."""

    template: str = ""
    named: tuple[tuple[str, str], ...] = ()

    @property
    def are_declared(self) -> bool:
        """Whether anything is known."""
        return bool(self.template or self.named)

    def of(self, version: Version) -> str | None:
        """The image of a version."""
        for name, image in self.named:
            if name == version.name:
                return image
        return self.template.replace(_HOLE, version.name) if self.template else None

    def version(self, reference: str) -> Version | None:
        """The version of an image reference, if it is one of ours."""
        for name, image in self.named:
            if reference == image or (digest(image) and digest(reference) == digest(image)):
                return Version(name)
        pattern = "([A-Za-z0-9_.-]+)".join(map(re.escape, self.template.split(_HOLE)))
        found = re.fullmatch(pattern, _DIGEST.sub("", reference)) if self.template else None
        if found is None or len(set(found.groups())) != 1:
            return None
        return Version(found[1])


def digest(reference: str) -> str:
    """The digest that pins a reference; empty where a mutable tag is all it has."""
    found = _DIGEST.search(reference)
    return found[1] if found else ""


def images_of(
    workload: KubernetesWorkload, image: str, images: Iterable[tuple[str, str]]
) -> Images:
    """A workload's own images, else those of all."""
    if workload.image or workload.images:
        return Images(template=workload.image, named=workload.images)
    return Images(template=image, named=tuple(images))


def containers(spec: Json) -> tuple[Json, ...]:
    """Every container of a pod, init and ephemeral ones too."""
    kinds = ("containers", "initContainers", "ephemeralContainers")
    return tuple(item for kind in kinds for item in spec.get(kind) or ())


def main_container(workload: KubernetesWorkload, spec: Json) -> str:
    """The name of the container that runs the application; empty if it is not declared."""
    if workload.container:
        return workload.container
    names = [item["name"] for item in spec.get("containers") or ()]
    if len(names) == 1:
        return str(names[0])
    return workload.name if workload.name in names else ""


def mark(workload: KubernetesWorkload, metadata: Json) -> tuple[str, str, str] | None:
    """Where the version is written (`labels` or `annotations`), under which key, and what."""
    places: list[tuple[str, str]] = []
    match workload.version:
        case "label":
            places = [("labels", workload.version_key)]
        case "annotation":
            places = [("annotations", workload.version_key)]
        case "auto":
            places = [
                ("labels", workload.version_key),
                ("annotations", workload.version_key),
                ("labels", COMMON_KEY),
            ]
        case "image":
            pass
    for place, key in places:
        value = (metadata.get(place) or {}).get(key)
        if value:
            return place, key, str(value)
    return None


def find(workload: KubernetesWorkload, images: Images, metadata: Json, spec: Json) -> Found:
    """The version of a pod, or of the pods that a template makes."""
    written = mark(workload, metadata)
    if written is None:
        if workload.version in ("label", "annotation"):
            return Found(version=None, why=f"no {workload.version} {workload.version_key}")
        return _by_image(workload, images, spec)
    place, key, value = written
    for name, reference in _references(workload, spec).items():
        known = images.version(reference)
        if known not in (None, Version(value)):
            return Found(
                version=None,
                why=f"{place[:-1]} {key} says {value}, and the image of {name} is {known}",
            )
    return Found(version=Version(value))


def _references(workload: KubernetesWorkload, spec: Json) -> dict[str, str]:
    """The images of the containers that run the application, the main one first."""
    found = {str(item["name"]): str(item.get("image") or "") for item in containers(spec)}
    names = (main_container(workload, spec), *workload.also)
    return {name: found.get(name, "") for name in names}


def _by_image(workload: KubernetesWorkload, images: Images, spec: Json) -> Found:
    references = _references(workload, spec)
    if "" in references:
        return Found(version=None, why="which container runs the application is not declared")
    missing = [name for name, reference in references.items() if not reference]
    if missing:
        return Found(version=None, why=f"no container {', '.join(missing)}")
    versions = {n: images.version(r) or Version(r) for n, r in references.items()}
    if len(set(versions.values())) > 1:
        said = ", ".join(f"{name} runs {version}" for name, version in versions.items())
        return Found(version=None, why=f"its containers differ: {said}")
    return Found(version=next(iter(versions.values())))
