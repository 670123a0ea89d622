"""How long the command line takes, as whole processes, beside a bare interpreter.

    python benchmarks/startup.py > benchmarks/startup.json

Writes raw seconds and the ratio to a bare interpreter, so that machines can be compared.
"""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
CASE = ROOT / "tests/cases/operations/rename_column/plain"
TRAIN = ROOT / "benchmarks/train"  # one release of twenty operations
RUNS = 9
ZDM = [str(Path(sys.executable).with_name("zdm"))]
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "zdm --help": [*ZDM, "--help"],
    "zdm plan FILE --snapshot --no-verify": [
        *ZDM,
        "plan",
        str(CASE / "migration.sql"),
        "--snapshot",
        str(CASE / "schema.json"),
        "--no-verify",
    ],
    "zdm plan --no-verify (three revisions, template there)": [*ZDM, "plan", "--no-verify"],
    "zdm plan (three revisions, template there, verified)": [*ZDM, "plan"],
    "zdm plan FILE --snapshot (20 operations, template there, verified)": [
        *ZDM,
        "plan",
        str(TRAIN / "migration.sql"),
        "--snapshot",
        str(TRAIN / "schema.json"),
    ],
}


def seconds(command: list[str]) -> float:
    """One whole process."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - began


def main() -> None:
    """All commands in turn, round after round, so that a slow minute hits each alike."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for command in COMMANDS.values():
        seconds(command)
    for _ in range(RUNS):
        for name, command in COMMANDS.items():
            times[name].append(round(seconds(command), 4))
    bare = statistics.median(times["python -c pass"])
    report = {
        name: {
            "median_s": statistics.median(runs),
            "ratio_to_bare_python": round(statistics.median(runs) / bare, 1),
            "runs_s": runs,
        }
        for name, runs in times.items()
    }
    json.dump(report, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
