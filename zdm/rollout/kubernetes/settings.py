"""What `[rollout.kubernetes]` says, and the pods that an operator declares dead beside it."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Struct
from msgspec.structs import replace

from zdm.errors import InputError
from zdm.model.ranges import Delay, NotEmpty, Range, Timeout

_PREFIX = "pod/"


class KubernetesWorkload(Struct, frozen=True, kw_only=True):
    """One object that runs the application."""

    kind: Literal["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job"]
    namespace: str
    name: str
    container: str = ""  # runs the application; not needed where the pod has but one
    also: tuple[str, ...] = ()  # further containers, init containers too, of the same image
    version: Literal["auto", "label", "annotation", "image"] = "auto"  # where it is written
    version_key: str = "zdm.dev/app-version"  # of the label or annotation
    image: str = ""  # with {version}; empty: the one for all workloads
    images: tuple[tuple[str, str], ...] = ()  # by version, instead of `image`
    optional: bool = False  # it need not exist


class KubernetesSettings(Struct, frozen=True, kw_only=True):
    """A cluster, and what runs the application there."""

    # where zdm looks, and nowhere else
    namespaces: Annotated[tuple[str, ...], NotEmpty()]
    workloads: tuple[KubernetesWorkload, ...]
    secrets: tuple[str, ...]  # names of the Secrets (or SecretProviderClasses) of the database
    mode: Literal["patch", "observe", "command"] = "patch"
    patch: Literal["strategic", "apply"] = "strategic"
    force: bool = False  # with `apply`: take the image from who owns it
    command: tuple[str, ...] = ()  # {version} is replaced
    command_timeout: Timeout = timedelta(minutes=15)
    image: str = ""
    images: tuple[tuple[str, str], ...] = ()
    kubeconfig: Path | None = None
    context: str | None = None
    allowed_undeclared: tuple[str, ...] = ()  # "Kind namespace/name", with *
    assume_dead: tuple[str, ...] = ()  # "namespace/pod", for pods on lost nodes
    # no image name, no Secret: not transient
    config_error_after: Delay = timedelta(seconds=15)
    image_error_after: Delay = timedelta(seconds=90)  # a registry may fail for a moment
    restarts: Annotated[int, Range(0, 1_000)] = 3  # of a new pod, before the rollout failed
    announce: bool = True  # Events and annotations on the workloads


def assume_dead(settings: KubernetesSettings, words: tuple[str, ...]) -> KubernetesSettings:
    """The settings, with the pods that `pod/NAME` and `pod/NAMESPACE/NAME` name."""
    dead = (*settings.assume_dead, *(_name(settings, word) for word in words))
    return replace(settings, assume_dead=tuple(dict.fromkeys(dead)))


def _name(settings: KubernetesSettings, word: str) -> str:
    """As the settings write it; a pod's name alone must mean one pod."""
    parts = word.removeprefix(_PREFIX).split("/")
    if not word.startswith(_PREFIX) or len(parts) > 2 or not all(parts):
        raise InputError(
            f"--assume-dead {word} names no pod",
            hint="write pod/NAME, or pod/NAMESPACE/NAME",
        )
    if len(parts) == 1 and len(settings.namespaces) > 1:
        raise InputError(
            f"--assume-dead {word} may mean a pod in any of {', '.join(settings.namespaces)}",
            hint=f"write the namespace too: pod/{settings.namespaces[0]}/{parts[0]}",
        )
    namespace = parts[0] if len(parts) == 2 else settings.namespaces[0]
    if namespace not in settings.namespaces:
        raise InputError(
            f"--assume-dead {word} names the namespace {namespace}, where zdm does not look",
            hint=f"zdm looks in {', '.join(settings.namespaces)}",
        )
    return f"{namespace}/{parts[-1]}"
