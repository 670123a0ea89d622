"""What is compared: each engine fills a fresh copy and says how long it took.

`seconds` is the work; `with_verification` adds what only zdm does after it. The copies'
expand is done before the clock starts, and zdm's interpreter has started when it begins.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.backfill import pgroll_way, server, watch
from benchmarks.backfill.scenes import ZDM, Scene

LOOP_ROWS = 1_000
# the lowest priority, in a session of its own: Linux weighs sessions first (sched(7))
LOWEST = 'echo 19 2>/dev/null > /proc/self/autogroup; exec nice -n 19 "$@"'
NICE = ("setsid", "--wait", "sh", "-c", LOWEST, "sh")
MONOLITHIC = {
    "change_type": ("UPDATE bench SET amount = quantity",),
    # by hand: fill, prove without a long lock, rely on the proof
    "set_not_null": (
        "UPDATE bench SET note = 'none' WHERE note IS NULL",
        "ALTER TABLE bench ADD CONSTRAINT by_hand CHECK (note IS NOT NULL) NOT VALID",
        "ALTER TABLE bench VALIDATE CONSTRAINT by_hand",
        "ALTER TABLE bench ALTER COLUMN note SET NOT NULL",
        "ALTER TABLE bench DROP CONSTRAINT by_hand",
    ),
}
LOOP = """
WITH b AS (
    SELECT id FROM bench WHERE id > %s ORDER BY id LIMIT %s
), u AS (
    UPDATE bench AS t SET amount = quantity FROM b WHERE t.id = b.id RETURNING t.id
)
SELECT max(id) FROM u
"""


@dataclass(frozen=True, slots=True)
class Run:
    """How long an engine took, and when, by the clock on the wall."""

    began: float
    seconds: float
    with_verification: float | None = None
    steps: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Engine:
    """A way to migrate, and the state of the copy that it starts from."""

    name: str
    title: str
    start: str
    run: Callable[[Scene, str], Run]


def one_update(scene: Scene, url: str) -> Run:
    """The author's own statements, one after the other."""
    with server.connect(url) as conn:
        began, clock = time.time(), time.perf_counter()
        for statement in MONOLITHIC[scene.migration]:
            conn.execute(statement.encode())
        return Run(began, time.perf_counter() - clock)


def loop(scene: Scene, url: str) -> Run:  # noqa: ARG001  every engine is given its scene
    """The loop that everybody writes first: the next 1,000 keys, until none is left."""
    with server.connect(url) as conn:
        began, clock, last = time.time(), time.perf_counter(), 0
        while True:
            row = conn.execute(LOOP, (last, LOOP_ROWS)).fetchone()
            if row is None or row[0] is None:
                return Run(began, time.perf_counter() - clock)
            last = row[0]


def pgroll_restated(scene: Scene, url: str) -> Run:
    """pgroll's triggers and batches in our words, without the program around them."""
    with server.connect(url) as conn:
        began, clock = time.time(), time.perf_counter()
        pgroll_way.fill(conn)
        for statement in pgroll_way.COMPLETE[scene.migration]:
            conn.execute(statement.encode())
        return Run(began, time.perf_counter() - clock)


def pgroll_program(program: Path) -> Engine:
    """The program itself: `start`, and for SET NOT NULL `complete` too."""

    def run(scene: Scene, url: str) -> Run:
        wanted = {
            "operations": [{"alter_column": pgroll_way.PROGRAM[scene.migration]}],
        }
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "01_bench.json"
            file.write_text(json.dumps(wanted))
            commands = [["start", str(file)]]
            if scene.migration == "set_not_null":
                commands.append(["complete"])
            place = ["--postgres-url", f"{url}?sslmode=disable"]
            known = [["init"], ["baseline", "00_known", folder, "--yes"]]
            for command in known:
                subprocess.run(
                    [str(program), *command, *place], check=True, capture_output=True
                )
            began, clock = time.time(), time.perf_counter()
            for command in commands:
                subprocess.run(
                    [str(program), *command, *place], check=True, capture_output=True
                )
            return Run(began, time.perf_counter() - clock)

    return Engine("pgroll", "pgroll (the program)", "before", run)


def zdm_engine(*, workers: int, pacing: str = "full", elsewhere: bool = False) -> Engine:
    """zdm itself, from EXPANDED to BACKFILLED; `elsewhere`: its own process, though not its
    sessions, leaves the processors to the load, as if it ran on a machine of its own."""

    def run(scene: Scene, url: str) -> Run:
        options = ["--pacing", pacing, "--until", "backfilled"]
        if workers > 1 or has_workers():
            options += ["--workers", str(workers)]
        program = [*(NICE if elsewhere else ()), *ZDM]
        command = [*program, "execute", scene.plan.name, "--json", *options, "--database", url]
        fill = watch.Fill()
        with watch.again_and_again(url, fill.look, watch.FILL_SECONDS):
            done = subprocess.run(
                command, cwd=scene.folder, capture_output=True, text=True, check=False
            )
        if done.returncode != 0:
            raise RuntimeError(f"zdm execute: {done.stdout[-2000:]}{done.stderr}")
        seen = fill.last_batch if fill.scanned == scene.rows else None  # else it was missed
        return from_events(done.stdout, seen, whole=scene.migration != "change_type")

    plural = "s" if workers > 1 else ""
    name = f"zdm-{workers}" if pacing == "full" else f"zdm-{pacing}-{workers}"
    return Engine(name, f"zdm, {pacing}, {workers} worker{plural}", "expanded", run)


def has_workers() -> bool:
    """Whether this zdm can use several workers."""
    shown = subprocess.run(
        [*ZDM, "execute", "--help"], capture_output=True, text=True, check=True
    )
    return "--workers" in shown.stdout


def from_events(lines: str, last_batch: float | None, *, whole: bool) -> Run:
    """The steps' own times; the fill ends with its last batch, what follows it is proof."""
    steps: list[tuple[str, float]] = []
    began = fill_ended = started = ended = 0.0
    for line in lines.splitlines():
        event = json.loads(line)
        at = datetime.fromisoformat(event["time"]).timestamp()
        match event["event"]:
            case "step_started":
                started, began = at, began or at
            case "step_done":
                ended = at
                steps.append((event["step"], round(at - started, 3)))
                fill_ended = at if event["phase"] == "backfill" else fill_ended
    last_batch = last_batch or fill_ended
    # SET NOT NULL is done when its constraint is; a new column when its rows are filled
    worked = ended - began - (fill_ended - last_batch) if whole else last_batch - began
    return Run(began, worked, ended - began, tuple(steps))
