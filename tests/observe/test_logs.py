import io
import json
from datetime import timedelta
from typing import Any

from msgspec import structs

from tests.fakes.clock import FakeClock
from tests.observe.events import E1, E1_DONE, FILL, LOCK, MEASURED, NOON, RUN, STARTED
from zdm.execute.events import Hold, RunFailed
from zdm.observe.logs import JsonLog


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_each_line_says_run_plan_step_phase_event_and_reason() -> None:
    stream, clock = io.StringIO(), FakeClock(NOON)
    log = JsonLog(stream, clock.now)
    for event in RUN:
        log.notify(event)
    found = lines(stream)

    assert all(
        {"time", "level", "event", "run", "plan", "step", "phase", "reason"} <= set(line)
        for line in found
    )
    assert found[3] == {
        "time": "2026-11-24T12:00:00.000+00:00",
        "level": "warning",
        "event": "waiting",
        "run": 3,
        "plan": "0007",
        "step": "e1",
        "phase": "expand",
        "reason": "busy",
        "gate": "lock",
        "names": ["psql", "app"],
        "since": "2026-11-24T12:00:00+00:00",
        "eta": None,
    }
    assert (found[4]["event"], found[4]["duration"]) == ("step_done", 3.2)
    assert (found[6]["step"], found[6]["phase"]) == ("b1", "backfill")
    assert (found[-1]["event"], found[-1]["step"]) == ("run_stopped", None)


def test_the_same_event_has_the_same_keys_every_time() -> None:
    stream = io.StringIO()
    log = JsonLog(stream, FakeClock(NOON).now)
    for event in (*RUN, *RUN):
        log.notify(event)
    keys: dict[str, set[frozenset[str]]] = {}
    for item in lines(stream):
        keys.setdefault(item["event"], set()).add(frozenset(item))

    assert all(len(shapes) == 1 for shapes in keys.values())


def test_a_wait_is_written_when_it_is_new_and_then_once_a_minute() -> None:
    stream, clock = io.StringIO(), FakeClock(NOON)
    log = JsonLog(stream, clock.now)
    for event in (STARTED, E1):
        log.notify(event)
    for _ in range(130):
        log.notify(LOCK)
        clock.sleep(timedelta(seconds=1))
    log.notify(structs.replace(LOCK, gate="soak"))

    assert [line.get("gate") for line in lines(stream)[2:]] == ["lock"] * 3 + ["soak"]


def test_after_a_step_its_waits_and_progress_are_new() -> None:
    stream = io.StringIO()
    log = JsonLog(stream, FakeClock(NOON).now)
    for event in (FILL, FILL, E1_DONE, FILL):
        log.notify(event)

    assert [line["event"] for line in lines(stream)] == [
        "backfill_progress",
        "step_done",
        "backfill_progress",
    ]


def test_what_a_backfill_waits_for_is_the_reason() -> None:
    stream = io.StringIO()
    JsonLog(stream, FakeClock(NOON).now).notify(structs.replace(FILL, waiting="lag 14 s"))

    assert lines(stream)[0]["reason"] == "lag 14 s"


def test_figures_within_an_event_are_plain_json() -> None:
    stream = io.StringIO()
    log = JsonLog(stream, FakeClock(NOON).now)
    lag = Hold(gate="replica lag", reason="r2 is 14 s behind", value=14.0, since=NOON)
    log.notify(structs.replace(FILL, holds=(lag,)))
    log.notify(MEASURED)
    progress, measured = lines(stream)

    assert progress["holds"][0]["gate"] == "replica lag"
    assert (measured["filling"], measured["retries"]) == (360.0, [["55P03", 2]])


def test_a_failure_is_an_error() -> None:
    stream = io.StringIO()
    JsonLog(stream, FakeClock(NOON).now).notify(
        RunFailed(kind="StoppedError", exit_code=4, reason="it stopped", hint="mend it")
    )
    (line,) = lines(stream)

    assert (line["level"], line["event"], line["reason"]) == (
        "error",
        "run_failed",
        "it stopped",
    )
    assert (line["exit_code"], line["hint"]) == (4, "mend it")
