"""A run as an OpenTelemetry trace; the only importer of opentelemetry (extra `otel`).

A span for the run, one for each phase and one for each step, with waits as events. Where
TRACEPARENT is set (as a pipeline sets it), the run is a part of that trace. Spans are sent in
a thread; failures to deliver are reported at the end and stop nothing.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from zdm import __version__
from zdm.execute.events import (
    BackfillMeasured,
    BackfillProgress,
    DeployStarted,
    Event,
    PointOfNoReturn,
    RunFailed,
    RunStarted,
    RunStopped,
    StateChanged,
    StepDone,
    StepReverted,
    StepStarted,
    Suspicious,
)
from zdm.observe.position import TimedWait, Waits

EXPORT_SECONDS = 5.0  # the last one must end within the 30 s of Kubernetes after SIGTERM
_TIMEOUTS = ("OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT")
_LOGGER = "opentelemetry"


class Undelivered(logging.Handler):
    """Keeps the exporter's last warning, which would otherwise go to stderr as plain text."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.said = record.getMessage()


def exporter(environ: Mapping[str, str]) -> SpanExporter:
    """Sends over OTLP/HTTP, to where the OTEL_EXPORTER_OTLP_* variables say."""
    theirs = any(name in environ for name in _TIMEOUTS)
    return OTLPSpanExporter(timeout=None if theirs else EXPORT_SECONDS)


class Tracing:
    """An Observer that makes spans; `close` sends what is left."""

    def __init__(
        self,
        sends: SpanExporter,
        *,
        database: str,
        environ: Mapping[str, str],
        now: Callable[[], datetime],
    ) -> None:
        self._now = now
        self._waits = Waits()
        self._undelivered = Undelivered()
        logging.getLogger(_LOGGER).addHandler(self._undelivered)
        logging.getLogger(_LOGGER).propagate = False
        # Resource.create adds OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME, which win
        resource = Resource.create({} if _is_named(environ) else {"service.name": "zdm"})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(sends))
        self._tracer: Tracer = self._provider.get_tracer("zdm", __version__)
        carrier = {
            name: environ[name.upper()]
            for name in ("traceparent", "tracestate")
            if environ.get(name.upper())
        }
        self._run = self._tracer.start_span(
            "zdm run",
            context=TraceContextTextMapPropagator().extract(carrier),
            attributes={"db.system.name": "postgresql", "zdm.database": database},
            start_time=self._time(),
        )
        self._phase: tuple[str, Span] | None = None
        self._step: Span | None = None
        self._filled: BackfillProgress | None = None

    def notify(self, event: Event) -> None:
        """Update the spans with one event."""
        ended, begun = self._waits.follow(event, self._now())
        self._waited(ended, begun)
        match event:
            case RunStarted():
                self._run.update_name(f"zdm run {event.plan}")
                self._run.set_attributes(
                    {"zdm.plan": event.plan, "zdm.run": event.run, "zdm.resumed": event.resumed}
                )
            case StepStarted():
                self._start_step(event)
            case BackfillProgress():
                self._filled = event
            case BackfillMeasured() if self._step is not None:
                self._step.set_attributes(_measured(event))
            case StepDone():
                self._end_step(event)
            case RunStopped():
                self._run.set_attribute("zdm.state", event.state.value)
            case RunFailed():
                self._failed(event)
            case _:
                self._note(event)

    def close(self) -> str:
        """End all spans and send them; a sentence if they could not be delivered."""
        self._end_phase()
        self._run.end(self._time())
        self._provider.force_flush()  # the exporter's own timeout ends it
        self._provider.shutdown()
        logging.getLogger(_LOGGER).removeHandler(self._undelivered)
        said = self._undelivered.said
        return f"the trace was not delivered: {said}" if said else ""

    def _time(self) -> int:
        return int(self._now().timestamp() * 1e9)

    def _start_step(self, event: StepStarted) -> None:
        if self._phase is None or self._phase[0] != event.phase:
            self._end_phase()
            span = self._span(f"phase {event.phase}", self._run, {"zdm.phase": event.phase})
            self._phase = (event.phase, span)
        self._step = self._span(
            f"step {event.id}",
            self._phase[1],
            {"zdm.step": event.id, "zdm.phase": event.phase.value, "zdm.title": event.title},
        )

    def _span(self, name: str, parent: Span, attributes: dict[str, AttributeValue]) -> Span:
        return self._tracer.start_span(
            name,
            context=set_span_in_context(parent),
            attributes=attributes,
            start_time=self._time(),
        )

    def _end_step(self, event: StepDone | None = None) -> None:
        if self._step is None:
            return
        if event is not None:
            self._step.set_attribute("zdm.attempts", event.attempts)
        if self._filled is not None:
            self._step.set_attributes(
                {
                    "zdm.rows.scanned": self._filled.scanned,
                    "zdm.rows.changed": self._filled.changed,
                }
            )
        self._step.end(self._time())
        self._step = self._filled = None

    def _end_phase(self) -> None:
        self._end_step()
        if self._phase is not None:
            self._phase[1].end(self._time())
        self._phase = None

    def _failed(self, event: RunFailed) -> None:
        for span in (self._step, self._phase and self._phase[1], self._run):
            if span is not None:
                span.set_status(Status(StatusCode.ERROR, event.reason))
        self._run.set_attributes(
            {"error.type": event.kind, "process.exit.code": event.exit_code}
        )

    def _note(self, event: Event) -> None:
        match event:
            case DeployStarted():
                self._event("deploy", {"version": event.version.name, "back": event.back})
            case PointOfNoReturn():
                self._event("point of no return", {})
            case Suspicious():
                self._event("suspicious", {"reason": event.reason})
            case StepReverted():
                self._event("step reverted", {"step": event.id})
            case StateChanged():
                self._event("state", {"state": event.state.value})
            case _:
                pass

    def _waited(self, ended: TimedWait | None, begun: TimedWait | None) -> None:
        if ended is not None:
            seconds = (self._now() - ended.since).total_seconds()
            self._event("waited", {"gate": ended.gate, "seconds": seconds})
        if begun is not None:
            self._event("waits", {"gate": begun.gate, "reason": begun.reason})

    def _event(self, name: str, attributes: dict[str, AttributeValue]) -> None:
        (self._step or self._run).add_event(name, attributes, self._time())


def _measured(event: BackfillMeasured) -> dict[str, AttributeValue]:
    found: dict[str, AttributeValue] = {
        "zdm.wal.bytes": event.wal_bytes,
        "zdm.verifying.seconds": event.verifying.total_seconds(),
    }
    if event.planned_wal_bytes is not None:
        found["zdm.wal.planned_bytes"] = event.planned_wal_bytes
    held = {f"zdm.held.{gate}.seconds": time.total_seconds() for gate, time in event.held}
    return found | held


def _is_named(environ: Mapping[str, str]) -> bool:
    named = "service.name" in environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    return named or "OTEL_SERVICE_NAME" in environ
