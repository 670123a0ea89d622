"""Where a container's program finds its volumes.

Where this user may make mounts (root, with overlay file systems), a container has the
machine's files as its image: what it writes is its own and goes with it, and each volume is
at its mountPath. `readOnly` and `readOnlyRootFilesystem` hold. /tmp stays the machine's, since
the tests keep their files there; a container that mounts a volume on it gets TMPDIR.
Elsewhere the program sees the machine as it is.
In both cases ZDM_POD_ROOT names a folder with every volume: `$ZDM_POD_ROOT/<mountPath>`.
"""

import functools
import shlex
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = "ZDM_POD_ROOT"
TMP = Path("/tmp")
OWN = ("unshare", "--mount", "--propagation", "private", "sh", "-c")
KERNEL = (Path("/proc"), Path("/sys"), Path("/dev"))
EMPTY = Path("/run")  # a tmpfs of the container's own


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder or file of a volume, and where the container wants it."""

    source: Path
    target: Path
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The file system of one container."""

    home: Path  # the container's folder
    cluster: Path  # stays what it is for every container
    mounts: Sequence[Mount]
    directory: Path
    read_only: bool

    @property
    def root(self) -> Path:
        """The folder that ZDM_POD_ROOT names."""
        return self.home / "root"


@functools.cache
def allowed() -> bool:
    """Whether containers get file systems of their own; it is tried."""
    with tempfile.TemporaryDirectory() as folder:
        files = Files(
            home=Path(folder), cluster=Path(folder), mounts=(), directory=TMP, read_only=True
        )
        try:
            run = subprocess.run(inside(files, ["true"]), capture_output=True, check=False)
        except FileNotFoundError:
            return False
        return run.returncode == 0


def link(files: Files) -> None:
    """The volumes below the container's root folder; deeper ones do not go into shallower."""
    for mount in _by_depth(files.mounts):
        place = files.root / mount.target.relative_to("/")
        if any(parent.is_symlink() for parent in place.parents):
            continue  # lies inside another volume, which is shown whole
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.is_symlink():
            place.symlink_to(mount.source)


def settings(files: Files) -> dict[str, str]:
    """What tells the program where its volumes are."""
    found = {ROOT: str(files.root)}
    for mount in files.mounts:
        if mount.target == TMP:
            found["TMPDIR"] = str(mount.source)
    return found


def start(files: Files, command: Sequence[str]) -> tuple[list[str], Path]:
    """What is run to run a command in the container, and in which folder."""
    if allowed():
        return inside(files, command), Path("/")
    place = files.root / files.directory.relative_to("/")
    return list(command), place if place.is_dir() else files.directory


def beside(files: Files, pid: int, command: Sequence[str]) -> tuple[list[str], Path]:
    """The same for a command of a probe or hook, beside the container's program."""
    if not allowed():
        return start(files, command)
    enter = ["nsenter", "--target", str(pid), "--mount", "--root", "--"]
    return [*enter, *_in_directory(files, command)], Path("/")


def inside(files: Files, command: Sequence[str]) -> list[str]:
    """A command in a mount namespace of its own, below a root of its own."""
    script = "\n".join(_script(files))
    return [*OWN, script, "sh", *_in_directory(files, command)]


def _in_directory(files: Files, command: Sequence[str]) -> list[str]:
    return ["sh", "-c", 'cd "$0" && exec "$@"', str(files.directory), *command]


def _script(files: Files) -> Iterator[str]:
    base = files.home / "own"
    root = base / "root"
    base.mkdir(exist_ok=True)
    layers = f"lowerdir=/,upperdir={base}/upper,workdir={base}/work"
    yield f"set -e; mount -t tmpfs tmpfs {base}; mkdir {base}/upper {base}/work {root}"
    yield f"mount -t overlay -o {layers} overlay {root}"
    for path in (*KERNEL, *_mounted(), TMP, files.cluster):
        yield _same(path, root)
    yield f"mount -t tmpfs tmpfs {root}{EMPTY}"
    for mount in _by_depth(files.mounts):
        if mount.target != TMP:
            yield _volume(mount, root)
    if files.read_only:
        for path in (root, Path(f"{root}{TMP}")):
            yield f"mount -o remount,bind,ro {path}"
    yield f'exec chroot {root} "$@"'


def _same(path: Path, root: Path) -> str:
    source, target = shlex.quote(str(path)), shlex.quote(f"{root}{path}")
    return f"mkdir -p {target}; mount --rbind {source} {target}"


def _volume(mount: Mount, root: Path) -> str:
    where = mount.target.resolve()  # /var/run is a link that would lead out of the root
    source, target = shlex.quote(str(mount.source)), shlex.quote(f"{root}{where}")
    place = f"mkdir -p {target}"
    if mount.source.is_file():
        place = f"mkdir -p $(dirname {target}); touch {target}"
    made = f"{place}; mount --bind {source} {target}"
    return f"{made}; mount -o remount,bind,ro {target}" if mount.read_only else made


def _mounted() -> list[Path]:
    """Other file systems of the machine: an overlay shows only the one that it lies on."""
    found: list[Path] = []
    for line in Path("/proc/self/mounts").read_text().splitlines():
        path = Path(line.split()[1].encode().decode("unicode_escape"))
        known = (*KERNEL, EMPTY, *found)
        if path.is_dir() and path != Path("/") and not any(_covers(k, path) for k in known):
            found.append(path)
    return found


def _covers(folder: Path, path: Path) -> bool:
    return folder == path or folder in path.parents


def _by_depth(mounts: Iterable[Mount]) -> list[Mount]:
    return sorted(mounts, key=lambda item: len(item.target.parts))
