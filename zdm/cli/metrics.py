"""Metrics and health of a run over HTTP, and the journal's metrics as text."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from zdm.errors import ZdmError
from zdm.execute.clock import SystemClock
from zdm.execute.ports import Observer
from zdm.observe import metrics, server
from zdm.observe.health import Answer, Health
from zdm.observe.metrics import LiveRun, Samples
from zdm.observe.server import Page
from zdm.postgres.session import connection
from zdm.workflows import read_metrics


def of_journal(url: str) -> str:
    """What the journal knows; raises what reading it raises."""
    return metrics.page(connection.place(url), read_metrics.read(url, SystemClock().now()))


def of_unreadable(url: str) -> str:
    """The page that says that the journal could not be read."""
    return metrics.page(connection.place(url), read_metrics.unreadable())


class Exposed:
    """What a run shows to probes and to Prometheus."""

    def __init__(self, url: str, now: Callable[[], datetime]) -> None:
        self._url = url
        self._now = now
        self._health = Health(now)
        self._live = LiveRun(now)

    @property
    def observers(self) -> tuple[Observer, ...]:
        """The observers of the run's events."""
        return (self._health, self._live)

    def serving(self, listen: str) -> AbstractContextManager[str]:
        """Serve the pages at HOST:PORT while the block lasts; the value is their URL."""
        return server.serving(
            listen,
            {
                "/metrics": self._metrics,
                "/healthz": lambda: _page(self._health.alive()),
                "/readyz": lambda: _page(self._health.ready()),
            },
        )

    def _metrics(self) -> Page:
        text = metrics.page(connection.place(self._url), self._journal(), self._live.samples())
        return Page(200, text, metrics.CONTENT_TYPE)

    def _journal(self) -> Samples:
        try:
            return read_metrics.read(self._url, self._now())
        except ZdmError:
            return read_metrics.unreadable()


def _page(answer: Answer) -> Page:
    return Page(200 if answer.ok else 503, f"{answer.text}\n")
