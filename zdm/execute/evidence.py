"""What the contract relies on, as facts of the catalog, and what has become of them; pure.

The facts are kept from the run's first step on. A step of the plan's own moves them by exactly
what it changed, so whatever else differs right before the contract, others have changed.
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum

from msgspec import Struct

from zdm.model.plan import AwaitRollout, Backfill, Phase, Plan, RunSql

SERVER = ("server", "")  # the life of the database, as a fact
SHOWN = 5  # changes in a message
_WORD = re.compile(r'"((?:[^"]|"")+)"|([^\W\d][\w$]*)')


class Fact(Struct, frozen=True):
    """One object: its life in this catalog, its definition, and whether the remaining steps
    name it or the dual write works by it."""

    identity: str
    definition: str
    binding: bool


Facts = Mapping[tuple[str, str], Fact]  # by kind and name


class How(StrEnum):
    """What has become of an object; TOUCHED: its definition is the same again."""

    NEW = "is new"
    GONE = "is gone"
    ALTERED = "was altered"
    TOUCHED = "was altered and is as before"


class Change(Struct, frozen=True, order=True):
    """What others changed."""

    kind: str
    name: str
    how: How
    binding: bool

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self.how}".replace("  ", " ")

    @property
    def blocks(self) -> bool:
        """Whether the contract would fail by it, or take it along unsaid."""
        return self.binding and self.how is not How.TOUCHED

    @property
    def is_doubtful(self) -> bool:
        """Whether rows may have been written without the dual write meanwhile."""
        return self.kind in ("trigger", "function")


class Scope(Struct, frozen=True, kw_only=True):
    """What of a plan the facts are about: tables of the steps after the rollout, the words of
    their SQL, and the backfills whose columns are kept in sync until then."""

    tables: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    watched: tuple[Backfill, ...] = ()
    late: frozenset[str] = frozenset()  # ids of the steps after the rollout
    marker: str | None = None  # the step at the point of no return


def scope(plan: Plan) -> Scope:
    """What there is to look at; nothing where no step comes after the rollout."""
    late = [
        step
        for step in plan.steps
        if step.phase.position > Phase.ROLLOUT.position and not isinstance(step, AwaitRollout)
    ]
    if not late:
        return Scope()
    watched = tuple(s for s in plan.steps if isinstance(s, Backfill) and s.synced)
    tables = {lock.table.sql for step in late for lock in step.locks}
    texts = [text for step in late if isinstance(step, RunSql) for text in step.sql]
    words = {word for text in texts for word in _words(text)}
    return Scope(
        tables=tuple(sorted(tables | {step.table.sql for step in watched})),
        words=tuple(sorted(words)),
        watched=watched,
        late=frozenset(step.id for step in late),
        marker=plan.point_of_no_return,
    )


def _words(sql: str) -> Iterator[str]:
    for quoted, bare in _WORD.findall(sql):
        yield quoted.replace('""', '"') if quoted else bare.lower()


def changes(before: Facts, after: Facts) -> tuple[Change, ...]:
    """How they differ, in the order of kinds and names."""
    found = []
    for key in sorted({*before, *after}):
        one, other = before.get(key), after.get(key)
        how = _how(one, other)
        if how is not None:
            binding = any(fact.binding for fact in (one, other) if fact is not None)
            found.append(Change(*key, how, binding))
    return tuple(found)


def _how(one: Fact | None, other: Fact | None) -> How | None:
    if one is None:
        return How.NEW
    if other is None:
        return How.GONE
    if one.definition != other.definition:
        return How.ALTERED
    return How.TOUCHED if one.identity != other.identity else None


def moved(kept: Facts, before: Facts, after: Facts) -> Facts:
    """The facts that are kept, moved by what one step changed."""
    result = dict(kept)
    for change in changes(before, after):
        key = (change.kind, change.name)
        if key in after:
            result[key] = after[key]
        else:
            result.pop(key, None)
    return result


def said(found: tuple[Change, ...]) -> str:
    """The first of them."""
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return "; ".join(map(str, found[:SHOWN])) + more
