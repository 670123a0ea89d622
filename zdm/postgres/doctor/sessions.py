"""Whose sessions would hold the contract gate: those that name no version."""

from collections import Counter

from zdm.execute.gate.decision import APPLICATION, may_hold
from zdm.model import diagnosis
from zdm.model.diagnosis import Diagnosis
from zdm.model.release import Version
from zdm.postgres.session import activity
from zdm.postgres.session.connection import Connection

SHOWN = 5  # groups of sessions in a message
NAME = "named sessions"


def are_named(opened: Connection, allowed: tuple[str, ...] | None) -> Diagnosis:
    """Sessions that the gate does not recognise; `allowed` None: no session holds it."""
    found = Counter(
        (one.application, one.user, one.client)
        for one in activity.read(opened)
        if not _names_a_version(one.application) and may_hold(one.application, allowed or ())
    )
    if not found:
        return diagnosis.ok(NAME, "every session that is connected now names its version")
    groups = [f"{count} {_who(*one)}" for one, count in found.most_common(SHOWN)]
    more = f" and {len(found) - SHOWN} more kinds" if len(found) > SHOWN else ""
    who = f"connected sessions name no version of the application: {', '.join(groups)}{more}"
    if allowed is None:
        return diagnosis.ok(NAME, f'{who}; `sessions = "warn"` lets them pass')
    return diagnosis.warning(
        NAME,
        f"{who}; while one is connected, the contract waits, and stops at the deadline",
        f"set PGAPPNAME={APPLICATION}VERSION/… (or application_name in the URL) for the"
        " application, and `old` and `new` in [rollout] of zdm.toml to the names of its"
        " versions; allow other programs with `allowed_sessions`, or set"
        ' `sessions = "warn"` there',
    )


def _names_a_version(application: str) -> bool:
    if not application.startswith(APPLICATION):
        return False
    named = application.removeprefix(APPLICATION).split("/", 1)[0]
    return not Version(named).is_placeholder


def _who(application: str, user: str, client: str) -> str:
    return f"{application or 'unnamed'} (user {user}{f', from {client}' if client else ''})"
