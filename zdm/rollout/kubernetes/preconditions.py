"""What must hold before a rollout on Kubernetes begins: permissions, containers, images."""

from zdm.errors import InputError, RefusedError
from zdm.model.release import Version
from zdm.rollout.kubernetes import api as kube_cluster
from zdm.rollout.kubernetes import objects, patches
from zdm.rollout.kubernetes import versions as kube_versions
from zdm.rollout.kubernetes.api import BY_KIND, WATCHED, ClusterApi, Json, Resource
from zdm.rollout.kubernetes.settings import KubernetesSettings
from zdm.rollout.kubernetes.workloads import Declared


def needed(settings: KubernetesSettings) -> tuple[tuple[str, Resource, str, str], ...]:
    """Verb, resource, namespace and name (empty: any) of all that the driver asks for."""
    wanted = [("list", each, space, "") for space in settings.namespaces for each in WATCHED]
    for workload in settings.workloads:
        resource = BY_KIND[workload.kind]
        wanted.append(("get", resource, workload.namespace, workload.name))
        if settings.mode == "patch" and workload.kind != "Job":
            wanted.append(("patch", resource, workload.namespace, workload.name))
    return tuple(dict.fromkeys(wanted))


def check(api: ClusterApi, settings: KubernetesSettings) -> None:
    """Raise for settings that cannot work, or where a permission is missing."""
    check_settings(settings)
    missing = [each for each in needed(settings) if not api.may(*each)]
    if missing:
        said = "; ".join(
            f"{verb} {each.title}{f' {name}' if name else ''} in {space}"
            for verb, each, space, name in missing
        )
        rules = "; ".join(
            kube_cluster.role_rule(each, (verb,), space) for verb, each, space, _ in missing
        )
        raise RefusedError(f"zdm may not: {said}", hint=f"give it {rules}")


def check_settings(settings: KubernetesSettings) -> None:
    """What the types of the settings do not say."""
    outside = [
        f"{w.kind} {w.namespace}/{w.name}"
        for w in settings.workloads
        if w.namespace not in settings.namespaces
    ]
    faults = {
        "names no workload": not settings.workloads,
        "names no Secret of the database": not settings.secrets,
        "has mode = 'command' and no command": settings.mode == "command"
        and not settings.command,
        f"declares {', '.join(outside)} outside `namespaces`": bool(outside),
    }
    for fault, is_so in faults.items():
        if is_so:
            raise InputError(
                f"[rollout.kubernetes] {fault}, so old code could not be seen",
                hint="see docs/drivers/kubernetes.md for the settings",
            )


def check_workload(
    one: Declared, item: Json, versions: tuple[Version, Version], mode: str
) -> None:
    """Whether its version can be determined and changed."""
    old, new = versions
    head, body = objects.template(one.workload.kind, item)
    there = {str(container["name"]) for container in kube_versions.containers(body)}
    absent = [name for name in patches.names(one) if name and name not in there]
    if absent:
        raise RefusedError(
            f"{one.ref} has no container {', '.join(absent)}",
            hint=f"it has {', '.join(sorted(there))}; set `container` of the workload",
        )
    by_image = kube_versions.mark(one.workload, head) is None and (
        one.workload.version in ("auto", "image")
    )
    if by_image and not one.images.are_declared:
        raise InputError(
            f"{one.ref} shows its version only by its image, and which image is"
            f" {new} is not declared",
            hint="set `image` (with {version}) or `images`, or label the pod template with"
            f" {kube_versions.KEY}",
        )
    if mode == "patch" and one.workload.kind != "Job":
        _patchable(one, item, old, new)


def _patchable(one: Declared, item: Json, old: Version, new: Version) -> None:
    wanted, before = patches.target(one, new), patches.target(one, old)
    if wanted.images == before.images:
        raise InputError(
            f"{old} and {new} of {one.ref} have the same image, so a node may run what it"
            " pulled before",
            hint="use a tag for each version (`{version}` in `image`), or pin each by digest",
        )
    head, _ = objects.template(one.workload.kind, item)
    written = kube_versions.mark(one.workload, head)
    selector = (objects.spec(item).get("selector") or {}).get("matchLabels") or {}
    if written is not None and written[0] == "labels" and written[1] in selector:
        raise RefusedError(
            f"the selector of {one.ref} holds the label {written[1]}, which cannot be changed,"
            " so zdm cannot move its version",
            hint="take the version out of the selector, or set `version = 'image'`",
        )
