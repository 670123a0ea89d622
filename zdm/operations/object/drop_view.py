"""DROP VIEW and DROP MATERIALIZED VIEW, when no version reads it any more.

It takes ACCESS EXCLUSIVE on the view alone. PostgreSQL refuses it while another view or a row
type uses it, not while the text of a function names it (manual, DROP VIEW; Dependency
Tracking). Never CASCADE. The old version is started before a rollback undoes anything, so from
here there is no way back.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import NEW_ONLY, Irreversible, Phase, Step
from zdm.model.schema import Snapshot, View
from zdm.model.statement import Action, ActionKind
from zdm.model.syntax import DropObjects
from zdm.parse import emit
from zdm.parse.emit import Qualified
from zdm.recipes import run_sql
from zdm.recipes.object import routine, views
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes

SLUG = "drop_view"
_DROPS = {"view": "DROP VIEW {v}", "materialized view": "DROP MATERIALIZED VIEW {v}"}


class DropView(Struct, frozen=True, kw_only=True):
    """Drop a view; None: it does not exist, and the statement has IF EXISTS."""

    name: str
    view: View | None

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        if self.view is None:
            return f"drop view {self.name} (does not exist)"
        return f"drop {self.view.kind} {self.view.name}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """What may still read it."""
        return tuple(
            Hazard(operation=SLUG, message=message, remedy=remedy, origin=context.origin)
            for message, remedy in self._risks(context.left)
        )

    def _risks(self, left: Snapshot) -> Iterator[tuple[str, str]]:
        if self.view is None:
            return
        name = self.view.name
        yield (
            f"after the contract what still reads {name} fails, also reports and other"
            " applications",
            "look for its name in pg_stat_statements once the old version is gone",
        )
        named = views.naming(name, left)
        if named:
            yield (
                f"these name {name} in their text: {routine.listed(named)}; PostgreSQL does not"
                " look at that, and they fail where they read it",
                "replace or drop them in this train, or in an earlier release",
            )

    def choice(self, context: Context) -> Choice:
        """It waits for the old version."""
        del context
        if self.view is None:
            return choice.nothing("there is no such view, and the statement says IF EXISTS")
        return choice.single(
            "drop it when the old version is gone",
            Trait.WAITS,
            because="the old version may read it",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step, or none."""
        if self.view is None:
            return ()
        name = self.view.name
        return (
            run_sql.short_transaction(
                Owned(operation=SLUG, origin=context.origin),
                id=f"{name}-drop",
                phase=Phase.CONTRACT,
                title=self.title,
                sql=(emit.sql(_DROPS[self.view.kind], v=Qualified(name)),),
                locks=(views.lock(self.view),),
                probe=probes.probe(probes.absent(probes.relation(name))),
                undo=Irreversible(
                    reason="the old version may read it, and works only where it is there"
                ),
                serves=NEW_ONLY,
                reason="The old version is gone, and the new one does not read it.",
            ),
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A DROP of one view or materialized view."""
    action, said = actions[0], actions[0].said
    if not isinstance(said, DropObjects) or said.kind not in views.KINDS:
        return None
    if statements.fact(action, ActionKind.DROP_VIEW) is None:
        return None
    found = views.named(said.objects[0], action, snapshot)
    name = ".".join(said.objects[0])
    problem = _problem(said, found, name, snapshot)
    if problem is None and found is not None:
        problem = _made_again(actions, found, snapshot)
    if problem is not None:
        return refuse.refuse(action, "view_cannot_be_dropped", *problem)
    if found is None and snapshot.opaque:
        return None
    operation = DropView(name=name, view=found)
    return Match(operation=operation, consumed=(0,), directives=action.statement.vouched)


def _problem(
    said: DropObjects, found: View | None, name: str, snapshot: Snapshot
) -> tuple[str, str] | None:
    if found is None:
        if said.if_exists or snapshot.opaque:
            return None
        return (
            f"there is no {said.kind} {name} in the schema, so this statement would fail",
            "correct the name, or write IF EXISTS",
        )
    if found.kind != said.kind:
        return (
            f"{found.name} is a {found.kind}, so this statement would fail",
            f"write DROP {found.kind.upper()}",
        )
    if said.cascade:
        return (
            f"CASCADE also drops everything that uses {found.name}, unlisted",
            "drop what uses it first, by name, and remove CASCADE",
        )
    users = tuple(dict.fromkeys(views.users(found, snapshot)))
    if users:
        return (
            f"{found.name} cannot be dropped, because these use it: {routine.listed(users)}",
            "drop each of them by name above this statement, or in an earlier release, without"
            " CASCADE",
        )
    if views.by_train(found):
        return (
            f"this train makes or replaces {found.name}, and drops it",
            "remove both statements, or drop it in a later release",
        )
    return None


def _made_again(
    actions: Sequence[Action], view: View, snapshot: Snapshot
) -> tuple[str, str] | None:
    position = views.made_again(actions, view, snapshot)
    if position is None:
        return None
    return (
        f"{view.name} stays until the old version is gone, which reads it, so"
        f" {actions[position].source} cannot make another one of its name before",
        "give the new one another name, let the new version read that, and drop this one in a"
        " later release",
    )
