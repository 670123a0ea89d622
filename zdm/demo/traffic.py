"""Traffic for the demo: paced HTTP requests from a few threads, every answer checked.

A request is never tried again: one that is refused, cut off, or answered with an error is
counted as failed. Where no instance is ready, a request waits, and its waiting is counted.
"""

import http.client
import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from zdm.demo.ledger import Ledger

WORKERS = 4
REQUESTS_PER_SECOND = 200  # of all workers: the demo shares two cores with its server
REQUEST_TIMEOUT = 30.0  # seconds; what waits longer has failed
PORTS_EVERY = 0.1  # seconds between looks at which instances are ready
KEPT_KINDS = 5
PRODUCTS = 5
MAX_CHOICES = 100
HOST = "127.0.0.1"

Ports = Callable[[], tuple[int, ...]]


class Figures(Struct, frozen=True, kw_only=True):
    """What the traffic saw so far."""

    requests: int
    failed: int
    wrong_reads: int
    longest_ms: float
    median_ms: float
    p99_ms: float
    failures: tuple[str, ...]  # the most frequent kinds, each with its count
    answered_by: tuple[tuple[str, int], ...]  # reads per application version


class RequestFailed(Exception):
    """One request got no good answer."""


@dataclass(slots=True)
class Tally:
    """The count of one worker, which alone writes it."""

    milliseconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    wrong_reads: list[str] = field(default_factory=list)
    answered_by: Counter[str] = field(default_factory=Counter)


def kinds(faults: list[str]) -> tuple[str, ...]:
    """The most frequent first lines, numbers left out, each with its count."""
    counted = Counter(re.sub(r"(?<=/)\d+", "…", text.partition("\n")[0]) for text in faults)
    return tuple(f"{count} x {kind}" for kind, count in counted.most_common(KEPT_KINDS))


class Traffic:
    """Several workers; only worker k writes the users whose id leaves the remainder k."""

    def __init__(self, ports: Ports, ledger: Ledger, *, workers: int = WORKERS) -> None:
        self._ports = ports
        self._ready: tuple[int, ...] = ports()
        self._ended = threading.Event()
        tallies = [Tally() for _ in range(workers)]
        self._workers = [
            Client(k, workers, ledger, tally, self._request) for k, tally in enumerate(tallies)
        ]
        self._threads = [threading.Thread(target=self._watch, name="demo ports")]
        pause = workers / REQUESTS_PER_SECOND
        self._threads += [
            threading.Thread(target=self._run, args=(worker, pause), name=f"demo {k}")
            for k, worker in enumerate(self._workers)
        ]

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def figures(self) -> Figures:
        """What was counted so far."""
        tallies = [worker.tally for worker in self._workers]
        times = sorted(t for tally in tallies for t in tuple(tally.milliseconds))
        answered: Counter[str] = Counter()
        for tally in tallies:
            answered.update(dict(tally.answered_by))
        faults = [text for tally in tallies for text in (*tally.failures, *tally.wrong_reads)]
        return Figures(
            requests=len(times),
            failed=sum(len(tally.failures) for tally in tallies),
            wrong_reads=sum(len(tally.wrong_reads) for tally in tallies),
            longest_ms=times[-1] if times else 0.0,
            median_ms=times[len(times) // 2] if times else 0.0,
            p99_ms=times[len(times) * 99 // 100] if times else 0.0,
            failures=kinds(faults),
            answered_by=tuple(sorted(answered.items())),
        )

    def _watch(self) -> None:
        while not self._ended.wait(PORTS_EVERY):
            self._ready = self._ports()

    def _run(self, worker: "Client", pause: float) -> None:
        due = time.monotonic()
        while not self._ended.wait(max(0.0, due - time.monotonic())):
            worker.act()
            due = max(due + pause, time.monotonic() - 1.0)  # no burst after a long wait

    def _request(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        port = self._any_port()
        connection = http.client.HTTPConnection(HOST, port, timeout=REQUEST_TIMEOUT)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            data = json.loads(answer.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise RequestFailed(f"{method} {path}: {error!r}") from error
        finally:
            connection.close()
        if answer.status >= 400:
            raise RequestFailed(f"{method} {path}: {answer.status} {data.get('error')}")
        return data

    def _any_port(self) -> int:
        end = time.monotonic() + REQUEST_TIMEOUT
        while not (ready := self._ready):
            if time.monotonic() > end:
                raise RequestFailed("no instance was ready")
            time.sleep(PORTS_EVERY)
        return random.choice(ready)


Request = Callable[[str, str, dict[str, Any] | None], Any]


class Client:
    """Makes one request after the other, of a fixed mix, and keeps the ledger."""

    def __init__(
        self, rest: int, workers: int, ledger: Ledger, tally: Tally, request: Request
    ) -> None:
        self.tally = tally
        self._rest = rest
        self._workers = workers
        self._ledger = ledger
        self._request = request
        self._random = random.Random(rest)
        self._number = 0
        self._own: list[int] = []  # the users it inserted
        self._acts: tuple[tuple[Callable[[], None], int], ...] = (
            (self._read, 40),
            (self._change_email, 24),
            (self._change_name, 10),
            (self._insert, 14),
            (self._find, 2),
            (self._order, 5),
            (self._list_orders, 5),
        )

    def act(self) -> None:
        """One request of the mix."""
        acts, weights = zip(*self._acts, strict=True)
        chosen: Callable[[], None] = self._random.choices(acts, weights)[0]
        begun = time.monotonic()
        try:
            chosen()
        except RequestFailed as failed:
            self.tally.failures.append(str(failed))
        except (LookupError, TypeError) as error:  # an answer of another shape
            self.tally.failures.append(f"an answer without {error}")
        self.tally.milliseconds.append((time.monotonic() - begun) * 1000)

    def _user(self) -> int:
        """A user of this worker's, not in doubt where there are such; often the same ones."""
        user = self._rest + 1
        for _ in range(MAX_CHOICES):
            if self._own and self._random.random() < 0.3:
                user = self._random.choice(self._own[-100:])
            else:
                groups = self._ledger.seeded // self._workers
                reach = 50 if self._random.random() < 0.5 else groups
                number = self._random.randrange(min(reach, groups))
                user = number * self._workers + self._rest + 1
            if user not in self._ledger.doubtful_users:
                break
        return user

    def _next(self, what: str) -> str:
        self._number += 1
        return f"{what}-{self._rest}-{self._number}"

    def _read(self) -> None:
        user = self._user()
        found = self._request("GET", f"/users/{user}", None)
        self.tally.answered_by[found["version"]] += 1
        expected = self._ledger.expected(user)
        if expected is None or not expected.allows(found["email"], found["name"]):
            self.tally.wrong_reads.append(f"GET /users/{user} gave {found}, not {expected}")

    def _find(self) -> None:
        user = self._user()
        expected = self._ledger.expected(user)
        email = next(iter(expected.emails)) if expected is not None else ""
        found = self._request("POST", "/users/find", {"email": email})
        if [row["id"] for row in found] != [user]:
            self.tally.wrong_reads.append(f"{email} gave {found}, not user {user}")

    def _change_email(self) -> None:
        user, email = self._user(), f"{self._next('new')}@example.com"
        try:
            self._request("PUT", f"/users/{user}/email", {"email": email})
        except RequestFailed:
            self._ledger.update_failed(user, email=email)
            raise
        self._ledger.updated(user, email=email)

    def _change_name(self) -> None:
        user, name = self._user(), self._next("Name")
        try:
            self._request("PUT", f"/users/{user}/name", {"name": name})
        except RequestFailed:
            self._ledger.update_failed(user, name=name)
            raise
        self._ledger.updated(user, name=name)

    def _insert(self) -> None:
        email, name = f"{self._next('fresh')}@example.com", self._next("Fresh")
        try:
            answer = self._request("POST", "/users", {"email": email, "name": name})
        except RequestFailed:
            self._ledger.insert_failed(email)
            raise
        self._ledger.inserted(answer["id"], email, name)
        self._own.append(answer["id"])

    def _order(self) -> None:
        product = self._random.randint(1, PRODUCTS)
        body = {"product": product, "quantity": self._random.randint(1, 3)}
        self._request("POST", f"/users/{self._user()}/orders", body)

    def _list_orders(self) -> None:
        self._request("GET", f"/users/{self._user()}/orders", None)
