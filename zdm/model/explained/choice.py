"""The ways in which a change can be made, which one is taken, and why.

Ways come from the cheapest on, and the first that fits is taken. What does not fit says why,
and where the author can make it fit, by which words.
"""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import chain
from typing import NotRequired, TypedDict, Unpack

from msgspec import Struct

from zdm.model.plan import Backfill, Phase, RunSql, Step
from zdm.model.sql import TRIGGER_PREFIX

_TRIGGER = re.compile(rf'\bCREATE (?:OR REPLACE )?TRIGGER "?{TRIGGER_PREFIX}')
_BUILD = re.compile(r"\b(?:CREATE (?:UNIQUE )?|RE)INDEX (?:INDEX )?CONCURRENTLY\b")


class Trait(StrEnum):
    """What the steps of a way cost; a way without any is a change of the catalog."""

    SCANS = "scans"  # reads every row in one statement
    BUILDS = "builds"  # builds an index
    BATCHES = "batches"  # writes or deletes rows in batches
    TRIGGER = "trigger"  # a trigger of zdm runs for writes meanwhile
    WAITS = "waits"  # a step comes when the old version is gone


class Way(Struct, frozen=True, kw_only=True):
    """One way. `fact` says why it fits, or why it does not; `wording` is what the author could
    write so that it fits; `may` are costs that depend on the schema."""

    name: str
    does: str
    fits: bool
    fact: str
    costs: frozenset[Trait] = frozenset()
    may: frozenset[Trait] = frozenset()
    wording: str = ""

    def has(self, steps: Sequence[Step]) -> bool:
        """Whether these steps can be its own."""
        found = traits(steps)
        return self.costs <= found <= self.costs | self.may


class Choice(Struct, frozen=True, kw_only=True):
    """All ways, from the cheapest on; at least one fits."""

    ways: tuple[Way, ...]

    @property
    def taken(self) -> Way:
        """The first that fits."""
        return next(way for way in self.ways if way.fits)


class Said(TypedDict):
    """`because` is the fact of a way that fits, `unless` that of one that does not."""

    because: NotRequired[str]
    unless: NotRequired[str]
    wording: NotRequired[str]
    may: NotRequired[Iterable[Trait]]


def way(name: str, does: str, fits: bool, *costs: Trait, **said: Unpack[Said]) -> Way:
    """One way."""
    return Way(
        name=name,
        does=does,
        fits=fits,
        fact=said.get("because", "") if fits else said.get("unless", ""),
        costs=frozenset(costs),
        may=frozenset(said.get("may", ())),
        wording="" if fits else said.get("wording", ""),
    )


def of(*ways: Way) -> Choice:
    """The choice between them."""
    return Choice(ways=ways)


def single(
    does: str, *costs: Trait, because: str, name: str = "only", may: Iterable[Trait] = ()
) -> Choice:
    """There is one way; `because` says why nothing else is needed."""
    return of(way(name, does, True, *costs, because=because, may=may))


def nothing(because: str) -> Choice:
    """There is nothing to do."""
    return single("do nothing", because=because, name="nothing")


def by_version(
    does: str, *costs: Trait, late: bool, early: str, after: str, may: Iterable[Trait] = ()
) -> Choice:
    """One way before the rollout, and the same when the old version is gone; `early` and
    `after` say what decides."""
    return of(
        way(
            "before_rollout",
            f"{does} before the rollout",
            not late,
            *costs,
            because=early,
            unless=after,
            may=may,
        ),
        way(
            "after_rollout",
            f"{does} when the old version is gone",
            late,
            *costs,
            Trait.WAITS,
            because=after,
            unless=early,
            may=may,
        ),
    )


def traits(steps: Sequence[Step]) -> frozenset[Trait]:
    """What the steps cost."""
    return frozenset(chain.from_iterable(map(_of_step, steps)))


def _of_step(step: Step) -> Iterable[Trait]:
    if step.phase.position > Phase.ROLLOUT.position:
        yield Trait.WAITS
    if isinstance(step, Backfill):
        yield Trait.BATCHES
    if isinstance(step, RunSql):
        text = "\n".join(step.sql)
        builds = _BUILD.search(text) is not None
        if builds:
            yield Trait.BUILDS
        elif step.cost.scan:
            yield Trait.SCANS
        if _TRIGGER.search(text):
            yield Trait.TRIGGER
