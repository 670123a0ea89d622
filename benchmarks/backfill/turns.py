"""The engine works and pauses in turns, beside a load that runs through.

The machine differs from itself by more than a paced backfill costs, from one minute to the
next. So both are measured in the same minutes: `zdm pause`, and after a while `zdm resume`.
"""

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from benchmarks.backfill import engines, server, watch
from benchmarks.backfill.scenes import Scene

Span = tuple[float, float]  # from, to
TURN_SECONDS = 10.0
UNSETTLED_SECONDS = 2.5  # of each turn, which count for neither
PAIRS = 20
_FILLED = """
SELECT coalesce(sum(scanned), 0)::bigint,
       coalesce(bool_or(state IN ('waiting', 'filling')), false)
FROM zdm.backfill_range
"""


@dataclass(slots=True)
class Turns:
    """When it worked, and when it paused before and after that: one pause more."""

    work: list[Span] = field(default_factory=list)
    still: list[Span] = field(default_factory=list)
    paused: list[Span] = field(default_factory=list)  # all of it, settled or not

    def outside(self, span: Span) -> tuple[Span, ...]:
        """The span without its pauses."""
        edges = (span[0], *(edge for pause in self.paused for edge in pause), span[1])
        return tuple(zip(edges[::2], edges[1::2], strict=True))


@contextlib.contextmanager
def taken(scene: Scene, url: str) -> Iterator[Turns]:
    """Let zdm take turns in this block, in a thread, while it fills the table."""
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
        while not _filled(conn)[1] and not over.wait(0.1):
            pass
        for number in range(PAIRS + 1):
            began = time.time()
            if number and (over.wait(TURN_SECONDS) or not _filled(conn)[1]):
                return
            worked = began + UNSETTLED_SECONDS, time.time()
            with _paused(scene, url, turns):
                before, began = _filled(conn), time.time()
                time.sleep(TURN_SECONDS - UNSETTLED_SECONDS)
                if _filled(conn) != before:
                    raise RuntimeError(f"rows were filled in a pause, after {before}")
                turns.still.append((began, time.time()))
            turns.work += [worked] if number else []


def _filled(conn: watch.Connection) -> tuple[int, bool]:
    """Rows that are filled, and whether there are more."""
    there = conn.execute("SELECT to_regclass('zdm.backfill_range') IS NOT NULL").fetchone()
    row = conn.execute(_FILLED).fetchone() if there is not None and there[0] else None
    return (0, False) if row is None else (int(row[0]), bool(row[1]))


@contextlib.contextmanager
def _paused(scene: Scene, url: str, turns: Turns) -> Iterator[None]:
    began = time.time()
    scene.zdm("pause", "--database", url, before=engines.NICE)
    try:
        time.sleep(UNSETTLED_SECONDS)
        yield
    finally:
        scene.zdm("resume", "--database", url, before=engines.NICE)
        turns.paused.append((began, time.time()))
