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
from typing import Any

SQUAWK = "squawk-cli==2.70.0"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zdm-benchmarks"
ZDM = Path(sys.executable).with_name("zdm")
FILES = 1_600
ROUNDS = 5

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
    """One whole process; both exit with an error where they find something. An installed zdm
    has its bytecode, so this one may write it."""
    environ = {n: text for n, text in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
    quiet = subprocess.DEVNULL
    began = time.perf_counter()
    child = subprocess.Popen(command, cwd=folder, env=environ, stdout=quiet, stderr=quiet)
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
        (folder / "zdm.toml").write_text('[check]\nrunner = "sql"\n')
        files = [f"V{number:04}.sql" for number in range(FILES)]
        for number, file in enumerate(files):
            (folder / file).write_text(migration(number))
        commands = {
            ("squawk", FILES): [str(squawk()), *files],
            ("zdm check", FILES): [str(ZDM), "check", *files],
            ("squawk", 1): [str(squawk()), files[-1]],
            ("zdm check", 1): [str(ZDM), "check", files[-1]],
        }
        began = os.getloadavg()[0]
        runs: dict[tuple[str, int], list[dict[str, float]]] = {what: [] for what in commands}
        for round_ in range(ROUNDS + 1):
            for what, command in commands.items():
                run = measured(command, folder)
                if round_:  # the first one fills the caches of the machine
                    runs[what].append(run)
    rows = [_row(program, files, runs) for program, files in commands]
    json.dump({"load_average": round(began, 2), "rows": rows}, sys.stdout, indent=1)
    sys.stdout.write("\n")


def _row(
    program: str, files: int, runs: dict[tuple[str, int], list[dict[str, float]]]
) -> dict[str, object]:
    """Medians, and the median of the ratios to squawk in the same round."""
    own, beside = runs[program, files], runs["squawk", files]
    middle = {key: round(statistics.median(run[key] for run in own), 3) for key in own[0]}
    ratios = {f"{key}_ratio": _ratio(key, own, beside) for key in ("wall_s", "cpu_s")}
    return {"program": program, "files": files, **middle, **ratios, "runs": own}


def _ratio(key: str, own: list[dict[str, float]], beside: list[dict[str, float]]) -> float:
    pairs = zip(own, beside, strict=True)
    return round(
        statistics.median(one[key] / max(other[key], 0.001) for one, other in pairs), 1
    )


def section(report: dict[str, Any]) -> str:
    """The part of docs/benchmarks.md."""
    rows = [
        f"| {row['program']} | {row['files']:,} | {row['wall_s']:.3g} | {row['cpu_s']:.3g}"
        f" | {row['wall_s_ratio']} | {row['cpu_s_ratio']} | {row['peak_mb']:.0f} |"
        for row in report["rows"]
    ]
    head = (
        "## zdm check\n\n"
        f"{FILES:,} SQL files of four statements each, and one of them; whole processes in"
        " turn, beside [squawk](https://squawkhq.com) 2.70, which does not know the schema."
        f"\nMedian of {len(report['rows'][0]['runs'])} rounds; the load average beforehand was"
        f" {report['load_average']}.\n"
        "`python benchmarks/check.py > benchmarks/check.json` measures again.\n\n"
        "| program | files | s | s of processor | × squawk | × squawk, processor | MB, peak |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    return head + "\n".join(rows)


if __name__ == "__main__":
    main()
