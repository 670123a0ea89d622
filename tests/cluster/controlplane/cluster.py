"""A real Kubernetes control plane on loopback, with a process kubelet as its only node.

etcd, kube-apiserver, kube-controller-manager and kube-scheduler of the version in
controlplane/go.mod; RBAC and the node authoriser are on. Everything lies in one folder, on a
tmpfs where there is one, and everything ends with the process that started it (reaper.py).
"""

import contextlib
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.controlplane import api, credentials, parts
from tests.cluster.controlplane.api import Api, ApiError, Json
from tests.cluster.controlplane.credentials import Credentials
from tests.cluster.controlplane.parts import Ports
from tests.cluster.controlplane.programs import Programs
from tests.cluster.controlplane.reaper import MARK
from tests.cluster.kubelet import images
from tests.cluster.kubelet.images import Image

NODE = "zdm-node"
START_SECONDS = 120.0  # a busy machine is slow
STOP_SECONDS = 10.0
MEMORY = Path("/dev/shm")
REPOSITORY = Path(__file__).parents[3]


class ClusterFailed(Exception):
    """A part did not start; the message has its last words."""


@dataclass
class Cluster:
    """The running cluster."""

    folder: Path
    programs: Programs
    credentials: Credentials
    ports: Ports
    reaper: subprocess.Popen[bytes]
    back_off: float
    subnet: int
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    allowed: dict[str, Image] = field(default_factory=dict)

    @property
    def kubeconfig(self) -> Path:
        """For the administrator."""
        return self.folder / "kubeconfig"

    @property
    def api(self) -> Api:
        """As the administrator."""
        return self.api_as(self.credentials.admin.token)

    def api_as(self, token: str) -> Api:
        """As whoever the token stands for."""
        return api.client(self.ports.api, self.credentials.authority, token)

    def kubectl(self, *arguments: str, input: str | None = None) -> str:
        """What kubectl prints; subprocess.CalledProcessError where it fails."""
        run = self.kubectl_run(*arguments, input=input)
        run.check_returncode()
        return run.stdout

    def kubectl_run(
        self, *arguments: str, input: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """kubectl's whole answer."""
        return subprocess.run(
            [str(self.programs.kubectl), "--kubeconfig", str(self.kubeconfig), *arguments],
            input=input,
            capture_output=True,
            text=True,
            check=False,
        )

    def allow(self, name: str, image: Image) -> None:
        """Put an image into the registry that the kubelet pulls from."""
        self.allowed[name] = image
        images.write(self.folder / "images.json", self.allowed)

    def namespace(self, name: str) -> str:
        """A new namespace, with its default service account."""
        self.api.post("/api/v1/namespaces", {"metadata": {"name": name}})
        path = f"/api/v1/namespaces/{name}"
        self.until(lambda: self.exists(f"{path}/serviceaccounts/default"), "the account")
        self.until(lambda: self.exists(f"{path}/configmaps/kube-root-ca.crt"), "its authority")
        return name

    def exists(self, path: str) -> bool:
        try:
            self.api.get(path)
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True

    def until(
        self, holds: Callable[[], bool], what: str, seconds: float = START_SECONDS
    ) -> None:
        """Wait for something; ClusterFailed after that time."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise ClusterFailed(f"after {seconds:g} s there is not yet {what}")
            time.sleep(0.05)

    def stop_api(self) -> None:
        """Take the API server away at once, as a lost machine would."""
        process = self.running.pop("kube-apiserver")
        process.kill()
        process.wait()

    def start_api(self) -> None:
        """Bring it back, at the same address with the same state."""
        self._start(
            "kube-apiserver", parts.apiserver(self.credentials, self.programs, self.ports)
        )
        self.until(self._is_ready, "a ready API server")

    def restart_controllers(self) -> None:
        """As they do by themselves where they hold a lease and lose it with the API server."""
        for name in ("kube-scheduler", "kube-controller-manager"):
            self._end(name, at_once=True)
        self._start_controllers()

    def _start_controllers(self) -> None:
        held, programs = self.credentials, self.programs
        self._start("kube-controller-manager", parts.controllers(held, programs))
        self._start("kube-scheduler", parts.scheduler(held, programs))

    def stop_kubelet(self) -> None:
        """Lose the node: the kubelet dies, the pods' processes go on unseen."""
        process = self.running.pop("kubelet")
        process.kill()
        process.wait()

    def start_kubelet(self) -> None:
        """The node comes back; containers that ran on unseen are started anew."""
        command = [sys.executable, "-m", "tests.cluster.kubelet", str(self.folder), NODE]
        self._start("kubelet", [*command, str(self.subnet), f"{self.back_off:g}"])

    def start(self) -> None:
        """Bring every part up, and wait until pods can run."""
        held, programs, ports = self.credentials, self.programs, self.ports
        self._start("etcd", parts.etcd(held, programs, ports))
        self.start_api()
        self._start_controllers()
        self.start_kubelet()
        self.until(self._node_is_ready, "a ready node")
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        self.until(lambda: self.exists(account), "a service account in namespace default")
        self._look()

    def stop(self) -> None:
        """End every part and every pod, and delete the folder."""
        for name in ("kubelet", "kube-scheduler", "kube-controller-manager"):
            self._end(name)
        self._end("kube-apiserver", at_once=True)
        self._end("etcd", at_once=True)
        assert self.reaper.stdin is not None
        self.reaper.stdin.close()
        self.reaper.wait()

    def _end(self, name: str, *, at_once: bool = False) -> None:
        process = self.running.pop(name, None)
        if process is None:
            return
        if at_once:
            process.kill()
        else:
            process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _start(self, name: str, command: Sequence[str]) -> None:
        with (self.folder / "logs" / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command,
                cwd=REPOSITORY,
                env=parts.environment({MARK: str(self.folder)}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _look(self) -> None:
        """ClusterFailed where a part has ended."""
        for name, process in self.running.items():
            if process.poll() is not None:
                said = (self.folder / "logs" / f"{name}.log").read_text(errors="replace")
                raise ClusterFailed(f"{name} ended: {' / '.join(said.splitlines()[-5:])}")

    def _is_ready(self) -> bool:
        self._look()
        with contextlib.suppress(OSError, ApiError):
            return self.api.raw("/readyz") == "ok"
        return False

    def _node_is_ready(self) -> bool:
        nodes = self.api.get("/api/v1/nodes")["items"]
        return any(_is_usable(node) for node in nodes)


def _is_usable(node: Json) -> bool:
    conditions = node["status"].get("conditions", [])
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return ready and not node["spec"].get("taints")


def home() -> Path:
    """Where clusters' folders go."""
    return MEMORY if MEMORY.is_dir() else Path(tempfile.gettempdir())


def free_ports(count: int) -> list[int]:
    """Below those that the system gives to whoever asks for any: the parts listen later."""
    found: list[int] = []
    while len(found) < count:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((parts.LOOPBACK, port))
            found += [port] if port not in found else []
    return found


def make(programs: Programs, *, folder: Path, back_off: float = 10.0) -> Cluster:
    """A cluster that is not started yet, in an empty folder."""
    (folder / "logs").mkdir()
    held = credentials.make(folder / "credentials", programs.openssl, NODE)
    api_port, etcd_port, peer_port = free_ports(3)
    ports = Ports(api=api_port, etcd=etcd_port, peer=peer_port)
    for name, identity in (
        ("kubeconfig", held.admin),
        ("controllers.conf", held.controllers),
        ("scheduler.conf", held.scheduler),
        ("kubelet.conf", held.kubelet),
    ):
        credentials.kubeconfig(folder / name, ports.api, held, identity)
    images.write(folder / "images.json", {})
    return Cluster(
        folder=folder,
        programs=programs,
        credentials=held,
        ports=ports,
        reaper=_reaper(folder),
        back_off=back_off,
        subnet=16 + secrets.randbelow(230),
    )


def _reaper(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.cluster.controlplane.reaper", str(folder)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@contextlib.contextmanager
def running(
    programs: Programs, registry: Mapping[str, Image], *, back_off: float = 10.0
) -> Iterator[Cluster]:
    """A cluster for this block."""
    folder = Path(tempfile.mkdtemp(prefix="zdm-cluster-", dir=home()))
    try:
        cluster = make(programs, folder=folder, back_off=back_off)
        try:
            for name, image in registry.items():
                cluster.allow(name, image)
            cluster.start()
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
