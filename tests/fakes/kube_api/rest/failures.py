"""What can go wrong between a client and the server, on order."""

import re
from dataclasses import dataclass, field

from tests.fakes.kube_api.rest import answers
from tests.fakes.kube_api.rest.exchange import Document, Request, refused


@dataclass(frozen=True, slots=True)
class Answer:
    """A code instead of the answer: 401, 403, 409, 429, 500, 503, 504."""

    code: int
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Slow:
    """The true answer, late."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection is closed without an answer; the request had no effect."""


@dataclass(frozen=True, slots=True)
class DropAfter:
    """The connection is closed without an answer; the request **had** its effect."""


@dataclass(frozen=True, slots=True)
class Hang:
    """No answer at all; the connection stays open until the client or the server ends it."""


@dataclass(frozen=True, slots=True)
class HalfOpen:
    """A watch that begins and then says nothing more, not even its end."""


Failure = Answer | Slow | Drop | DropAfter | Hang | HalfOpen


@dataclass(slots=True)
class Order:
    """A failure for the next requests that match."""

    failure: Failure
    method: str
    path: re.Pattern[str]
    times: int


@dataclass(slots=True)
class Failures:
    """The orders, oldest first."""

    orders: list[Order] = field(default_factory=list)

    def next_for(self, request: Request) -> Failure | None:
        """The failure of this request, which is used up by it."""
        for order in self.orders:
            if order.times and order.method in {"", request.method}:
                query = "&".join(f"{key}={value}" for key, value in request.query.items())
                if order.path.search(f"{request.path}?{query}"):
                    order.times -= 1
                    return order.failure
        return None


_WORDS = {
    401: ("Unauthorized", "Unauthorized"),
    403: ("Forbidden", "forbidden by order"),
    409: (
        "Conflict",
        "the object has been modified; please apply your changes to the latest"
        " version and try again",
    ),
    410: ("Expired", "The resourceVersion for the provided list is too old."),
    500: ("InternalError", "Internal error occurred: etcdserver: request timed out"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
    504: ("Timeout", "Timeout: request did not complete within the allotted timeout"),
}


def answer(failure: Answer) -> Document:
    """The document of an ordered code; 429 is text, as priority and fairness writes it."""
    headers = {} if failure.retry_after is None else {"Retry-After": str(failure.retry_after)}
    if failure.code == 429:
        return Document(
            code=429,
            body="Too many requests, please try again later.\n",
            headers={"Retry-After": "1", **headers},
        )
    reason, message = _WORDS[failure.code]
    document = refused(answers.Refusal(failure.code, reason, message))
    return Document(code=document.code, body=document.body, headers=headers)
