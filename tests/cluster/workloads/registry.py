"""The images that the tests' cluster, and a person's, can pull."""

import sys
from pathlib import Path

from tests.cluster.kubelet.images import Image

SHOP = Path(__file__).parents[3] / "examples/shop"
PORT = 8000


def shop(version: str, program: str) -> Image:
    """A version of the shop; it listens on HOST, and tells PostgreSQL its version."""
    return Image(
        entrypoint=("python", program),
        command=(str(PORT),),
        directory=str(SHOP),
        environment={"PGAPPNAME": f"zdm-app:{version}/shop"},
    )


def everything() -> dict[str, Image]:
    """Two versions of the shop, one more build of the first, plain Python, zdm."""
    return {
        "shop:v1": shop("v1", "v1.py"),
        "shop:v1.1": shop("v1.1", "v1.py"),
        "shop:v2": shop("v2", "v2.py"),
        "python:3": Image(entrypoint=(), command=(sys.executable,)),
        "zdm:latest": Image(entrypoint=("zdm",), directory=str(SHOP.parents[1])),
    }
