"""What an Operation is: a frozen value that satisfies this Protocol by shape."""

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from zdm.model.explained.choice import Choice
from zdm.model.findings import Finding, Hazard
from zdm.model.plan import Step
from zdm.model.schema import Index, Name, Snapshot, Type
from zdm.model.statement import Action, Directive, Source


class Context(Struct, frozen=True, kw_only=True):
    """What a recipe may know besides its own operation."""

    snapshot: Snapshot  # the schema that the operations before it leave
    origin: tuple[Source, ...]
    end: Snapshot | None = None  # the schema that the whole train leaves
    # unique indexes of tables that operations before it drop only after the rollout
    staying: tuple[tuple[Name, Index], ...] = ()

    @property
    def left(self) -> Snapshot:
        """What is there in the end, for hazards of what happens after the rollout."""
        return self.end or self.snapshot

    @property
    def major(self) -> int:
        """The target server's major version."""
        return self.snapshot.major


class Operation(Protocol):
    """A schema change."""

    @property
    def slug(self) -> str:
        """The module's name, as in the plan file."""

    @property
    def title(self) -> str:
        """One line for a person: `rename users.email to new_email`."""

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """The risks that remain."""

    def choice(self, context: Context) -> Choice:
        """The ways in which it can be made; `recipe` gives the steps of the one taken."""

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """Its steps, in order, with ids that are unique within the operation."""


class Match(Struct, frozen=True, kw_only=True):
    """The Operation, and the positions in the given sequence of the Actions it consumes.

    The first position is always 0: a recogniser answers for the train from there on.
    `directives` are those of the author that the operation makes use of; `kept_filled` are
    columns that it fills, and in which its trigger leaves no NULL until the contract; `types`
    are those that it changes where they are, although its statements make them again.
    """

    operation: Operation
    consumed: tuple[int, ...]
    directives: tuple[Directive, ...] = ()
    kept_filled: tuple[tuple[Name, str], ...] = ()  # table and column
    types: tuple[Type, ...] = ()
    unwritten: tuple[tuple[Name, str], ...] = ()  # columns that it adds and does not fill
    again: tuple[tuple[Name, str], ...] = ()  # columns that it sets once more in the contract


class Refusal(Struct, frozen=True, kw_only=True):
    """The recogniser knows what this is, and that it must not be planned; `consumed` are the
    positions of the Actions that it speaks of."""

    finding: Finding
    consumed: tuple[int, ...] = (0,)


# Given the Actions not yet consumed and the Snapshot before the first of them:
# a Match, a Refusal with its reason, or None for "not mine".
Recogniser = Callable[[Sequence[Action], Snapshot], Match | Refusal | None]
