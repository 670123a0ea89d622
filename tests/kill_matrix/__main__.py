"""Run the matrix: `python -m tests.kill_matrix --points 600 --back 90 --jobs 2 --json FILE`."""

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.kill_matrix import matrix, points, site
from tests.kill_matrix.matrix import Outcome


def plain(outcome: Outcome) -> dict[str, Any]:
    """For a file."""
    return {
        "point": str(outcome.point),
        "command": "execute" if outcome.point.back is None else "rollback",
        "scenario": outcome.point.scenario,
        "harm": outcome.point.harm.value,
        "inside": outcome.inside,
        "executors": outcome.executors,
        "seconds": round(outcome.seconds, 2),
        "writes": outcome.writes,
        "wrong": list(outcome.wrong),
    }


def share(arguments: argparse.Namespace) -> None:
    """Do every `jobs`-th point from `part` on, one JSON object a line."""
    seed = arguments.seed
    with site.opened(arguments.major) as where:
        made = matrix.made(where)
        chosen = points.chosen(made.steps(), arguments.points, seed)
        chosen += points.chosen_back(made.plans(), arguments.back, seed)
        for point in chosen[arguments.part :: arguments.jobs]:
            sys.stdout.write(json.dumps(plain(made.try_point(point))) + "\n")
            sys.stdout.flush()


def whole(arguments: argparse.Namespace) -> int:
    """All points, in so many processes with a server each; the number of wrong ones."""
    began = time.monotonic()
    command = [sys.executable, "-m", "tests.kill_matrix", "--points", str(arguments.points)]
    command += ["--back", str(arguments.back), "--seed", str(arguments.seed)]
    command += ["--jobs", str(arguments.jobs)]
    command += ["--major", str(arguments.major)] if arguments.major else []
    processes = [
        subprocess.Popen([*command, "--part", str(part)], stdout=subprocess.PIPE, text=True)
        for part in range(arguments.jobs)
    ]
    outcomes: list[dict[str, Any]] = []
    for process in processes:
        assert process.stdout is not None
        for line in process.stdout:
            outcomes.append(json.loads(line))
            if outcomes[-1]["wrong"]:
                sys.stderr.write(line)
        if process.wait():
            return 1
    result = summary(outcomes, time.monotonic() - began)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    return len(result["wrong"]) + len(result["rollback"]["wrong"])


def summary(outcomes: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    """The figures: of killed executes, then of killed rollbacks, then of both."""
    back = [item for item in outcomes if item["command"] == "rollback"]
    forth = [item for item in outcomes if item["command"] == "execute"]
    return {**figures(forth), "rollback": figures(back), "seconds": round(seconds, 1)}


def figures(outcomes: list[dict[str, Any]]) -> dict[str, Any]:
    """Of one command."""
    spent = sum(item["seconds"] for item in outcomes)
    return {
        "points": len(outcomes),
        "distinct": len({item["point"] for item in outcomes}),
        "within a step": sum(item["inside"] for item in outcomes),
        "by harm": Counter(item["harm"] for item in outcomes),
        "by scenario": Counter(item["scenario"] for item in outcomes),
        "acknowledged writes": sum(item["writes"] for item in outcomes),
        "executors": sum(item["executors"] for item in outcomes),
        "wrong": [item for item in outcomes if item["wrong"]],
        "seconds per point": round(spent / max(1, len(outcomes)), 2),
    }


def main() -> int:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=600)
    parser.add_argument("--back", type=int, default=90, help="of rollbacks")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--part", type=int)
    parser.add_argument("--major", type=int, help="of PostgreSQL; the newest if not given")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if arguments.part is not None:
        share(arguments)
        return 0
    return min(whole(arguments), 1)


if __name__ == "__main__":
    sys.exit(main())
