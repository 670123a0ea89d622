import logging
from collections.abc import Sequence
from datetime import timedelta

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, StatusCode

from tests.fakes.clock import FakeClock
from tests.observe.events import B1, B1_DONE, E1, E1_DONE, LOCK, MEASURED, NOON, RUN, STARTED
from zdm.execute.events import Event, RunFailed
from zdm.observe.tracing import Tracing

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = {"TRACEPARENT": f"00-{TRACE}-b7ad6b7169203331-01"}


def traced(*events: Event, environ: dict[str, str] | None = None) -> dict[str, ReadableSpan]:
    sends = InMemorySpanExporter()
    clock = FakeClock(NOON)
    tracing = Tracing(sends, database="db:5432/shop", environ=environ or {}, now=clock.now)
    for event in events:
        tracing.notify(event)
        clock.sleep(timedelta(seconds=1))
    assert tracing.close() == ""
    return {span.name: span for span in sends.get_finished_spans()}


def parent(span: ReadableSpan) -> int | None:
    return None if span.parent is None else span.parent.span_id


def own(span: ReadableSpan) -> SpanContext:
    context = span.get_span_context()
    assert context is not None
    return context


def seconds(span: ReadableSpan) -> float:
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.end_time - span.start_time) / 1e9


def test_a_run_its_phases_and_its_steps_are_spans_within_each_other() -> None:
    found = traced(*RUN)

    assert set(found) == {
        "zdm run 0007",
        "phase expand",
        "step e1",
        "phase backfill",
        "step b1",
        "phase contract",
        "step c1",
    }
    run = found["zdm run 0007"]
    assert parent(run) is None
    for phase, step in (("expand", "e1"), ("backfill", "b1"), ("contract", "c1")):
        assert parent(found[f"phase {phase}"]) == own(run).span_id
        assert parent(found[f"step {step}"]) == (own(found[f"phase {phase}"]).span_id)
    assert seconds(found["step e1"]) == 2
    assert dict(found["step b1"].attributes or {}) == {
        "zdm.step": "b1",
        "zdm.phase": "backfill",
        "zdm.title": "fill it",
        "zdm.attempts": 1,
        "zdm.rows.scanned": 82_000,
        "zdm.rows.changed": 80_000,
    }
    assert (run.attributes or {})["zdm.state"] == "contracted"


def test_what_a_backfill_cost_is_on_its_span() -> None:
    step = traced(STARTED, B1, MEASURED, B1_DONE)["step b1"]

    assert (step.attributes or {})["zdm.wal.bytes"] == 90_000_000
    assert (step.attributes or {})["zdm.held.replica lag.seconds"] == 38.0


def test_a_wait_is_an_event_when_it_begins_and_when_it_ends() -> None:
    step = traced(STARTED, E1, LOCK, LOCK, E1_DONE)["step e1"]
    events = [(event.name, dict(event.attributes or {})) for event in step.events]

    assert events == [
        ("waits", {"gate": "lock", "reason": "busy"}),
        ("waited", {"gate": "lock", "seconds": 4.0}),
    ]


def test_a_run_is_part_of_the_trace_that_its_caller_began() -> None:
    run = traced(STARTED, environ=PARENT)["zdm run 0007"]

    assert f"{own(run).trace_id:032x}" == TRACE
    assert f"{parent(run):016x}" == "b7ad6b7169203331"


def test_a_failure_marks_the_step_the_phase_and_the_run() -> None:
    failed = RunFailed(kind="StoppedError", exit_code=4, reason="it stopped")
    found = traced(STARTED, E1, failed)

    assert {span.status.status_code for span in found.values()} == {StatusCode.ERROR}
    assert (found["zdm run 0007"].attributes or {})["process.exit.code"] == 4


def test_the_service_is_named_zdm_unless_the_environment_names_it() -> None:
    assert traced(STARTED)["zdm run 0007"].resource.attributes["service.name"] == "zdm"


class Refusing(SpanExporter):
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        logging.getLogger("opentelemetry.exporter").warning("refused %d spans", len(spans))
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        pass


def test_what_cannot_be_delivered_is_said_at_the_end() -> None:
    clock = FakeClock(NOON)
    tracing = Tracing(Refusing(), database="d", environ={}, now=clock.now)
    tracing.notify(STARTED)

    assert tracing.close() == "the trace was not delivered: refused 1 spans"
