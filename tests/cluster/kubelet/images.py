"""Image names and how they are run: an allow-list in a JSON file, read again at every pull.

`{"shop:v1": {"entrypoint": [...], "command": [...], "directory": "...", "environment": {}}}`
As in a real image, `entrypoint` gives way to a container's `command`, and `command` to its
`args`. A name that is not in the list is an image that the registry does not have.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

_REFERENCE = re.compile(
    r"[a-z0-9]+([._-]+[a-z0-9]+)*(:\d+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
    r"(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)
DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """How a container of the image is run."""

    entrypoint: tuple[str, ...]
    command: tuple[str, ...] = ()
    directory: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)


class PullError(Exception):
    """The image cannot be had; `reason` is what the kubelet reports."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def normal(reference: str) -> str:
    """The full name, as container runtimes report it."""
    name = reference
    if DIGEST.search(name) is None and ":" not in name.rpartition("/")[2]:
        name += ":latest"
    first = name.split("/", 1)[0]
    if "/" not in name:
        return f"docker.io/library/{name}"
    has_host = "." in first or ":" in first or first == "localhost"
    return name if has_host else f"docker.io/{name}"


def image_id(reference: str, image: Image) -> str:
    """The name with a digest of what is run."""
    found = DIGEST.search(reference)
    if found:
        return normal(reference)
    digest = hashlib.sha256(json.dumps(asdict(image), sort_keys=True).encode()).hexdigest()
    repository = normal(reference)
    head, _, tail = repository.rpartition("/")
    return f"{head}/{tail.partition(':')[0]}@sha256:{digest}"


def write(path: Path, images: Mapping[str, Image]) -> None:
    """Replace the allow-list."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({name: asdict(image) for name, image in images.items()}))
    fresh.replace(path)


def read(path: Path) -> dict[str, Image]:
    """The allow-list."""
    return {
        name: Image(
            entrypoint=tuple(item["entrypoint"]),
            command=tuple(item.get("command", ())),
            directory=item.get("directory", "/"),
            environment=item.get("environment", {}),
        )
        for name, item in json.loads(path.read_text()).items()
    }


def pull(path: Path, reference: str, policy: str) -> Image:
    """The image, or PullError with the reason that a real kubelet gives."""
    if _REFERENCE.fullmatch(reference) is None:
        raise PullError(
            "InvalidImageName",
            f'Failed to apply default image tag "{reference}": couldn\'t parse image name'
            f' "{reference}": invalid reference format',
        )
    known = {normal(name): image for name, image in read(path).items()}
    image = known.get(normal(reference))
    if image is not None:
        return image
    if policy == "Never":
        raise PullError(
            "ErrImageNeverPull",
            f'Container image "{reference}" is not present with pull policy of Never',
        )
    full = normal(reference)
    raise PullError(
        "ErrImagePull",
        f'failed to pull and unpack image "{full}": failed to resolve reference "{full}":'
        f" {full}: not found",
    )
