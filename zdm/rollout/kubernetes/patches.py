"""Patches that move a workload to a version and back, and the note of what was there. Pure.

A patch names the containers' images and, where the version is a label or annotation of the
template, that; nothing else, and `replicas` never. The note of what was there before goes
into the workload's annotations in the same request, so it survives a killed executor.
"""

import json
from collections.abc import Mapping

from msgspec import Struct

from zdm.errors import InputError, RefusedError
from zdm.model.release import Version
from zdm.rollout.kubernetes import objects, versions
from zdm.rollout.kubernetes.api import BY_KIND, Json
from zdm.rollout.kubernetes.workloads import Declared

BEFORE = "zdm.dev/before"  # annotation of the workload itself: its template stays as it is


class WantedTemplate(Struct, frozen=True, kw_only=True):
    """Where one workload is to go: the version, and the image of each of its containers."""

    version: Version
    images: Mapping[str, str]


def names(one: Declared) -> tuple[str, ...]:
    """The containers that get the image."""
    return (one.workload.container, *one.workload.also)


def target(one: Declared, version: Version) -> WantedTemplate:
    """What the settings say about a version."""
    image = one.images.of(version)
    if image is None:
        raise InputError(
            f"no image is declared for {version} of {one.ref}, so zdm cannot deploy it",
            hint="set `image` (with {version}) or `images` in [rollout.kubernetes]",
        )
    if not one.workload.container:
        raise RefusedError(
            f"which container of {one.ref} runs the application is not declared",
            hint="set `container` of the workload in [rollout.kubernetes]",
        )
    return WantedTemplate(version=version, images=dict.fromkeys(names(one), image))


def target_before(one: Declared, item: Json, version: Version) -> WantedTemplate:
    """What was there before, if the workload's note is about that version."""
    noted = (objects.metadata(item).get("annotations") or {}).get(BEFORE)
    try:
        note = json.loads(noted) if noted else {}
    except ValueError:
        note = {}  # a manual edit; the settings know the image, too
    if isinstance(note, dict) and note.get("version") == version.name and note.get("images"):
        return WantedTemplate(version=version, images=dict(note["images"]))
    return target(one, version)


def is_there(one: Declared, item: Json, wanted: WantedTemplate) -> bool:
    """Whether the template is that already."""
    head, _ = objects.template(one.workload.kind, item)
    written = versions.mark(one.workload, head)
    marked = written is None or written[2] == wanted.version.name
    if written is None and one.workload.version in ("label", "annotation"):
        marked = False
    return marked and dict(images(one, item)) == dict(wanted.images)


def images(one: Declared, item: Json) -> Mapping[str, str]:
    """The images that the template has now, of the containers that would be changed."""
    _, body = objects.template(one.workload.kind, item)
    return {
        str(container["name"]): str(container.get("image") or "")
        for container in versions.containers(body)
        if container["name"] in names(one)
    }


def note(one: Declared, item: Json) -> str:
    """What is there now, for the way back."""
    version = one.version_of(one.workload.kind, item).version
    content = {"version": version.name if version else "", "images": dict(images(one, item))}
    return json.dumps(content, sort_keys=True)


def patch(
    one: Declared, item: Json, wanted: WantedTemplate, annotations: Mapping[str, str]
) -> Json:
    """The patch, for a strategic merge or to be applied; it holds the object's version, so
    that a change in between is a conflict."""
    head = objects.metadata(item)
    body: Json = {
        "apiVersion": BY_KIND[one.workload.kind].api_version,
        "kind": one.workload.kind,
        "metadata": {
            "name": one.ref.name,
            "namespace": one.ref.namespace,
            "resourceVersion": head.get("resourceVersion"),
        },
        "spec": _inside(one.workload.kind, _template(one, item, wanted)),
    }
    if annotations:
        body["metadata"]["annotations"] = dict(annotations)
    return body


def _inside(kind: str, template: Json) -> Json:
    if kind == "CronJob":
        return {"jobTemplate": {"spec": {"template": template}}}
    return {"template": template}


def _template(one: Declared, item: Json, wanted: WantedTemplate) -> Json:
    head, body = objects.template(one.workload.kind, item)
    template: Json = {"spec": {}}
    for kind in ("containers", "initContainers"):
        changed = [
            {"name": container["name"], "image": wanted.images[container["name"]]}
            for container in body.get(kind) or ()
            if container["name"] in wanted.images
        ]
        if changed:
            template["spec"][kind] = changed
    written = versions.mark(one.workload, head)
    place, key = _place(one) if written is None else written[:2]
    if place:
        template["metadata"] = {place: {key: wanted.version.name}}
    return template


def _place(one: Declared) -> tuple[str, str]:
    """Where the version is to be written for the first time, if it is to be."""
    places = {"label": "labels", "annotation": "annotations"}
    return places.get(one.workload.version, ""), one.workload.version_key
