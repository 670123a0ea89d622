"""ControllerRevisions: how StatefulSets and DaemonSets remember their templates."""

from tests.fakes.kube_api.controllers.world import (
    World,
    bare,
    hashed,
    is_controlled,
    reference,
)
from tests.fakes.kube_api.kinds import CONTROLLER_REVISIONS, Json

HASH = "controller-revision-hash"  # of pods: a DaemonSet's have the hash, others the name
_LABELS = {"StatefulSet": "controller.kubernetes.io/hash", "DaemonSet": HASH}


def present(world: World, owner: Json) -> Json:
    """The revision of the present template, whose number is the highest."""
    template = bare(owner["spec"]["template"], HASH)
    name = hashed(template)
    mine = history(world, owner)
    newest = max((one["revision"] for one in mine), default=0)
    for one in mine:
        if one["metadata"]["name"].endswith(name):
            if one["revision"] < newest:
                return world.change(
                    CONTROLLER_REVISIONS, one, lambda new: new.update(revision=newest + 1)
                )
            return one
    return _create(world, owner, name, newest + 1)


def history(world: World, owner: Json) -> list[Json]:
    """All revisions, oldest first."""
    found = world.store.all(CONTROLLER_REVISIONS, owner["metadata"]["namespace"])
    return sorted(
        (one for one in found if is_controlled(one, owner)), key=lambda one: one["revision"]
    )


def _create(world: World, owner: Json, name: str, revision: int) -> Json:
    template = {**bare(owner["spec"]["template"], HASH), "$patch": "replace"}
    full = f"{owner['metadata']['name']}-{name}"
    label = {_LABELS[owner["kind"]]: name}
    labels = {**owner["spec"]["template"]["metadata"].get("labels", {}), **label}
    return world.create(
        CONTROLLER_REVISIONS,
        {
            "metadata": {
                "name": full,
                "namespace": owner["metadata"]["namespace"],
                "labels": labels,
                "ownerReferences": [reference(owner)],
            },
            "data": {"spec": {"template": template}},
            "revision": revision,
        },
    )


def template_of(revision: Json) -> Json:
    """The pod template that it remembers."""
    template: Json = revision["data"]["spec"]["template"]
    return {key: value for key, value in template.items() if key != "$patch"}
