"""Rename a view or materialized view while both versions read it.

RENAME takes ACCESS EXCLUSIVE on the view alone, for milliseconds, and so a view with the former
name is made in the same transaction, as for a table. It can be written to where the other one
can (manual, CREATE VIEW, Updatable Views); nobody can REFRESH it.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, NEW_ONLY, Irreversible, Phase, Step
from zdm.model.schema import Name, Snapshot, View
from zdm.model.statement import Action, Fact
from zdm.model.syntax import RenameObject
from zdm.recipes import run_sql
from zdm.recipes.object import in_place, naming, renamed, stand_in_view, views
from zdm.recipes.reading import refuse
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes
from zdm.schema import lookup

SLUG = "rename_view"
_KINDS = frozenset({"view", "materialized view", "table"})


class RenameView(Struct, frozen=True, kw_only=True):
    """Rename a view."""

    view: View
    new: Name

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"rename {self.view.kind} {self.view.name} to {self.new.name}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """What a view cannot do, and what names it in text."""
        return tuple(
            Hazard(operation=SLUG, message=message, remedy=remedy, origin=context.origin)
            for message, remedy in self._risks(context.snapshot)
        )

    def _risks(self, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
        name = self.view.name
        if self.view.kind == "materialized view":
            yield (
                f"until the contract {name} is a view, and REFRESH of it and new indexes fail",
                f"let what refreshes it, also from outside the application, name {self.new} as"
                " soon as the new version is deployed",
            )
        named = naming.functions(snapshot, name)
        if named:
            yield renamed.in_text(name, self.new, named)

    def choice(self, context: Context) -> Choice:
        """A view has the former name meanwhile."""
        del context
        return choice.of(
            choice.way(
                "catalog",
                "RENAME TO, a change of the catalog alone",
                False,
                unless="every query of the old version would fail at once",
                wording=f"no statement: keep the name {self.view.name}",
            ),
            choice.way(
                "view",
                "RENAME TO, and a view of the former name until the old version is gone",
                True,
                Trait.WAITS,
                because="the view passes the old version's queries on",
            ),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """Rename and stand in, in one transaction; after the rollout drop the other view."""
        owner = Owned(operation=SLUG, origin=context.origin)
        name, kind = self.view.name, "m" if self.view.kind == "materialized view" else "v"
        invoker = in_place.view_as_invoker(self.view, context.major)
        names = stand_in_view.Renamed(name, self.new)
        named = naming.functions(context.snapshot, name)
        return (
            run_sql.short_transaction(
                owner,
                id=f"{name}-rename",
                phase=Phase.EXPAND,
                title=f"{self.title}, and make a view {name}",
                sql=(
                    *stand_in_view.rename(names),
                    *stand_in_view.create_of_view(self.view, self.new, invoker=invoker),
                ),
                locks=(views.lock(self.view),),
                preconditions=() if invoker else (in_place.owner_has_all(name),),
                probe=probes.probe(stand_in_view.in_place(name, self.new, kind)),
                undo=(stand_in_view.undo(names, kind),),
                serves=BOTH,
                reason="One transaction, because between two of them queries of one name fail;"
                " the view has the owner and the grants of the other one.",
            ),
            run_sql.short_transaction(
                owner,
                id=f"{name}-drop-view",
                phase=Phase.DROP,
                title=f"drop the view {name}",
                sql=(stand_in_view.drop(name),),
                locks=(views.lock(self.view),),
                preconditions=(renamed.none_left(name, self.new),) if named else (),
                probe=probes.probe(
                    probes.both(probes.absent(probes.relation(name)), probes.relation(self.new))
                ),
                undo=Irreversible(
                    reason="a rollback starts the old version first, and it needs the former"
                    " name"
                ),
                serves=NEW_ONLY,
                reason="No running version uses the former name.",
            ),
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ALTER VIEW … RENAME TO, also by ALTER TABLE."""
    action, said = actions[0], actions[0].said
    if not isinstance(said, RenameObject) or not isinstance(action.fact, Fact):
        return None
    view = views.named(said.words, action, snapshot) if said.kind in _KINDS else None
    if view is None:
        missing = said.kind in views.KINDS and not snapshot.opaque
        return renamed.missing(action, said) if missing else None
    new = Name(view.name.schema, said.new_name)
    problem = _problem(view, new, snapshot)
    if problem is not None:
        return refuse.refuse(action, "view_cannot_be_renamed", *problem)
    return Match(operation=RenameView(view=view, new=new), consumed=(0,))


def _problem(view: View, new: Name, snapshot: Snapshot) -> tuple[str, str] | None:
    name = view.name
    if lookup.in_use(snapshot, new, types=True):
        return renamed.taken(new)
    if in_place.is_made(view):
        return (
            f"this train makes {name} or replaces it, and renames it",
            "write the new name in its CREATE, or rename it in a later release",
        )
    return in_place.of_view(view, snapshot)
