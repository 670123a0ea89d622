"""One measurement each: an engine on a fresh copy, idle or beside the load."""

import time
from typing import Any

from benchmarks.backfill import engines, foreground, server, turns, watch
from benchmarks.backfill.engines import Engine
from benchmarks.backfill.scenes import Scene

BASELINE_SECONDS = 15.0
AFTER_SECONDS = 15.0  # at most, for what was held up to be done late
COLUMNS = {"change_type": "quantity", "set_not_null": "note"}
LEFT = {
    "change_type": "SELECT count(*) FROM bench WHERE amount IS DISTINCT FROM quantity",
    "set_not_null": "SELECT count(*) FROM bench WHERE note IS NULL",
}
Cell = dict[str, Any]
Span = tuple[float, float]  # from, to


def idle(scene: Scene, engine: Engine) -> Cell:
    """The engine alone on the server."""
    with server.copy(scene.server, scene.template(engine.start)) as url:
        before = _place(url)
        took = engine.run(scene, url)
        cell = _figures(scene, url, before, took)
        _nothing_left(scene, engine, url)
        return cell


def loaded(scene: Scene, engine: Engine, rate: float, *, baseline: float) -> Cell:
    """The engine beside the load, with the load alone before and after it as the baseline."""
    blocked = watch.Blocked()
    column = COLUMNS[scene.migration]
    with server.copy(scene.server, scene.template(engine.start)) as url:
        with (
            watch.again_and_again(url, blocked.look),
            foreground.running(url, column, scene.rows, rate) as load,
        ):
            before_it = _rest(baseline)
            before = _place(url)
            started = time.time()
            took = engine.run(scene, url)
            ended = time.time()
            cell = _figures(scene, url, before, took)
            time.sleep(min(ended - started, AFTER_SECONDS) + 1)
            alone = (before_it, _rest(baseline))
        return cell | _latencies(load, alone, ((started, ended),), blocked, rate)


def whole_plan(scene: Scene, rate: float, *, baseline: float) -> Cell:
    """zdm's whole plan beside the load: expand, backfill, then contract beside the new one.

    The backfill is paused again and again, and its baseline is of the same minutes.
    """
    blocked = watch.Blocked()
    with server.copy(scene.server, scene.template("before")) as url:
        common = ("execute", scene.plan.name, "--database", url)
        with watch.again_and_again(url, blocked.look):
            with foreground.running(url, "quantity", scene.rows, rate) as old:
                before_it = _rest(baseline)
                before = _place(url)
                started = time.time()
                with turns.taken(scene, url) as taken:
                    paced = ("--pacing", "paced", "--until", "backfilled")
                    scene.zdm(*common, *paced, before=engines.NICE)
                    ended = time.time()
                time.sleep(1)
                alone = (before_it, _rest(baseline))
            with foreground.running(url, "amount", scene.rows, rate) as new:
                contracting = time.time()
                scene.zdm(*common, "--assume-deployed", before=engines.NICE)
                contracted = time.time()
                time.sleep(2)
        at_work = taken.outside((started, ended))
        seconds = sum(until - since for since, until in at_work) + contracted - contracting
        cell = _figures(scene, url, before, engines.Run(started, seconds))
        cell |= _latencies(old, alone, tuple(taken.work), blocked, rate)
        cell["baseline"] = old.latencies(*taken.still)
        cell["turns"] = in_turns(old, taken)
        cell["at_work"] = old.latencies(*at_work)
        cell["contract"] = new.latencies((contracting, contracted))
        cell["errors"] = cell["errors"] or new.failed
        return cell


def in_turns(load: foreground.Load, taken: turns.Turns) -> list[Cell]:
    """The p99 of each working turn, and of the pauses before and after it."""

    def p99(span: Span) -> float:
        return load.latencies(span)["p99_ms"]

    around = zip(taken.work, taken.still[:-1], taken.still[1:], strict=True)
    return [
        {"work": p99(work), "still": [p99(before), p99(after)]}
        for work, before, after in around
    ]


def _rest(seconds: float) -> Span:
    """Leave the load alone so long; from when to when that was."""
    began = time.time()
    time.sleep(seconds)
    return began, time.time()


def _latencies(
    load: foreground.Load,
    alone: tuple[Span, Span],
    beside: tuple[Span, ...],
    blocked: watch.Blocked,
    rate: float,
) -> Cell:
    return {
        "rate": round(rate),
        "baseline": load.latencies(*alone),
        "alone": [load.latencies(span) for span in alone],  # before and after
        "beside": load.latencies(*beside),
        "kept": round(load.finished(*beside) / load.finished(alone[0]), 3),
        "longest_blocked_ms": round(1000 * blocked.longest, 1),
        "errors": load.failed,
    }


def _place(url: str) -> tuple[str, int]:
    with server.connect(url) as conn:
        row = conn.execute(
            "SELECT pg_current_wal_lsn(), pg_total_relation_size('bench')"
        ).fetchone()
    assert row is not None
    return str(row[0]), int(row[1])


def _figures(scene: Scene, url: str, before: tuple[str, int], took: engines.Run) -> Cell:
    with server.connect(url) as conn:
        row = conn.execute(
            "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), %s)::bigint,"
            " pg_total_relation_size('bench')",
            (before[0],),
        ).fetchone()
    assert row is not None
    verified = took.with_verification
    return {
        "seconds": round(took.seconds, 3),
        "with_verification": None if verified is None else round(verified, 3),
        "rows_per_second": round(scene.rows / took.seconds),
        "wal_bytes": row[0],
        "size_before": before[1],
        "size_after": row[1],
        "steps": dict(took.steps),
    }


def _nothing_left(scene: Scene, engine: Engine, url: str) -> None:
    """Every row must be as it should be: what an engine leaves undone is no speed."""
    query = LEFT[scene.migration]
    if engine.name == "pgroll":
        query = query.replace("amount", "_pgroll_new_quantity")
    with server.connect(url) as conn:
        row = conn.execute(query.encode()).fetchone()
    if row is None or row[0] != 0:
        raise RuntimeError(f"{engine.title} left rows as they were: {row}")
