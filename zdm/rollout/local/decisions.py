"""What the supervisor does next, decided from values alone.

One surplus instance at most: a new one starts, and only when it is ready an old one is
stopped. When the wish has failed, instances that still serve are kept, and lost ones are
replaced in the version that last ran completely.
"""

from msgspec import Struct

from zdm.rollout.local.state import Member, Stage, State, Wish


class Start(Struct, frozen=True, kw_only=True):
    """Start one instance of the version."""

    version: str


class Stop(Struct, frozen=True, kw_only=True):
    """Stop the member, gracefully."""

    id: str


Move = Start | Stop


class Target(Struct, frozen=True, kw_only=True):
    """Where to: `replicas` of the version, each ready since `ready_before` or earlier."""

    version: str
    replicas: int
    ready_before: float

    def counts(self, member: Member) -> bool:
        """Whether the member is one of those that are asked for."""
        ready = member.stage is Stage.READY and member.since <= self.ready_before
        return ready and member.version == self.version


def target_of(wish: Wish, now: float) -> Target | None:
    """What the wish asks for, if not that everything stops."""
    if wish.version is None:
        return None
    before = now - wish.workload.min_ready.total_seconds()
    return Target(version=wish.version, replicas=wish.workload.replicas, ready_before=before)


def decide(state: State, target: Target | None) -> tuple[Move, ...]:
    """The moves towards the target, if any are due."""
    live = tuple(m for m in state.members if m.stage is not Stage.TERMINATING)
    if target is None:
        return tuple(Stop(id=m.id) for m in live)
    if state.failure is not None and state.settled != target.version:
        return _hold(live, state.settled, target)
    missing = target.replicas - len(live)
    if missing > 0:
        return (Start(version=target.version),) * missing
    return _replace_one(live, target)


def _replace_one(live: tuple[Member, ...], target: Target) -> tuple[Move, ...]:
    old = [m for m in live if m.version != target.version]
    if len(live) > len(old) + sum(map(target.counts, live)):
        return ()
    if len(live) > target.replicas:
        surplus = old or list(live)
        return (Stop(id=min(surplus, key=lambda m: m.since).id),)
    return (Start(version=target.version),) if old else ()


def _hold(live: tuple[Member, ...], settled: str | None, target: Target) -> tuple[Move, ...]:
    broken = [m for m in live if m.version == target.version and m.stage is Stage.STARTING]
    missing = target.replicas - (len(live) - len(broken))
    starts = (Start(version=settled),) * missing if settled is not None else ()
    return (*(Stop(id=m.id) for m in broken), *starts)


def is_complete(members: tuple[Member, ...], target: Target) -> bool:
    """Whether the target is there, and no other version is but terminating."""
    live = [m for m in members if m.stage is not Stage.TERMINATING]
    return len(live) >= target.replicas and all(map(target.counts, live))
