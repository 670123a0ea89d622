"""`python -m tests.loads foreign_key --rows 1000000 --major 18`: one line of JSON a load."""

import argparse
import json
import sys
from dataclasses import asdict

from tests.loads import ground, load, runs
from tests.loads.runs import Size

SHOWN = 5


def main() -> int:
    """1 where a statement failed or a row is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("loads", nargs="*", metavar="LOAD", help=", ".join(load.NAMES))
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--major", type=int)
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--pause", type=float, default=5.0, metavar="SECONDS")
    parser.add_argument("--rest", type=float, default=0.0, metavar="SECONDS")
    arguments = parser.parse_args()
    if unknown := set(arguments.loads) - set(load.NAMES):
        parser.error(f"no load is named {', '.join(sorted(unknown))}")
    size = Size(writers=arguments.writers, rest=arguments.rest, pause=arguments.pause)
    bad = 0
    with ground.server(arguments.major) as server:
        for name in arguments.loads or load.NAMES:
            outcome = runs.beside(server, load.read(name, arguments.rows), size)
            bad += len(outcome.failed) + len(outcome.wrong)
            line = {
                "load": name,
                "major": server.major,
                "rows": arguments.rows,
                "writers": arguments.writers,
                **asdict(outcome),
                "failed": len(outcome.failed),
                "wrong": len(outcome.wrong),
                "examples": (outcome.failed[:SHOWN] + outcome.wrong[:SHOWN]),
            }
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
