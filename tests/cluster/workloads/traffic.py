"""The demo's traffic against the ready pods of a Service."""

import http.client
import json
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

from tests.cluster.controlplane.api import ApiError
from tests.cluster.workloads.services import Address
from zdm.demo.ledger import Ledger
from zdm.demo.traffic import Client, RequestFailed, Tally

WORKERS = 2
PAUSE = 0.02  # seconds between a worker's requests
LOOK = 0.1  # seconds between looks at the endpoints
TIMEOUT = 30.0

Ready = Callable[[], tuple[Address, ...]]


@dataclass
class Traffic:
    """Requests without a second try; the endpoints last seen stay while the API is away."""

    find: Ready
    ledger: Ledger
    ended: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)
    tallies: list[Tally] = field(default_factory=list)
    ready: tuple[Address, ...] = ()

    def __enter__(self) -> Self:
        self.ready = self.find()
        self.tallies = [Tally() for _ in range(WORKERS)]
        self.threads = [threading.Thread(target=self._watch)]
        for rest, tally in enumerate(self.tallies):
            worker = Client(rest, WORKERS, self.ledger, tally, self._request)
            self.threads.append(threading.Thread(target=self._run, args=(worker,)))
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join()

    @property
    def requests(self) -> int:
        return sum(len(tally.milliseconds) for tally in self.tallies)

    @property
    def faults(self) -> list[str]:
        """Every failed request and every wrong answer."""
        return [t for tally in self.tallies for t in (*tally.failures, *tally.wrong_reads)]

    @property
    def longest(self) -> float:
        """Milliseconds of the slowest request."""
        return max(t for tally in self.tallies for t in tally.milliseconds)

    def _watch(self) -> None:
        while not self.ended.wait(LOOK):
            with suppress(ApiError, OSError):
                self.ready = self.find()

    def _run(self, worker: Client) -> None:
        while not self.ended.wait(PAUSE):
            worker.act()

    def _request(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        address = random.choice(self.ready)
        connection = http.client.HTTPConnection(address.host, address.port, timeout=TIMEOUT)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            data = json.loads(answer.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise RequestFailed(f"{time.time():.1f} {method} {path}: {error!r}") from error
        finally:
            connection.close()
        if answer.status >= 400:
            raise RequestFailed(f"{method} {path}: {answer.status} {data.get('error')}")
        return data
