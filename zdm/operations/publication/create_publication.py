"""CREATE PUBLICATION of tables.

It takes SHARE UPDATE EXCLUSIVE on each table for milliseconds, which lets reads and writes pass
(measured 14, 18), and nothing is sent before there is a subscription. But from then on each
UPDATE and DELETE of a table fails (55000) whose rows subscribers could not find: one without a
replica identity, or with a list of columns or a row filter that does not fit to it. So it is
planned where each table has an identity that is sent, or neither updates nor deletes are
published.
"""

from collections.abc import Sequence

from msgspec import Struct

from zdm.model.commands import Work, WorkOn
from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import Step, TableLock
from zdm.model.schema import Snapshot
from zdm.model.statement import Action, Fact, Statement
from zdm.parse import emit
from zdm.parse.emit import Ident
from zdm.parse.objects import publications as written
from zdm.recipes import run_sql
from zdm.recipes.publication import unfit
from zdm.recipes.publication.there import there
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes
from zdm.schema.effects import publications

SLUG = "create_publication"


class CreatePublication(Struct, frozen=True, kw_only=True):
    """Make it. `events`: what it sends."""

    name: str
    events: tuple[str, ...]
    statement: Statement
    locks: tuple[TableLock, ...]

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"create publication {self.name}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """A rollback takes it from its subscribers."""
        del context
        return (
            Hazard(
                operation=SLUG,
                message=f"until the contract a rollback drops publication {self.name}, and a"
                " subscription to it would stop with an error, or miss changes (18 and later)",
                remedy="subscribe when the migration is done",
            ),
        )

    def choice(self, context: Context) -> Choice:
        """Reads and writes pass."""
        del context
        return choice.single(
            "run it as written before the rollout",
            because="it blocks neither reads nor writes, and every UPDATE and DELETE that it"
            " publishes has a replica identity"
            if unfit.changes(self.events)
            else "it blocks neither reads nor writes, and publishes neither UPDATE nor DELETE",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """The author's statement."""
        return (
            run_sql.as_authored(
                Owned(operation=SLUG, origin=context.origin),
                self.statement,
                id=f"{self.name}-publication",
                title=self.title,
                locks=self.locks,
                probe=probes.probe(there(self.name)),
                undo=(emit.sql("DROP PUBLICATION IF EXISTS {p}", p=Ident(self.name)),),
                reason="Reads and writes pass; nothing is sent before there is a subscription.",
            ),
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A CREATE PUBLICATION, of tables of the Snapshot."""
    action, said = actions[0], actions[0].said
    if not isinstance(said, WorkOn) or said.work is not Work.PUBLICATION:
        return None
    if not isinstance(action.fact, Fact) or not written.creates(action):
        return None
    named = tuple(publications.of(action, snapshot))
    missing = next((name for name, _ in named if snapshot.table(name) is None), None)
    if missing is not None and snapshot.opaque:
        return None
    problem = unfit.problem(action, snapshot)
    if problem is not None:
        return refuse.refuse(action, "publication_cannot_be_created", *problem)
    operation = CreatePublication(
        name=written.name(action),
        events=written.events(action),
        statement=action.statement,
        locks=statements.of_author(snapshot, action),
    )
    return Match(operation=operation, consumed=(0,))
