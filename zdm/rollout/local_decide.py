"""What the supervisor does next, decided from values alone.

One surplus instance at most: a new one starts, and only when it is ready an old one is
stopped. When the wish has failed, what still serves is kept, and what it loses is put back
in the version that was last there completely.
"""

from dataclasses import dataclass

from zdm.rollout.local_state import Member, Stage, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Start one instance of the version."""

    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Stop the member, gracefully."""

    id: str


Move = Start | Stop


def decide(state: State, target: str | None, replicas: int) -> tuple[Move, ...]:
    """The moves towards `replicas` instances of the target, if any are due."""
    live = tuple(m for m in state.members if m.stage is not Stage.TERMINATING)
    if target is None:
        return tuple(Stop(id=m.id) for m in live)
    if state.failure is not None and state.settled != target:
        return _hold(live, state.settled, target, replicas)
    missing = replicas - len(live)
    if missing > 0:
        return (Start(version=target),) * missing
    return _replace_one(live, target, replicas)


def _replace_one(live: tuple[Member, ...], target: str, replicas: int) -> tuple[Move, ...]:
    old = [m for m in live if m.version != target]
    if any(m.stage is Stage.STARTING for m in live if m.version == target):
        return ()
    if len(live) > replicas:
        surplus = old or list(live)
        return (Stop(id=min(surplus, key=lambda m: m.since).id),)
    return (Start(version=target),) if old else ()


def _hold(
    live: tuple[Member, ...], settled: str | None, target: str, replicas: int
) -> tuple[Move, ...]:
    broken = [m for m in live if m.version == target and m.stage is Stage.STARTING]
    missing = replicas - (len(live) - len(broken))
    starts = (Start(version=settled),) * missing if settled is not None else ()
    return (*(Stop(id=m.id) for m in broken), *starts)


def is_complete(members: tuple[Member, ...], target: str, replicas: int) -> bool:
    """Whether the target is there, and no other version is but terminating."""
    live = [m for m in members if m.stage is not Stage.TERMINATING]
    ready = [m for m in live if m.version == target and m.stage is Stage.READY]
    return len(ready) >= replicas and len(ready) == len(live)
