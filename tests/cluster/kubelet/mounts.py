"""Where a container's program finds its volumes.

Always below the folder that ZDM_POD_ROOT names: `$ZDM_POD_ROOT/<mountPath>`. Where this user
may make mount namespaces, also at the mountPath itself, if that is a folder that exists or
lies in /run, and if the mount does not hide the program: a container that mounts an emptyDir
on /tmp gets TMPDIR instead where the program lies in /tmp.
"""

import functools
import shlex
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = "ZDM_POD_ROOT"
RUN = (Path("/run"), Path("/var/run"))


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder or file of a volume, and where the container wants it."""

    source: Path
    target: Path


@functools.cache
def allowed() -> bool:
    """Whether this user may have mount namespaces."""
    command = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/run"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def link(root: Path, mounts: Iterable[Mount]) -> None:
    """The volumes below the container's root folder; deeper ones do not go into shallower."""
    for mount in sorted(mounts, key=lambda item: len(item.target.parts)):
        place = root / mount.target.relative_to("/")
        if any(parent.is_symlink() for parent in place.parents):
            continue  # lies inside another volume, which is shown whole
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.is_symlink():
            place.symlink_to(mount.source)


def settings(mounts: Iterable[Mount], directory: Path) -> dict[str, str]:
    """What stands in for mounts that cannot be made."""
    for mount in mounts:
        if mount.target == Path("/tmp") and _hides(mount.target, directory):
            return {"TMPDIR": str(mount.source)}
    return {}


def inside(mounts: Sequence[Mount], directory: Path, command: Sequence[str]) -> list[str]:
    """The command, in a mount namespace of its own where there is something to mount."""
    real = [mount for mount in mounts if _possible(mount, directory)]
    if not real or not allowed():
        return list(command)
    lines = ["set -e"]
    if any(_in_run(mount.target) for mount in real):
        lines.append("mount -t tmpfs tmpfs /run")
    for mount in sorted(real, key=lambda item: len(item.target.parts)):
        source, target = shlex.quote(str(mount.source)), shlex.quote(str(mount.target))
        if _in_run(mount.target):
            lines.append(f"mkdir -p {target}")
        lines.append(f"mount --bind {source} {target}")
    script = "; ".join([*lines, 'exec "$@"'])
    return [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        script,
        "sh",
        *command,
    ]


def beside(pid: int, directory: str, command: Sequence[str]) -> list[str]:
    """A command of a probe or hook in the namespace of the container's program."""
    if not allowed():
        return list(command)
    enter = ["nsenter", "--target", str(pid), "--mount", "--"]
    return [*enter, "sh", "-c", 'cd "$0" && exec "$@"', directory, *command]


def _possible(mount: Mount, directory: Path) -> bool:
    if mount.source.is_file() or _hides(mount.target, directory):
        return False
    return mount.target.is_dir() or _in_run(mount.target)


def _hides(target: Path, directory: Path) -> bool:
    needed = (directory, Path(sys.prefix), Path(sys.base_prefix), Path("/usr"), Path("/proc"))
    return any(path == target or target in path.parents for path in needed)


def _in_run(target: Path) -> bool:
    return any(run in target.parents for run in RUN)
