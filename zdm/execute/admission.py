"""May an application version start on the current schema? Journalled runs in, one answer out.

Versions are opaque names, so their order is that of the runs that named them. A version that a
run has retired is refused until a later run names it as its new version. Comparing with one
version would break every rolling update, so a run in progress serves a set of versions. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import assert_never

from msgspec import Struct

from zdm.execute.gate.decision import Refused, Wait
from zdm.model.release import RunState, Version

_UNTIL = {
    RunState.FAILED_KEPT_EXPANDED: "until `zdm execute` continues it",
    RunState.REVERTING: "since it is being rolled back",
}
_NAMES = "set rollout.old and rollout.new in zdm.toml to the names your images carry"


class RecordedRun(Struct, frozen=True, kw_only=True):
    """One run, as far as admission needs it; a version is None where none was recorded."""

    id: int
    plan_name: str
    old: Version | None
    new: Version | None
    state: RunState
    past_return: bool

    def __str__(self) -> str:
        return f"run {self.id} of `{self.plan_name}`"

    @property
    def is_finished(self) -> bool:
        """Whether nothing of it is pending."""
        return self.state in (RunState.CONTRACTED, RunState.REVERTED)

    @property
    def serves(self) -> frozenset[Version]:
        """The versions that may start while it is unfinished (rollback table of the docs)."""
        if self.past_return:
            return _known(self.new)
        match self.state:
            case (
                RunState.BACKFILLED | RunState.DEPLOYING | RunState.DEPLOYED | RunState.SOAKING
            ):
                return _known(self.old, self.new)
            case RunState.CONTRACTING | RunState.CONTRACTED:
                return _known(self.new)
            case (
                RunState.PLANNED
                | RunState.EXPANDING
                | RunState.EXPANDED
                | RunState.BACKFILLING
                | RunState.FAILED_KEPT_EXPANDED
                | RunState.REVERTING
                | RunState.REVERTED
            ):
                return _known(self.old)
            case _:
                assert_never(self.state)


class Admitted(Struct, frozen=True, kw_only=True):
    """It may start, and why."""

    reason: str


Admission = Admitted | Wait | Refused


def decide(version: Version, runs: Sequence[RecordedRun]) -> Admission:
    """Whether the version may start; `runs` in the order in which they were begun."""
    finished = [run for run in runs if run.is_finished]
    for run in runs:
        if not run.is_finished:
            return _during(version, run, _retirements(finished))
    return _after(version, finished)


def _known(*versions: Version | None) -> frozenset[Version]:
    return frozenset(version for version in versions if version is not None)


def _said(versions: Iterable[Version]) -> str:
    return " and ".join(sorted(version.name for version in versions)) or "no version"


def _retirements(finished: Iterable[RecordedRun]) -> Mapping[Version, RecordedRun | None]:
    """Each version that finished runs know: the run that retired it, None while served."""
    retired_by: dict[Version, RecordedRun | None] = {}
    for run in finished:
        if run.state is RunState.CONTRACTED:
            known = {*retired_by, *_known(run.old)}
            retired_by |= {version: retired_by.get(version) or run for version in known}
            retired_by |= dict.fromkeys(_known(run.new))
        else:  # rolled back: the old version is still served, the new one was never finished
            retired_by |= {version: retired_by.get(version) for version in _known(run.old)}
    return MappingProxyType(retired_by)


def _retired(version: Version, by: RecordedRun) -> Refused:
    return Refused(
        reason=f"{version} is retired: {by} has contracted the schema to"
        f" {_said(_known(by.new))}, so {version} would read and write what is no longer there",
        hint="start a newer version; only a later run that names it as its new version brings"
        " it back",
    )


def _during(
    version: Version, run: RecordedRun, retired_by: Mapping[Version, RecordedRun | None]
) -> Admission:
    if run.old is None or run.new is None:
        return Wait(gate="guard", reason=f"{run} has not yet recorded its versions")
    if version in run.serves:
        return Admitted(reason=f"{run} is {run.state} and serves {_said(run.serves)}")
    if version == run.new:
        return Wait(
            gate="guard",
            reason=f"{version} is too early: {run} is {run.state} and serves"
            f" {_said(run.serves)} {_UNTIL.get(run.state, 'until its backfills are verified')}",
        )
    if version == run.old:
        return _past(version, run)
    by = retired_by.get(version)
    if by is not None:
        return _retired(version, by)
    return Refused(
        reason=f"{run} is {run.state} and serves {_said(run.serves)}; whether {version} works"
        " on its schema is not known",
        hint=f"finish the run or roll it back; if this is one of its versions, {_NAMES}",
    )


def _past(version: Version, run: RecordedRun) -> Admission:
    """The old version of a run that contracts."""
    if run.past_return:
        return Refused(
            reason=f"{version} is retired: {run} is past the point of no return and serves"
            f" {_said(run.serves)}",
            hint="start the new version; for the old one's behaviour, release a version that"
            " has it",
        )
    return Wait(
        gate="guard",
        reason=f"{run} contracts the schema to {_said(run.serves)};"
        " it may still be rolled back",
    )


def _after(version: Version, finished: Sequence[RecordedRun]) -> Admission:
    retired_by = _retirements(finished)
    if version in retired_by:
        by = retired_by[version]
        return (
            Admitted(reason=f"the schema serves {version}, and no run is unfinished")
            if by is None
            else _retired(version, by)
        )
    back = [run for run in finished if version == run.new]
    if back:  # every contracted run's new version is in `retired_by`
        return Wait(
            gate="guard",
            reason=f"{version} is too early: {back[-1]}, which would serve it, was rolled back",
        )
    return Admitted(
        reason=f"no run names {version}, and none is unfinished, so nothing forbids it"
    )
