"""Why a plan is as it is: what became of each way, and what other words would be cheaper."""

from enum import StrEnum

from msgspec import Struct

from zdm.model.explained.choice import Choice, Trait, Way
from zdm.model.locks import LockMode
from zdm.model.schema import Name
from zdm.model.statement import Source

FORMAT = 1  # of an Explanation as JSON


class Verdict(StrEnum):
    """What became of a way."""

    TAKEN = "taken"
    LEFT = "left"  # it does not fit
    DEARER = "dearer"  # a cheaper one fits


class Considered(Struct, frozen=True, kw_only=True):
    """A way and what became of it."""

    name: str
    does: str
    verdict: Verdict
    fact: str
    costs: tuple[Trait, ...] = ()
    wording: str = ""


class Effect(Struct, frozen=True, kw_only=True):
    """What the author's statements, run as written, do to a relation that is in use. `does`
    are words of what takes as long as the table is large."""

    relation: Name
    lock: LockMode
    does: tuple[str, ...] = ()
    rows: int | None = None


class Change(Struct, frozen=True, kw_only=True):
    """A change of the train: what it would do as written, the ways, and the steps of the one
    that is taken. `unknown`: why it may do more."""

    slug: str
    title: str
    origin: tuple[Source, ...]
    as_written: tuple[Effect, ...] = ()
    unknown: str = ""
    ways: tuple[Considered, ...]
    steps: tuple[str, ...] = ()

    @property
    def taken(self) -> Considered:
        """The way that is taken."""
        return next(one for one in self.ways if one.verdict is Verdict.TAKEN)


class Advice(Struct, frozen=True, kw_only=True):
    """Other words for several statements at once, and what they save."""

    text: str
    origin: tuple[Source, ...]


class Explanation(Struct, frozen=True, kw_only=True):
    """Why a plan is as it is."""

    plan: str
    changes: tuple[Change, ...]
    advice: tuple[Advice, ...] = ()
    format: int = FORMAT


def considered(choice: Choice) -> tuple[Considered, ...]:
    """Each way with its verdict."""
    taken = choice.taken

    def verdict(one: Way) -> Verdict:
        if one is taken:
            return Verdict.TAKEN
        return Verdict.DEARER if one.fits else Verdict.LEFT

    return tuple(
        Considered(
            name=one.name,
            does=one.does,
            verdict=verdict(one),
            fact=one.fact,
            costs=tuple(sorted(one.costs)),
            wording=one.wording,
        )
        for one in choice.ways
    )
