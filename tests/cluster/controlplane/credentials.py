"""Certificates, keys, tokens and kubeconfigs of one cluster, made anew for each.

One certificate serves every part; it is for loopback and for the names by which pods know the
API server. Tokens stand in a file that only the cluster's user may read.
"""

import json
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAMES = (
    "DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,"
    "IP:127.0.0.1"
)
DAYS = "30"
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@dataclass(frozen=True, slots=True)
class Identity:
    """A user that a token stands for."""

    user: str
    groups: tuple[str, ...]
    token: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where the files are, and who may come in with which token."""

    folder: Path
    admin: Identity
    controllers: Identity
    scheduler: Identity
    kubelet: Identity

    @property
    def authority(self) -> Path:
        return self.folder / "ca.crt"

    @property
    def certificate(self) -> Path:
        return self.folder / "server.crt"

    @property
    def key(self) -> Path:
        return self.folder / "server.key"

    @property
    def account_key(self) -> Path:
        return self.folder / "accounts.key"

    @property
    def tokens(self) -> Path:
        return self.folder / "tokens.csv"


def make(folder: Path, openssl: Path, node: str) -> Credentials:
    """Everything for a cluster with one node, into a new folder."""
    folder.mkdir(mode=0o700)
    found = Credentials(
        folder=folder,
        admin=_identity("admin", "system:masters"),
        controllers=_identity("system:kube-controller-manager"),
        scheduler=_identity("system:kube-scheduler"),
        kubelet=_identity(f"system:node:{node}", "system:nodes"),
    )
    _certificates(found, openssl)
    everyone = (found.admin, found.controllers, found.scheduler, found.kubelet)
    found.tokens.touch(mode=0o600)
    found.tokens.write_text("".join(_line(item) for item in everyone))
    return found


def _identity(user: str, *groups: str) -> Identity:
    return Identity(user, groups, secrets.token_hex(24))


def _line(identity: Identity) -> str:
    groups = f',"{",".join(identity.groups)}"' if identity.groups else ""
    return f"{identity.token},{identity.user},{identity.user}{groups}\n"


def _certificates(found: Credentials, openssl: Path) -> None:
    folder = found.folder

    def run(*arguments: str) -> None:
        subprocess.run(
            [str(openssl), *arguments], cwd=folder, check=True, capture_output=True, text=True
        )

    authority = ("-x509", "-subj", "/CN=zdm test cluster")
    usage = ("-addext", "keyUsage=critical,keyCertSign,cRLSign", "-days", DAYS)
    run("req", *authority, *KEY, "-keyout", "ca.key", "-out", "ca.crt", *usage)
    server = ("-new", "-subj", "/CN=control plane")
    run("req", *server, *KEY, "-keyout", "server.key", "-out", "server.csr")
    (folder / "server.ext").write_text(
        f"subjectAltName={NAMES}\nkeyUsage=critical,digitalSignature\n"
        "extendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:FALSE\n"
        "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
    )
    signer = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", DAYS)
    request = ("-in", "server.csr", "-extfile", "server.ext")
    run("x509", "-req", *request, *signer, "-out", "server.crt")
    run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "accounts.key")


def kubeconfig(path: Path, port: int, found: Credentials, identity: Identity) -> Path:
    """A kubeconfig for one identity; JSON is YAML."""
    cluster = {
        "server": f"https://127.0.0.1:{port}",
        "certificate-authority": str(found.authority),
    }
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "zdm-test",
        "clusters": [{"name": "zdm-test", "cluster": cluster}],
        "users": [{"name": identity.user, "user": {"token": identity.token}}],
        "contexts": [
            {"name": "zdm-test", "context": {"cluster": "zdm-test", "user": identity.user}}
        ],
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(content, indent=2) + "\n")
    return path
