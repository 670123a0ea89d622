"""Passes each event to several observers; none of them can stop a migration.

A full disk under a log or a bug in a metric must not stop a migration half-way, so an observer
that fails is dropped with a warning.
"""

import threading
from collections.abc import Callable, Sequence

from zdm.execute.events import Event
from zdm.execute.ports import Observer


class Observers:
    """Satisfies `zdm.execute.ports.Observer`; may be called from several threads."""

    def __init__(self, observers: Sequence[Observer], complain: Callable[[str], None]) -> None:
        self._observers = list(observers)
        self._complain = complain
        self._lock = threading.Lock()

    def notify(self, event: Event) -> None:
        """Pass the event to all of them."""
        with self._lock:
            for observer in tuple(self._observers):
                self._pass_on(observer, event)

    def _pass_on(self, observer: Observer, event: Event) -> None:
        try:
            observer.notify(event)
        except Exception as error:  # noqa: BLE001  whatever it is, the run continues
            self._observers.remove(observer)
            self._complain(
                f"{type(observer).__name__} failed and gets no more events:"
                f" {type(error).__name__}: {error}"
            )
