"""`python -m tests.ten_tables --major 18 [--only 0003 …]`: a line of JSON for each release."""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from tests import scratch
from tests.conftest import a_server
from tests.ten_tables import history
from tests.ten_tables.ground import Ground


def main() -> int:
    """1 where something failed or is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--major", type=int, default=18)
    parser.add_argument("--only", nargs="*", default=())
    arguments = parser.parse_args()
    bad = 0
    with (
        scratch.in_memory(),
        a_server(arguments.major) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        ground = Ground(server=server, folder=Path(folder))
        ground.prepare()
        began = time.monotonic()
        for outcome in history.run(ground, only=tuple(arguments.only)):
            bad += bool(outcome.failed or outcome.wrong)
            line = {
                "major": server.major,
                "release": outcome.name,
                "operations": outcome.operations,
                "steps": outcome.steps,
                "statements": outcome.statements,
                "rows": outcome.rows,
                "failed": len(outcome.failed),
                "wrong": len(outcome.wrong),
                "what": [*outcome.failed[:4], *outcome.wrong[:6]],
                "seconds": round(time.monotonic() - began, 1),
            }
            began = time.monotonic()
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()
    return min(bad, 1)


if __name__ == "__main__":
    sys.exit(main())
