"""A run's metrics in Prometheus' text format; the only importer of prometheus_client.

What the journal in the database knows is read from it at each scrape, so `zdm status
--prometheus` and the pages of a running `zdm execute` agree. What only the running
process knows (speed, waits) comes from its events.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from msgspec import Struct
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from zdm.execute.events import (
    BackfillMeasured,
    BackfillProgress,
    Event,
    RunStopped,
    StepDone,
    StepStarted,
)
from zdm.observe.position import Waits

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metric(Struct, frozen=True, kw_only=True):
    """A metric's name, what it means, and whether the journal or only a live run has it."""

    name: str
    help: str
    labels: tuple[str, ...] = ()  # beside `database`, which all have
    kind: Literal["gauge", "counter"] = "gauge"
    live: bool = False


METRICS: tuple[Metric, ...] = (
    Metric(name="zdm_journal_up", help="Whether the journal could be read (1) or not (0)"),
    Metric(
        name="zdm_pending_contract_age_seconds",
        help="Time since an unfinished run first changed the schema; 0 if nothing is pending",
    ),
    Metric(
        name="zdm_run_info",
        help="The unfinished run, else the last one; always 1",
        labels=("run", "plan"),
    ),
    Metric(
        name="zdm_run_state", help="1 for the state the run is in, else 0", labels=("state",)
    ),
    Metric(name="zdm_run_started_timestamp_seconds", help="When the run began"),
    Metric(
        name="zdm_last_progress_timestamp_seconds",
        help="When the journal was last written to",
    ),
    Metric(
        name="zdm_point_of_no_return", help="1 if the run can no longer be rolled back, else 0"
    ),
    Metric(name="zdm_steps", help="Steps of the plan", labels=("phase",)),
    Metric(name="zdm_steps_done", help="Steps that are done", labels=("phase",)),
    Metric(
        name="zdm_failed_attempts_total",
        help="Attempts at a step that failed, whether retried or not; `none` if the connection"
        " broke",
        labels=("sqlstate",),
        kind="counter",
    ),
    Metric(
        name="zdm_backfill_rows_estimate",
        help="Rows the backfill expects",
        labels=("step", "table"),
    ),
    Metric(
        name="zdm_backfill_rows_scanned",
        help="Rows the backfill has looked at",
        labels=("step", "table"),
    ),
    Metric(
        name="zdm_backfill_rows_changed",
        help="Rows the backfill has written",
        labels=("step", "table"),
    ),
    Metric(
        name="zdm_backfill_wal_bytes",
        help="WAL written while the backfill's batches ran, other sessions' included",
        labels=("step", "table"),
    ),
    Metric(
        name="zdm_step_running",
        help="1 for the step that runs now",
        labels=("step", "phase"),
        live=True,
    ),
    Metric(
        name="zdm_waiting",
        help="1 while the executor waits for this gate, from the journal; a live executor"
        " reports its own",
        labels=("gate",),
    ),
    Metric(
        name="zdm_waits_total",
        help="Polls of a gate that answered to wait (for `lock`: retries)",
        labels=("gate",),
        kind="counter",
        live=True,
    ),
    Metric(
        name="zdm_waiting_seconds_total",
        help="Time spent waiting for a gate",
        labels=("gate",),
        kind="counter",
        live=True,
    ),
    Metric(
        name="zdm_backfill_rows_per_second",
        help="Speed of the running backfill, pauses included",
        labels=("step", "table"),
        live=True,
    ),
    Metric(
        name="zdm_backfill_batch_rows",
        help="Size of the next batch",
        labels=("step", "table"),
        live=True,
    ),
    Metric(
        name="zdm_backfill_batch_seconds",
        help="Length of the last batch",
        labels=("step", "table"),
        live=True,
    ),
    Metric(
        name="zdm_backfill_eta_seconds",
        help="Estimated time left",
        labels=("step", "table"),
        live=True,
    ),
    Metric(
        name="zdm_backfill_wal_bytes_per_second",
        help="Current WAL rate of the backfill, other sessions' included",
        labels=("step", "table"),
        live=True,
    ),
    Metric(
        name="zdm_backfill_workers",
        help="Workers of the backfill that are currently allowed to run",
        labels=("step", "table"),
        live=True,
    ),
    Metric(
        name="zdm_backfill_held",
        help="1 while this gate holds the backfill",
        labels=("step", "table", "gate"),
        live=True,
    ),
    Metric(
        name="zdm_backfill_retries_total",
        help="Batches that failed and were retried; counted once their backfill is verified",
        labels=("step", "table", "sqlstate"),
        kind="counter",
        live=True,
    ),
)
_BY_NAME = {metric.name: metric for metric in METRICS}


@dataclass(slots=True)
class Samples:
    """Values by metric and labels."""

    values: dict[str, dict[tuple[str, ...], float]] = field(default_factory=dict)

    def set(self, name: str, value: float, *labels: str) -> None:
        """Set a value; `labels` in the metric's own order."""
        if len(labels) != len(_BY_NAME[name].labels):
            raise ValueError(f"{name} has the labels {_BY_NAME[name].labels}, not {labels}")
        self.values.setdefault(name, {})[labels] = value

    def add(self, name: str, value: float, *labels: str) -> None:
        """Add to a value."""
        self.set(name, self.values.get(name, {}).get(labels, 0.0) + value, *labels)

    def forget(self, name: str) -> None:
        """Remove a metric's values."""
        self.values.pop(name, None)


class LiveRun:
    """An Observer that keeps what only the running process knows."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._waits = Waits()
        self._samples = Samples()

    def notify(self, event: Event) -> None:
        """Update the values with one event."""
        self._wait(event)
        match event:
            case StepStarted():
                self._samples.forget("zdm_step_running")
                self._samples.set("zdm_step_running", 1, event.id, event.phase.value)
            case StepDone() | RunStopped():
                for metric in METRICS:
                    if metric.live and metric.kind == "gauge":
                        self._samples.forget(metric.name)
            case BackfillProgress():
                self._backfill(event)
            case BackfillMeasured():
                for sqlstate, count in event.retries:
                    about = (event.id, event.table, sqlstate)
                    self._samples.add("zdm_backfill_retries_total", count, *about)
            case _:
                pass

    def _wait(self, event: Event) -> None:
        self._waits.follow(event, self._now())
        if self._waits.now is not None:
            self._samples.add("zdm_waits_total", 1, self._waits.now.gate)

    def _backfill(self, event: BackfillProgress) -> None:
        about = (event.id, event.table)
        self._samples.set("zdm_backfill_batch_rows", event.batch, *about)
        batch_seconds = event.batch_time.total_seconds()
        self._samples.set("zdm_backfill_batch_seconds", batch_seconds, *about)
        self._samples.set("zdm_backfill_workers", event.workers, *about)
        self._samples.forget("zdm_backfill_held")
        for hold in event.holds:
            self._samples.set("zdm_backfill_held", 1, *about, hold.gate)
        for name, value in (
            ("zdm_backfill_rows_per_second", event.rate),
            ("zdm_backfill_wal_bytes_per_second", event.wal_rate),
            (
                "zdm_backfill_eta_seconds",
                None if event.eta is None else event.eta.total_seconds(),
            ),
        ):
            self._samples.forget(name)
            if value is not None:
                self._samples.set(name, value, *about)

    def samples(self) -> Samples:
        """The current values."""
        found = Samples({name: dict(values) for name, values in self._samples.values.items()})
        for gate, seconds in self._waits.total(self._now()).items():
            found.set("zdm_waiting_seconds_total", seconds, gate)
            found.set("zdm_waiting", float(_is_now(self._waits, gate)), gate)
        return found


def _is_now(waits: Waits, gate: str) -> bool:
    return waits.now is not None and waits.now.gate == gate


def page(database: str, *sources: Samples) -> str:
    """The text that Prometheus reads; `database` names the one that all of it is about.

    If two sources know the same value, the later one wins.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(database, sources))
    return generate_latest(registry).decode()


class _Families(Collector):
    def __init__(self, database: str, sources: Iterable[Samples]) -> None:
        self._database = database
        self._sources = tuple(sources)

    def collect(self) -> Iterator[Family]:
        """Every metric that has a value, in the order of METRICS."""
        for metric in METRICS:
            kind = GaugeMetricFamily if metric.kind == "gauge" else CounterMetricFamily
            family = kind(metric.name, metric.help, labels=("database", *metric.labels))
            merged: dict[tuple[str, ...], float] = {}
            for source in self._sources:
                merged |= source.values.get(metric.name, {})
            for labels, value in merged.items():
                family.add_metric((self._database, *labels), value)
            if family.samples:
                yield family
