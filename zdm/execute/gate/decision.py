"""The contract gate: is the old version gone? Observations in, one answer out; pure.

Old means any instance that is not the target, not "the version before". A terminating
instance is alive until it is gone. A template with another version would bring old code
back. The absence of old connections is evidence, never proof. What cannot be determined is
Unknown, which waits; it is never Clear.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase

from msgspec import Struct

from zdm.model.release import (
    Instance,
    InstanceState,
    Observation,
    RolloutComplete,
    RolloutFailed,
    RolloutProgress,
    Session,
    Spawner,
    Version,
)

APPLICATION = "zdm-app:"
OWN = "zdm-run:"


class Clear(Struct, frozen=True, kw_only=True):
    """Nothing old is left, in this poll."""


class Wait(Struct, frozen=True, kw_only=True):
    """Not yet: the kind of wait, the reason, who, and until when at the latest."""

    gate: str
    reason: str
    names: tuple[str, ...] = ()
    eta: datetime | None = None
    hint: str = ""  # what a person can do; empty: it ends by itself


class Refused(Struct, frozen=True, kw_only=True):
    """It cannot become clear unless a person acts."""

    reason: str
    hint: str
    rollout_failed: bool = False


class Unknown(Struct, frozen=True, kw_only=True):
    """It could not be determined."""

    reason: str


Answer = Clear | Wait | Refused | Unknown


class Purpose(StrEnum):
    """Why the gate is polled; what another version in a template means depends on it."""

    DEPLOY = "deploy"  # the new version is on its way
    CONTRACT = "contract"  # the new version is there and must stay alone
    GO_BACK = "go back"  # the old version is on its way again


class Evidence(Struct, frozen=True, kw_only=True):
    """What one poll saw, and what it is compared with."""

    purpose: Purpose
    target: Version
    platform: Observation
    sessions: tuple[Session, ...]
    others_deploy: bool = False  # something else moves the version, not zdm
    by_hand: bool = False  # no platform: the operator asserts that the version has moved
    sessions_block: bool = True
    allowed_sessions: tuple[str, ...] = ()

    @property
    def may_still_move(self) -> bool:
        """Whether a template with another version may only not have been moved yet."""
        return self.others_deploy and self.purpose is not Purpose.CONTRACT


def decide(seen: Evidence) -> Answer:
    """The answer of one poll; the first that is not Clear."""
    for answer in _answers(seen):
        if not isinstance(answer, Clear):
            return answer
    return Clear()


def _answers(seen: Evidence) -> Iterable[Answer]:
    yield _superseded(seen)
    yield _status(seen)
    yield _templates(seen)
    yield _instances(seen)
    yield _sessions(seen)


def _status(seen: Evidence) -> Answer:
    match seen.platform.status:
        case RolloutFailed(reason=reason):
            return Refused(
                reason=f"the rollout of {seen.target} failed: {reason}",
                hint="fix the application and run the same command again",
                rollout_failed=True,
            )
        case RolloutProgress(waiting_for=waiting_for, by_hand=by_hand):
            return Wait(gate="a person" if by_hand else "rollout", reason=waiting_for)
        case RolloutComplete():
            return Clear()


def _superseded(seen: Evidence) -> Answer:
    """Checked before the status, which is then about a version that is not the target."""
    kept = {item.id for item in seen.platform.spawners if item.version in (seen.target, None)}
    return _said([item for item in seen.platform.spawners if item.id not in kept], seen)


def _templates(seen: Evidence) -> Answer:
    return _said([item for item in seen.platform.spawners if item.version != seen.target], seen)


def _said(stale: list[Spawner], seen: Evidence) -> Answer:
    if not stale:
        return Clear()
    faults = [f"{item.id} {item.reason}" for item in stale if item.reason]
    if faults:
        return Refused(
            reason="; ".join(faults),
            hint="declare every program that uses the database and make it report its version,"
            " or allow it in zdm.toml, then run the same command again",
        )
    if any(item.version is None for item in stale):
        names = ", ".join(item.id for item in stale if item.version is None)
        return Unknown(reason=f"the version that {names} would start is unknown")
    said = ", ".join(f"{item.id} ({item.version})" for item in stale)
    if seen.may_still_move:
        return Wait(gate="version", reason=f"not yet moved to {seen.target}: {said}")
    return Refused(
        reason=f"{said} would start another version than {seen.target}",
        hint=f"move it to {seen.target}; it may have been rolled back in between",
    )


def _instances(seen: Evidence) -> Answer:
    if not seen.platform.instances:
        return Clear()
    old = [item for item in seen.platform.instances if item.version != seen.target]
    lost = [
        f"{item.id}{f' ({item.note})' if item.note else ''}"
        for item in old
        if item.state is InstanceState.UNKNOWN
    ]
    if lost:
        return Unknown(reason=f"{', '.join(lost)} cannot be seen and may still be alive")
    if not old:
        return Clear()
    etas = [item.eta for item in old if item.eta is not None]
    names = tuple(_named(item) for item in old)
    return Wait(
        gate="old version",
        reason=f"{len(old)} instance{'s' if len(old) > 1 else ''} of another version"
        f" than {seen.target} still alive",
        names=names,
        eta=max(etas) if etas else None,
    )


def _named(item: Instance) -> str:
    version = item.version or "of no known version"
    return f"{item.id} ({', '.join(filter(None, (str(version), item.state, item.note)))})"


def _sessions(seen: Evidence) -> Answer:
    if not seen.sessions_block:
        return Clear()
    held = [one for one in seen.sessions if _holds(one.application, seen)]
    if not held:
        return Clear()
    return Wait(
        gate="sessions",
        reason=f"{len(held)} database session{'s' if len(held) > 1 else ''} not known to"
        f" belong to {seen.target}",
        names=tuple(map(_connected, held)),
        hint=_way_out(held, seen.target),
    )


def _connected(session: Session) -> str:
    client = f", from {session.client}" if session.client else ""
    return (
        f"{session.application or 'unnamed'} (pid {session.pid}, user {session.user}{client})"
    )


def _way_out(held: list[Session], target: Version) -> str:
    """How they stop holding the gate."""
    which = "those of this version" if all(one.application for one in held) else "sessions"
    ways = "end those of other versions, and allow programs with `allowed_sessions` or set"
    if target.is_placeholder:
        return (
            f"name {which} with PGAPPNAME={APPLICATION}VERSION/… and set"
            f' `{target} = "VERSION"` in [rollout] of zdm.toml, {ways}'
            ' `sessions = "warn"` there'
        )
    return (
        f"name {which} with PGAPPNAME={APPLICATION}{target}/…, {ways}"
        ' `sessions = "warn"` in [rollout] of zdm.toml'
    )


def _holds(application: str, seen: Evidence) -> bool:
    if application.startswith(APPLICATION):
        named = application.removeprefix(APPLICATION).split("/", 1)[0]
        # the version of the release before may have the placeholder's name, too
        return named != seen.target.name or (seen.by_hand and seen.target.is_placeholder)
    return may_hold(application, seen.allowed_sessions)


def may_hold(application: str, allowed: tuple[str, ...]) -> bool:
    """Whether a session that names no version holds the gate: it is not zdm's, nor allowed."""
    if application.startswith(OWN):
        return False
    return not any(fnmatchcase(application, glob) for glob in allowed)
