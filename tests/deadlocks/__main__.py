"""Both pacings: `python -m tests.deadlocks --transactions 200000 --major 18`.

`kept`: the writers' rate beside the runs, as a share of what it is without them.
"""

import argparse
import json
import sys
from dataclasses import asdict

from tests.conftest import a_server, fresh_database
from tests.deadlocks import runs
from tests.deadlocks.writers import Wanted
from zdm.backfill.pacing import Pacing


def main() -> int:
    """Print one line a pacing; 1 where a writer was a victim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transactions", type=int, default=200_000)
    parser.add_argument("--pacing", type=Pacing, choices=list(Pacing), action="append")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--follow", action="store_true", help="write where the backfill is")
    parser.add_argument("--major", type=int)
    arguments = parser.parse_args()
    victims = 0
    with a_server(arguments.major) as server:

        def wanted(url: str) -> Wanted:
            return Wanted(
                url=url,
                transactions=arguments.transactions,
                rows=arguments.rows,
                follows=arguments.follow,
            )

        with fresh_database(server) as url:
            alone = runs.alone(wanted(url)).rate
        for pacing in arguments.pacing or Pacing:
            with fresh_database(server) as url:
                outcome = runs.beside(wanted(url), pacing)
            victims += len(outcome.told.victims) + len(outcome.told.failed)
            kept = round(outcome.told.rate / alone, 3)
            line = {"major": server.major, "pacing": pacing.value, "kept": kept}
            sys.stdout.write(json.dumps(line | asdict(outcome)) + "\n")
            sys.stdout.flush()
    return min(victims, 1)


if __name__ == "__main__":
    sys.exit(main())
