"""`python -m tests.widening --rows 1000000 --major 18`: one line of JSON."""

import argparse
import json
import sys
from dataclasses import asdict

from tests.conftest import a_server, fresh_database
from tests.widening import runs

SWITCH_MS = 50.0


def main() -> int:
    """1 where a statement failed, a row is wrong or the switch took longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--major", type=int)
    parser.add_argument("--switch-ms", type=float, default=SWITCH_MS)
    arguments = parser.parse_args()
    with a_server(arguments.major) as server, fresh_database(server) as url:
        outcome = runs.beside(url, arguments.rows, pause=5.0)
        told = outcome.told
        line = {
            "major": server.major,
            "rows": arguments.rows,
            **{k: v for k, v in asdict(outcome).items() if k != "told"},
            "statements": told.statements,
            "failed": told.failed[:5],
            "slowest_ms": told.slowest_ms,
        }
    sys.stdout.write(json.dumps(line) + "\n")
    late = outcome.switch_ms > arguments.switch_ms
    return int(bool(told.failed or outcome.wrong) or late)


if __name__ == "__main__":
    sys.exit(main())
