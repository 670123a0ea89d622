"""A cluster of your own, by its kubeconfig: `ZDM_TEST_KUBECONFIG`, such as that of k3s in
docker-compose.test.yml. Only its current context is read; a token or a client certificate."""

import base64
import os
import ssl
import tempfile
from pathlib import Path
from typing import Any

import yaml

from tests.fakes.conversation import Api

VARIABLE = "ZDM_TEST_KUBECONFIG"


def named() -> Path | None:
    """The file that the environment names."""
    value = os.environ.get(VARIABLE)
    return Path(value) if value else None


def api(kubeconfig: Path) -> Api:
    """The API server of its current context, with the rights of its user."""
    content = yaml.safe_load(kubeconfig.read_text())
    context = _named(content["contexts"], content["current-context"])["context"]
    cluster = _named(content["clusters"], context["cluster"])["cluster"]
    user = _named(content["users"], context["user"])["user"]
    trust = ssl.create_default_context(cadata=_text(cluster, "certificate-authority"))
    if certificate := _text(user, "client-certificate"):
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(certificate + "\n" + (_text(user, "client-key") or ""))
            file.flush()
            trust.load_cert_chain(file.name)
    return Api(url=cluster["server"], token=user.get("token", ""), context=trust)


def _named(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(item for item in items if item["name"] == name)


def _text(item: dict[str, Any], key: str) -> str | None:
    """What stands in the file itself, or in the file that it names."""
    if data := item.get(f"{key}-data"):
        return base64.b64decode(data).decode()
    return Path(item[key]).read_text() if key in item else None
