"""The Kubernetes objects that run one plan, from the project's settings and the options."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from zdm.config import settings as config
from zdm.config.settings import Settings
from zdm.errors import InputError, RefusedError
from zdm.rollout import registry
from zdm.rollout.port import Document, JobRequest, PlanBesideImage, PlanInImage
from zdm.serialize import input_file, plan_file
from zdm.workflows import plan_files

_PASSWORD = re.compile(r"://[^/@\s]*:[^@\s]+@|\bpassword\s*=\s*\S", re.IGNORECASE)


class Asked(Struct, frozen=True, kw_only=True):
    """The command line's options for the Job."""

    plan: Path
    image: str
    settings_file: Path | None = None  # None: the zdm.toml of the project
    namespace: str | None = None  # None: the first of the settings
    account: str = "zdm"
    attempt: int = 1
    secret: str = "zdm-database"
    secret_key: str = "url"
    plan_in_image: bool = False
    database_port: int = 5432
    metrics_port: int | None = None


def run(
    settings: Settings, asked: Asked, drivers: registry.Drivers = registry.ALL
) -> dict[str, Document]:
    """The documents by a short word each."""
    driver = registry.chosen(settings, drivers)
    if driver is None or driver.manifest is None:
        raise InputError(
            f"the rollout driver is `{settings.rollout.driver}`, so there are no workloads that"
            " a Role could name",
            hint='set driver = "kubernetes" and [rollout.kubernetes]; see'
            " docs/drivers/kubernetes.md",
        )
    own = driver.table(settings)
    plan = plan_files.read_plan(asked.plan)
    request = JobRequest(
        plan=plan.name,
        digest=plan_file.digest(plan),
        release=settings.rollout.new,
        image=asked.image,
        content=_content(settings, asked),
        account=asked.account,
        attempt=asked.attempt,
        namespace=asked.namespace,
        secret=asked.secret,
        secret_key=asked.secret_key,
        database_port=asked.database_port,
        metrics_port=asked.metrics_port,
    )
    return driver.manifest(own, request)


def _content(settings: Settings, asked: Asked) -> PlanBesideImage | PlanInImage:
    if asked.plan_in_image:
        return PlanInImage(path=asked.plan.as_posix())
    if settings.execute.allowed_signers is not None:
        raise InputError(
            "`allowed_signers` in [execute] asks for a signature, and the ConfigMap has no room"
            " for one",
            hint="put plan, signature and allowed signers into the image, and give"
            " --plan-in-image",
        )
    text = input_file.read_text(asked.settings_file or settings.root / config.FILE_NAME)
    secret = next(_passwords(config.toml(text)), None)
    if secret is not None:
        raise RefusedError(
            f"`{secret}` in the settings holds a password, and a ConfigMap is no place for one",
            hint="take it out: the Job gets its URL from the Secret, and others may use"
            " ZDM_DATABASE_URL",
        )
    return PlanBesideImage(
        settings=text, plan_name=asked.plan.name, plan=input_file.read_text(asked.plan)
    )


def _passwords(value: Any, path: str = "") -> Iterator[str]:
    """Keys of texts that look like an address with a password in it."""
    match value:
        case dict():
            for key, inner in value.items():
                yield from _passwords(inner, f"{path}.{key}".lstrip("."))
        case list():
            for inner in value:
                yield from _passwords(inner, path)
        case str() if _PASSWORD.search(value):
            yield path
