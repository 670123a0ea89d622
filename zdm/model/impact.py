"""What a statement does to relations while it runs: locks, rewrites, index builds, scans.

An Answer may be UNKNOWN, and `Impact.unknown` gives the reason why locks are not known.
Nothing unknown may count as harmless.
"""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from zdm.model.locks import LockMode
from zdm.model.schema import Name


class Answer(StrEnum):
    """Whether something happens."""

    NO = "no"
    UNKNOWN = "unknown"
    YES = "yes"

    @property
    def possible(self) -> bool:
        """Whether it must be reckoned with."""
        return self is not Answer.NO


NO, UNKNOWN, YES = Answer.NO, Answer.UNKNOWN, Answer.YES
_FROM_WEAK = (NO, UNKNOWN, YES)


class Touch(Struct, frozen=True, kw_only=True):
    """What happens to one relation: a table, view, index or sequence.

    `scans`: every row is read under the lock, be it to check, to copy or to index it.
    A lock on an index is given only where it blocks more than the one on its table.
    """

    relation: Name
    lock: LockMode
    rewrites: Answer = NO
    builds: Answer = NO  # builds an index of it, or builds one again
    scans: Answer = NO

    def joined(self, other: "Touch") -> "Touch":
        """Both together, on the same relation."""
        return Touch(
            relation=self.relation,
            lock=self.lock.together_with(other.lock),
            rewrites=_stronger(self.rewrites, other.rewrites),
            builds=_stronger(self.builds, other.builds),
            scans=_stronger(self.scans, other.scans),
        )


class Impact(Struct, frozen=True, kw_only=True):
    """All that a statement does to relations, one Touch each, by name."""

    touches: tuple[Touch, ...] = ()
    in_transaction: bool = True  # it can run in a transaction block
    unknown: str = ""  # why it may lock more than listed here

    def on(self, relation: Name) -> Touch | None:
        """What it does to that relation, if anything."""
        return next((t for t in self.touches if t.relation == relation), None)

    def joined(self, other: "Impact") -> "Impact":
        """Both together: two sub-commands of one statement."""
        if self == other:
            return self
        reasons = dict.fromkeys(filter(None, (self.unknown, other.unknown)))
        return Impact(
            touches=_by_relation((*self.touches, *other.touches)),
            in_transaction=self.in_transaction and other.in_transaction,
            unknown="; ".join(reasons),
        )


def of(touches: Iterable[Touch], *, unknown: str = "", in_transaction: bool = True) -> Impact:
    """The Impact of touches, of which several may be on one relation."""
    return Impact(touches=_by_relation(touches), unknown=unknown, in_transaction=in_transaction)


def _by_relation(touches: Iterable[Touch]) -> tuple[Touch, ...]:
    found: dict[Name, Touch] = {}
    for touch in touches:
        there = found.get(touch.relation)
        found[touch.relation] = touch if there is None else there.joined(touch)
    return tuple(found[name] for name in sorted(found))


def _stronger(one: Answer, other: Answer) -> Answer:
    return max(one, other, key=_FROM_WEAK.index)
