"""The command line of each part of the control plane."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from tests.cluster.controlplane.credentials import Credentials
from tests.cluster.controlplane.programs import Programs

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Loopback ports."""

    api: int
    etcd: int
    peer: int


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """What every part gets; two cores and little memory are all it needs."""
    kept = {k: os.environ[k] for k in ("PATH", "HOME", "LANG") if k in os.environ}
    return {**kept, "GOMAXPROCS": "2", "GOMEMLIMIT": "400MiB", **more}


def etcd(held: Credentials, programs: Programs, ports: Ports) -> list[str]:
    """One member; only the cluster's own certificate is let in."""
    client = f"https://{LOOPBACK}:{ports.etcd}"
    peer = f"http://{LOOPBACK}:{ports.peer}"
    return [
        str(programs.controlplane),
        "etcd",
        "--name=zdm",
        f"--data-dir={held.folder.parent / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=zdm={peer}",
        f"--cert-file={held.certificate}",
        f"--key-file={held.key}",
        "--client-cert-auth",
        f"--trusted-ca-file={held.authority}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def apiserver(held: Credentials, programs: Programs, ports: Ports) -> list[str]:
    """RBAC, the node authoriser, static tokens, and service account tokens of its own."""
    return [
        str(programs.controlplane),
        "kube-apiserver",
        f"--etcd-servers=https://{LOOPBACK}:{ports.etcd}",
        f"--etcd-cafile={held.authority}",
        f"--etcd-certfile={held.certificate}",
        f"--etcd-keyfile={held.key}",
        f"--bind-address={LOOPBACK}",
        f"--advertise-address={LOOPBACK}",
        "--endpoint-reconciler-type=none",  # a loopback address is refused in Endpoints
        f"--secure-port={ports.api}",
        f"--tls-cert-file={held.certificate}",
        f"--tls-private-key-file={held.key}",
        f"--token-auth-file={held.tokens}",
        f"--kubelet-certificate-authority={held.authority}",
        f"--kubelet-client-certificate={held.certificate}",
        f"--kubelet-client-key={held.key}",
        "--kubelet-preferred-address-types=InternalIP",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={held.account_key}",
        f"--service-account-signing-key-file={held.account_key}",
        "--profiling=false",
    ]


def controllers(held: Credentials, programs: Programs) -> list[str]:
    """All controllers, each with its own service account."""
    return [
        str(programs.controlplane),
        "kube-controller-manager",
        f"--kubeconfig={held.folder.parent / 'controllers.conf'}",
        "--leader-elect=false",
        "--secure-port=0",
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={held.account_key}",
        f"--root-ca-file={held.authority}",
        "--profiling=false",
    ]


def scheduler(held: Credentials, programs: Programs) -> list[str]:
    """The default scheduler."""
    return [
        str(programs.controlplane),
        "kube-scheduler",
        f"--kubeconfig={held.folder.parent / 'scheduler.conf'}",
        "--leader-elect=false",
        "--secure-port=0",
        "--profiling=false",
    ]
