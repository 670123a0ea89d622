"""Pods that the operator asserts to be dead, added to the settings. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from zdm.config.settings import KubernetesSettings, Settings
from zdm.errors import InputError

_PREFIX = "pod/"


def run(settings: Settings, pods: Iterable[str] | None) -> Settings:
    """The settings, with the pods that `pod/NAME` and `pod/NAMESPACE/NAME` name."""
    words = tuple(pods or ())
    if not words:
        return settings
    cluster = settings.rollout.kubernetes
    if settings.rollout.driver != "kubernetes" or cluster is None:
        raise InputError(
            f"the rollout driver is `{settings.rollout.driver}`, so there are no pods that"
            " could be dead",
            hint="leave --assume-dead out",
        )
    dead = (*cluster.assume_dead, *(_name(cluster, word) for word in words))
    known = replace(cluster, assume_dead=tuple(dict.fromkeys(dead)))
    return replace(settings, rollout=replace(settings.rollout, kubernetes=known))


def _name(cluster: KubernetesSettings, word: str) -> str:
    """As the settings write it; a pod's name alone must mean one pod."""
    parts = word.removeprefix(_PREFIX).split("/")
    if not word.startswith(_PREFIX) or len(parts) > 2 or not all(parts):
        raise InputError(
            f"--assume-dead {word} names no pod",
            hint="write pod/NAME, or pod/NAMESPACE/NAME",
        )
    if len(parts) == 1 and len(cluster.namespaces) > 1:
        raise InputError(
            f"--assume-dead {word} may mean a pod in any of {', '.join(cluster.namespaces)}",
            hint=f"write the namespace too: pod/{cluster.namespaces[0]}/{parts[0]}",
        )
    namespace = parts[0] if len(parts) == 2 else cluster.namespaces[0]
    if namespace not in cluster.namespaces:
        raise InputError(
            f"--assume-dead {word} names the namespace {namespace}, where zdm does not look",
            hint=f"zdm looks in {', '.join(cluster.namespaces)}",
        )
    return f"{namespace}/{parts[-1]}"
