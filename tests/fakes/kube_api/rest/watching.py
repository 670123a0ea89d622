"""LIST with pages and WATCH from a version, as selectors see the changes."""

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

from tests.fakes.kube_api.kinds import Json
from tests.fakes.kube_api.objects import selectors
from tests.fakes.kube_api.objects.selectors import Predicate
from tests.fakes.kube_api.rest import answers
from tests.fakes.kube_api.rest.exchange import Document, Request, Stream, Target
from tests.fakes.kube_api.store import Change, Store

_DEFAULT_TIMEOUT = 1800.0
_BOOKMARK_EVERY = 60.0
_LOOK_AT_CLIENT_EVERY = 1.0


def _selection(request: Request, target: Target) -> Predicate:
    labels = selectors.by_labels(request.query.get("labelSelector", ""))
    fields = selectors.by_fields(target.kind.plural, request.query.get("fieldSelector", ""))
    name = target.name

    def matches(item: Json) -> bool:
        metadata = item["metadata"]
        return (
            target.namespace in {"", metadata.get("namespace", "")}
            and name in {"", metadata["name"]}
            and labels(item)
            and fields(item)
        )

    return matches


def listed(store: Store, request: Request, target: Target) -> Document:
    """One page of a list; later pages show the state of the first."""
    matches = _selection(request, target)
    with store.locked():
        if token := request.query.get("continue"):
            revision, items = _page(store, token)
        else:
            revision = str(store.revision)
            _not_from_the_future(store, request.query.get("resourceVersion", ""))
            items = [item for item in store.all(target.kind, target.namespace) if matches(item)]
        metadata: Json = {"resourceVersion": revision}
        limit = int(request.query.get("limit") or 0)
        if limit and len(items) > limit:
            metadata["continue"] = _remember(store, revision, items[limit:])
            if not request.query.keys() & {"labelSelector", "fieldSelector"}:
                metadata["remainingItemCount"] = len(items) - limit
            items = items[:limit]
    return Document(body=target.kind.list_of(items, metadata))


def _not_from_the_future(store: Store, version: str) -> None:
    if version.isdigit() and int(version) > store.revision:
        message = f"Too large resource version: {version}, current: {store.revision}"
        cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        details = {"causes": [cause], "retryAfterSeconds": 1}
        raise answers.Refusal(504, "Timeout", message, details)


def _remember(store: Store, revision: str, rest: list[Json]) -> str:
    page = uuid4().hex
    store.pages[page] = rest
    token = json.dumps({"v": "meta.k8s.io/v1", "rv": int(revision), "start": page})
    return base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")


def _page(store: Store, token: str) -> tuple[str, list[Json]]:
    try:
        content = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        revision, page = str(content["rv"]), content["start"]
    except (ValueError, KeyError, TypeError):
        raise answers.bad_request("continue key is not valid") from None
    if page not in store.pages:
        raise answers.expired(
            "The provided continue parameter is too old to display a consistent list result."
            " You must start a new list without the continue parameter."
        )
    return revision, store.pages[page]


@dataclass(slots=True)
class _Watch:
    """One watch in progress: which changes it has seen, and when it ends."""

    store: Store
    target: Target
    matches: Predicate
    cursor: int
    bookmarks: bool
    ends: float

    def events(self, initial: list[Json], *, tell_end: bool) -> Iterator[Json | None]:
        """What is there, then what changes, until the time is up."""
        yield from ({"type": "ADDED", "object": item} for item in initial)
        if tell_end:
            yield self._bookmark({"k8s.io/initial-events-end": "true"})
        yield from self._news(0)  # what happened before is told, however short the time is
        bookmark_at = time.monotonic() + _BOOKMARK_EVERY
        while (now := time.monotonic()) < self.ends:
            if self.bookmarks and now >= bookmark_at:
                yield self._bookmark({})
                bookmark_at = now + _BOOKMARK_EVERY
            yield from self._news(min(_LOOK_AT_CLIENT_EVERY, self.ends - now)) or [None]
        if self.bookmarks:
            yield self._bookmark({})

    def _news(self, patience: float) -> list[Json | None]:
        with self.store.locked():
            if self.cursor >= self.store.revision:
                self.store.changed.wait(patience)
            if self.cursor < self.store.forgotten:
                return [_too_old(self.cursor, self.store)]
            fresh = self._unseen()
            self.cursor = self.store.revision
        return [event for change in fresh if (event := self._event(change))]

    def _unseen(self) -> list[Change]:
        unseen = []
        for change in reversed(self.store.log):
            if change.revision <= self.cursor:
                break
            if change.kind == self.target.kind:
                unseen.append(change)
        return unseen[::-1]

    def _event(self, change: Change) -> Json | None:
        was = change.before is not None and self.matches(change.before)
        after = change.after
        if after is not None and self.matches(after):
            return {"type": "MODIFIED" if was else "ADDED", "object": after}
        if not was or change.before is None:
            return None
        metadata = {**change.before["metadata"], "resourceVersion": str(change.revision)}
        return {"type": "DELETED", "object": {**change.before, "metadata": metadata}}

    def _bookmark(self, annotations: dict[str, str]) -> Json:
        metadata: Json = {"resourceVersion": str(self.cursor), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        kind = self.target.kind
        item = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata}
        return {"type": "BOOKMARK", "object": item}


def _too_old(version: int, store: Store) -> Json:
    why = f"too old resource version: {version} ({store.forgotten})"
    return {"type": "ERROR", "object": answers.expired(why).status}


def watched(store: Store, request: Request, target: Target) -> Stream:
    """A watch; one from a forgotten version says so and ends."""
    query = request.query
    everything = request.flag("sendInitialEvents")
    if "sendInitialEvents" in query and query.get("resourceVersionMatch") != "NotOlderThan":
        why = (
            "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        )
        raise answers.invalid_option("ListOptions", "resourceVersionMatch", why)
    version = query.get("resourceVersion", "")
    matches = _selection(request, target)
    with store.locked():
        initial: list[Json] = []
        cursor = store.revision
        if everything or (version in {"", "0"} and "sendInitialEvents" not in query):
            initial = [one for one in store.all(target.kind, target.namespace) if matches(one)]
        elif version not in {"", "0"}:
            cursor = int(version)
            if cursor < store.forgotten:
                return Stream(iter([_too_old(cursor, store)]))
    watch = _Watch(
        store=store,
        target=target,
        matches=matches,
        cursor=cursor,
        bookmarks=request.flag("allowWatchBookmarks"),
        ends=time.monotonic() + float(query.get("timeoutSeconds") or _DEFAULT_TIMEOUT),
    )
    return Stream(watch.events(initial, tell_end=everything and watch.bookmarks))
