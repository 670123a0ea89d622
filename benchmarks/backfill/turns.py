"""The engine works and stands still in turns, beside a load that runs through.

The machine differs from itself by more than a paced backfill costs, from one minute to the
next. So both are measured in the same minutes: `zdm pause`, and after a while `zdm resume`.
"""

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from benchmarks.backfill import engines, server
from benchmarks.backfill.scenes import Scene

Span = tuple[float, float]  # from, to
TURN_SECONDS = 12.0
UNSETTLED_SECONDS = 3.0  # of each turn, which count for neither
PAIRS = 14
_FILLED = """
SELECT coalesce(sum(scanned), 0)::bigint,
       coalesce(bool_or(state IN ('waiting', 'filling')), false)
FROM zdm.backfill_range
"""


@dataclass(slots=True)
class Turns:
    """When it was at work, and when it stood still and not one row was filled."""

    work: list[Span] = field(default_factory=list)
    still: list[Span] = field(default_factory=list)
    paused: float = 0.0  # seconds, in all


@contextlib.contextmanager
def taken(scene: Scene, url: str) -> Iterator[Turns]:
    """Let the engine of this block take turns, in a thread, until it has filled the table."""
    turns, over = Turns(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(_take, scene, url, turns, over)
        try:
            yield turns
        finally:
            over.set()
        future.result()


def _take(scene: Scene, url: str, turns: Turns, over: threading.Event) -> None:
    with server.connect(url, "zdm-run:bench") as conn:

        def filled() -> tuple[int, bool]:
            row = conn.execute(_FILLED).fetchone()
            assert row is not None
            return int(row[0]), bool(row[1])

        while not filled()[1] and not over.wait(0.1):
            pass
        for _ in range(PAIRS):
            began = time.time()
            if over.wait(TURN_SECONDS) or not filled()[1]:
                return
            turns.work.append((began + UNSETTLED_SECONDS, time.time()))
            with _paused(scene, url, turns):
                before, began = filled(), time.time()
                over.wait(TURN_SECONDS - UNSETTLED_SECONDS)
                if filled() != before:
                    raise RuntimeError(f"rows were filled in a pause: {before}, {filled()}")
                turns.still.append((began, time.time()))


@contextlib.contextmanager
def _paused(scene: Scene, url: str, turns: Turns) -> Iterator[None]:
    began = time.monotonic()
    scene.zdm("pause", "--database", url, before=engines.NICE)
    try:
        time.sleep(UNSETTLED_SECONDS)
        yield
    finally:
        scene.zdm("resume", "--database", url, before=engines.NICE)
        turns.paused += time.monotonic() - began
