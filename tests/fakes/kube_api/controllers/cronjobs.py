"""CronJobs: a Job at each minute that the schedule names, unless suspended."""

import copy
from collections.abc import Callable
from datetime import datetime, timedelta

from tests.fakes.kube_api import clock
from tests.fakes.kube_api.controllers import jobs
from tests.fakes.kube_api.controllers.world import (
    World,
    condition,
    is_controlled,
    is_terminating,
    reference,
    without_zeros,
)
from tests.fakes.kube_api.kinds import CRON_JOBS, JOBS, Json
from tests.fakes.kube_api.objects import deletion

_MINUTE = timedelta(minutes=1)
_FIELDS: tuple[
    tuple[Callable[[datetime], int], int], ...
] = (  # the field's value in a time, and the field's lowest value
    (lambda at: at.minute, 0),
    (lambda at: at.hour, 0),
    (lambda at: at.day, 1),
    (lambda at: at.month, 1),
    (lambda at: at.isoweekday() % 7, 0),
)
_LOOK_AHEAD = 60 * 24 * 2


def reconcile(world: World) -> None:
    """Every CronJob that nobody deleted."""
    for item in world.store.all(CRON_JOBS):
        if not is_terminating(item):
            _reconcile(world, item)


def _reconcile(world: World, item: Json) -> None:
    mine = [
        job
        for job in world.store.all(JOBS, item["metadata"]["namespace"])
        if is_controlled(job, item)
    ]
    last = item["status"].get("lastScheduleTime") or item["metadata"]["creationTimestamp"]
    moment = None if item["spec"]["suspend"] else _next(item, clock.read(last))
    if moment is not None and moment <= world.now:
        while (later := _next(item, moment)) is not None and later <= world.now:
            moment = later
        start(world, item, mine, moment)
    elif moment is not None:
        world.wake(moment)
    _forget(world, item, mine)
    _tell(world, item)


def start(world: World, item: Json, mine: list[Json], moment: datetime) -> None:
    """Start a Job for that time, as the concurrency policy allows."""
    active = [job for job in mine if not jobs.is_finished(job)]
    policy = item["spec"]["concurrencyPolicy"]
    if not (active and policy == "Forbid"):
        for job in active if policy == "Replace" else []:
            deletion.delete(world.store, JOBS, job, {})
        template = item["spec"]["jobTemplate"]
        metadata = {
            **template["metadata"],
            "name": f"{item['metadata']['name']}-{int(moment.timestamp()) // 60}",
            "namespace": item["metadata"]["namespace"],
            "ownerReferences": [reference(item)],
        }
        metadata.pop("creationTimestamp", None)
        if world.store.find(JOBS, metadata["namespace"], metadata["name"]) is None:
            world.create(JOBS, {"metadata": metadata, "spec": copy.deepcopy(template["spec"])})
    status = {**item["status"], "lastScheduleTime": clock.stamp(moment)}
    world.set_status(CRON_JOBS, item, status)


def _forget(world: World, item: Json, mine: list[Json]) -> None:
    for name, limit in (
        ("Complete", item["spec"]["successfulJobsHistoryLimit"]),
        ("Failed", item["spec"]["failedJobsHistoryLimit"]),
    ):
        done = [job for job in mine if condition(job, name)]
        done.sort(key=lambda job: job["metadata"]["creationTimestamp"])
        for job in done[: max(0, len(done) - limit)]:
            deletion.delete(world.store, JOBS, job, {})


def _tell(world: World, item: Json) -> None:
    namespace, name = item["metadata"]["namespace"], item["metadata"]["name"]
    present = world.store.get(CRON_JOBS, namespace, name)
    mine = [job for job in world.store.all(JOBS, namespace) if is_controlled(job, item)]
    active = [
        {
            "kind": "Job",
            "apiVersion": "batch/v1",
            "name": job["metadata"]["name"],
            "namespace": namespace,
            "uid": job["metadata"]["uid"],
            "resourceVersion": job["metadata"]["resourceVersion"],
        }
        for job in mine
        if not jobs.is_finished(job)
    ]
    known = {one["uid"]: one for one in present["status"].get("active") or []}
    ends = [job["status"]["completionTime"] for job in mine if condition(job, "Complete")]
    status = {
        **present["status"],
        "active": [known.get(one["uid"], one) for one in active],
        "lastSuccessfulTime": max(ends, default=present["status"].get("lastSuccessfulTime")),
    }
    world.set_status(CRON_JOBS, present, without_zeros(status))


def _next(item: Json, after: datetime) -> datetime | None:
    """The next minute that the schedule names, within two days."""
    fields = item["spec"]["schedule"].split()
    moment = after.replace(second=0, microsecond=0)
    for _ in range(_LOOK_AHEAD):
        moment += _MINUTE
        if all(
            _matches(field, value(moment), lowest)
            for field, (value, lowest) in zip(fields, _FIELDS, strict=True)
        ):
            return moment
    return None


def _matches(field: str, value: int, lowest: int) -> bool:
    """`*`, `*/5`, `3`, `1-4`, and lists of them."""
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            low, high = lowest, 59
        else:
            low, high = int(first), int(last or first)
        if low <= value <= high and (value - low) % int(step or 1) == 0:
            return True
    return False
