"""How long `zdm check` takes, beside squawk, as whole processes in turn.

    python benchmarks/check.py > benchmarks/check.json

squawk (GPL) is no dependency: its program is installed from PyPI into a cache directory.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

SQUAWK = "squawk-cli==2.70.0"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zdm-benchmarks"
ZDM = Path(sys.executable).with_name("zdm")
FILES = 1_600
ROUNDS = 9

MADE = """CREATE TABLE t{n} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  owner bigint NOT NULL REFERENCES t{last},
  name varchar(50) NOT NULL DEFAULT '',
  created timestamptz NOT NULL DEFAULT now()
);
"""
# By turns, what a migration does beside making its table; `{last}` is of an earlier release.
CHANGES = (
    "CREATE INDEX t{n}_owner ON t{n} (owner);\nALTER TABLE t{last} ADD COLUMN note text;\n",
    "ALTER TABLE t{last} ADD CONSTRAINT c{n} CHECK (id > 0) NOT VALID;\n"
    "CREATE VIEW v{n} AS SELECT id, name FROM t{n};\n",
    "ALTER TABLE t{last} ALTER COLUMN name TYPE text;\nGRANT SELECT ON t{n} TO reader;\n",
    "ALTER TABLE t{last} ALTER COLUMN created DROP NOT NULL;\n"
    "COMMENT ON TABLE t{n} IS 'of a benchmark';\n",
)


def migration(number: int) -> str:
    """A file of four statements."""
    first = "SET lock_timeout = '2s';\n"
    made = MADE + CHANGES[number % len(CHANGES)]
    return first + made.format(n=number, last=max(number - 1, 0))


def squawk() -> Path:
    """squawk's program, installed if it is not there."""
    program = CACHE / SQUAWK / "bin/squawk"
    if not program.exists():
        target = ["--target", str(program.parent.parent), "--no-deps", SQUAWK]
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", *target], check=True)
    return program


def measured(command: list[str], folder: Path) -> dict[str, float]:
    """One whole process; both exit with an error where they find something."""
    began = time.perf_counter()
    child = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, _, usage = os.wait4(child.pid, 0)
    return {
        "wall_s": round(time.perf_counter() - began, 3),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_mb": round(usage.ru_maxrss / 1024, 1),
    }


def main() -> None:
    """Both programs in turn, round after round, so that a slow minute hits each alike."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "zdm.toml").write_text('[check]\nrunner = "plain"\n')
        files = [f"V{number:04}.sql" for number in range(FILES)]
        for number, file in enumerate(files):
            (folder / file).write_text(migration(number))
        commands = {
            f"squawk, {FILES:,} files": [str(squawk()), *files],
            f"zdm check, {FILES:,} files": [str(ZDM), "check", *files],
            "squawk, one file": [str(squawk()), files[-1]],
            "zdm check, one file": [str(ZDM), "check", files[-1]],
        }
        runs = {what: [measured(command, folder)] for what, command in commands.items()}
        for _ in range(ROUNDS - 1):
            for what, command in commands.items():
                runs[what].append(measured(command, folder))
    json.dump(_report(runs), sys.stdout, indent=1)
    sys.stdout.write("\n")


def _report(runs: dict[str, list[dict[str, float]]]) -> dict[str, object]:
    report: dict[str, object] = {"load_average": round(os.getloadavg()[0], 2)}
    beside = dict(zip(list(runs)[1::2], list(runs)[::2], strict=True))
    for what, all_of in runs.items():
        middle = {key: statistics.median(run[key] for run in all_of) for key in all_of[0]}
        report[what] = {**middle, "runs_wall_s": [run["wall_s"] for run in all_of]}
        if what in beside:
            pairs = zip(all_of, runs[beside[what]], strict=True)
            ratios = [one["wall_s"] / other["wall_s"] for one, other in pairs]
            report[f"{what}, ratio to squawk"] = round(statistics.median(ratios), 1)
    return report


if __name__ == "__main__":
    main()
