"""Measure what is missing, then print the table and write the page."""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psycopg

from benchmarks.backfill import (
    cells,
    engines,
    foreground,
    page,
    report,
    results,
    scenes,
    server,
)
from benchmarks.backfill.engines import Engine
from benchmarks.backfill.results import Results
from benchmarks.backfill.scenes import Scene
from zdm.postgres.server import programs
from zdm.postgres.server.provider import Server

HERE = Path(__file__).parents[1] / "results"
PAGE = Path(__file__).parents[2] / "docs/benchmarks.md"
FAILURES = (RuntimeError, subprocess.SubprocessError, psycopg.Error, OSError)
QUICK_ROWS, FULL_ROWS = 100_000, 1_000_000


def arguments() -> argparse.Namespace:
    """What is asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backfill")
    parser.add_argument("--rows", type=int, help=f"rows of the table, else {FULL_ROWS:,}")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS:,} rows, one round")
    parser.add_argument("--rounds", type=int, default=5, help="of the idle measurements")
    parser.add_argument("--major", type=int, default=17, help="PostgreSQL's version, if had")
    parser.add_argument("--baseline", type=float, help="seconds of the load alone")
    parser.add_argument("--only", default="", help="idle, not_null, wide or loaded; all")
    parser.add_argument("--pgroll", type=Path, help="the pgroll program, to be measured too")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    parser.add_argument("--output", type=Path, help="results file")
    parser.add_argument("--page", type=Path, help=f"page to write from the file, e.g. {PAGE}")
    parser.add_argument("--report", action="store_true", help="measure nothing, only report")
    return parser.parse_args()


@dataclass(slots=True)
class Bench:
    """What is measured with, and where it goes."""

    server: Server
    folder: Path
    results: Results
    rows: int
    rounds: int
    baseline: float
    pgroll: Path | None
    scenes: dict[tuple[str, str], Scene] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def scene(self, migration: str, width: str) -> Scene:
        """Its databases, made when they are first wanted."""
        wanted = (migration, width)
        if wanted not in self.scenes:
            self.scenes[wanted] = scenes.prepare(
                self.server, self.folder, migration, width, self.rows
            )
        return self.scenes[wanted]

    def idle(self, migration: str, width: str) -> None:
        """Every engine, alone, round after round."""
        names = [
            (f"idle/{migration}/{width}/{engine.name}/{number}", engine)
            for number in range(1, self.rounds + 1)
            for engine in self.engines(migration)
        ]
        missing = [(name, engine) for name, engine in names if not self.results.has(name)]
        if not missing:
            return
        scene = self.scene(migration, width)
        for name, engine in missing:
            self.keep(name, partial(cells.idle, scene, engine))

    def engines(self, migration: str) -> Iterator[Engine]:
        """What is compared on an idle server."""
        yield engines.zdm_engine(workers=1)
        if engines.has_workers() and migration == "change_type":
            yield engines.zdm_engine(workers=2)
        yield Engine("update", "one UPDATE, by hand", "expanded", engines.one_update)
        if migration == "change_type":
            yield Engine("loop", "loop of 1,000 keys", "expanded", engines.loop)
        yield Engine("pgroll-way", "pgroll's way", "pgroll", engines.pgroll_restated)
        if self.pgroll is not None:
            yield engines.pgroll_program(self.pgroll)

    def loaded(self) -> None:
        """Beside the load: the whole plan, paced, then each engine's fill at full speed."""
        wanted = {
            f"loaded/{engine.name}": engine
            for engine in (
                engines.zdm_engine(workers=1, elsewhere=True),
                *(e for e in self.engines("change_type") if not e.name.startswith("zdm")),
            )
            if engine.name != "pgroll"
        }
        if all(self.results.has(name) for name in ("loaded/plan", *wanted)):
            return
        scene = self.scene("change_type", "narrow")
        with server.copy(self.server, scene.template("before")) as url:
            rate = foreground.SHARE * foreground.most(url, "quantity", self.rows)
        if not self.results.has("loaded/plan"):
            whole = partial(cells.whole_plan, scene, rate, baseline=self.baseline)
            self.keep("loaded/plan", whole)
        for name, engine in wanted.items():
            if not self.results.has(name):
                beside = partial(cells.loaded, baseline=self.baseline)
                self.keep(name, partial(beside, scene, engine, rate))

    def keep(self, name: str, measure: Callable[[], cells.Cell]) -> None:
        """Measure a cell and write it; a failure is reported and does not stop the others."""
        try:
            cell = measure()
        except FAILURES as error:
            said = error.stderr if isinstance(error, subprocess.CalledProcessError) else error
            self.failed.append(name)
            sys.stderr.write(f"{name:<50} FAILED: {said!s}\n")
            return
        self.results.put(name, cell)
        said = f"{cell['seconds']:8.2f} s {cell['wal_bytes'] / 2**20:7.0f} MB WAL"
        sys.stderr.write(f"{name:<50} {said}\n")


def main() -> int:
    """Measure, report; 1 if an engine failed, 0 also where a target is missed."""
    asked = arguments()
    rows = asked.rows or (QUICK_ROWS if asked.quick else FULL_ROWS)
    path = asked.output or HERE / f"backfill-{rows}.json"
    failed = [] if asked.report else measure(asked, rows, path)
    sys.stdout.write(report.table(path))
    if asked.page is not None:
        page.write(path, asked.page)
    return 1 if failed else 0


def measure(asked: argparse.Namespace, rows: int, path: Path) -> list[str]:
    """Every cell that is missing; the names of those that failed."""
    rounds = 1 if asked.quick else asked.rounds
    baseline = asked.baseline or (5.0 if asked.quick else cells.BASELINE_SECONDS)
    began = time.monotonic()
    with ExitStack() as stack:
        found = stack.enter_context(server.running(asked.major))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        options = {"rows": rows, "rounds": rounds, "baseline_seconds": baseline}
        kept = results.load(
            path, options=options, machine=server.facts(found), fresh=asked.fresh
        )
        bench = Bench(found, folder, kept, rows, rounds, baseline, asked.pgroll)
        if asked.only in ("", "idle"):
            bench.idle("change_type", "narrow")
        if asked.only in ("", "not_null"):
            bench.idle("set_not_null", "narrow")
        if asked.only in ("", "wide"):
            bench.idle("change_type", "wide")
        if asked.only in ("", "loaded"):
            bench.loaded()
    sys.stderr.write(f"measured in {time.monotonic() - began:.0f} s\n")
    return bench.failed


if __name__ == "__main__":
    assert programs.installed(), "no PostgreSQL server programs are on this machine"
    sys.exit(main())
