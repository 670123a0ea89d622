"""Rename a function, procedure or aggregate while both versions call it.

ALTER … RENAME locks no table. What PostgreSQL binds to it (indexes, defaults, triggers, views)
follows, text does not (manual, Dependency Tracking). In the same transaction a copy with the
former name is made, with the same body, owner and rights, so each call means what it meant; it
is dropped when the old version is gone.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, NEW_ONLY, Irreversible, Phase, Step
from zdm.model.schema import Function, Name, Snapshot
from zdm.model.statement import Action, Fact
from zdm.model.syntax import RenameObject
from zdm.recipes import run_sql
from zdm.recipes.object import naming, renamed, routine
from zdm.recipes.reading import refuse
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes
from zdm.schema import lookup, routines

SLUG = "rename_function"


class RenameFunction(Struct, frozen=True, kw_only=True):
    """Rename a routine."""

    function: Function
    new: Name

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        of = self.function
        return f"rename {routine.kind(of)} {of.name}({of.arguments}) to {self.new.name}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """What names it in text."""
        return tuple(
            Hazard(operation=SLUG, message=message, remedy=remedy, origin=context.origin)
            for message, remedy in self._risks(context.snapshot)
        )

    def _risks(self, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
        named = naming.functions(snapshot, self.function.name)
        if named:
            yield renamed.in_text(self.function.name, self.new, named)
        yield from renamed.indexed(self.function, snapshot)

    def choice(self, context: Context) -> Choice:
        """A copy has the former name meanwhile."""
        del context
        return choice.of(
            choice.way(
                "catalog",
                "RENAME TO, a change of the catalog alone",
                False,
                unless="every call of the old version would fail at once",
                wording=f"no statement: keep the name {self.function.name}",
            ),
            choice.way(
                "copy",
                "RENAME TO, and a copy under the former name until the old version is gone",
                True,
                Trait.WAITS,
                because="both names call the same body, with the same owner and rights",
            ),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """Rename and copy, in one transaction; after the rollout drop the copy."""
        owner = Owned(operation=SLUG, origin=context.origin)
        snapshot, of = context.snapshot, self.function
        new = replace(of, name=self.new)
        there, copy = routine.there(new, snapshot), routine.there(of, snapshot)
        kind, name = routine.kind(of), of.name
        named = naming.functions(snapshot, name)
        return (
            run_sql.short_transaction(
                owner,
                id=f"{name}-rename",
                phase=Phase.EXPAND,
                title=f"{self.title}, and make a copy {name}",
                sql=(
                    routine.rename(of, self.new.name, snapshot),
                    *routine.copied(of, new, snapshot),
                ),
                locks=(),
                probe=probes.probe(probes.both(there, copy)),
                undo=(routine.taken_back(of, new, snapshot),),
                serves=BOTH,
                reason="One transaction, so no call finds none; both have the same body, owner"
                " and rights.",
            ),
            run_sql.short_transaction(
                owner,
                id=f"{name}-drop-copy",
                phase=Phase.DROP,
                title=f"drop the {kind} {name}, the copy under the former name",
                sql=(routine.drop(of, snapshot),),
                locks=(),
                preconditions=(renamed.none_left(name, self.new),) if named else (),
                probe=probes.probe(probes.both(there, probes.absent(copy))),
                undo=Irreversible(
                    reason="a rollback starts the old version first, and it needs the former"
                    " name"
                ),
                serves=NEW_ONLY,
                reason="No running version calls it by the former name.",
            ),
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ALTER FUNCTION, PROCEDURE or AGGREGATE … RENAME TO."""
    action, said = actions[0], actions[0].said
    if not isinstance(said, RenameObject) or not isinstance(action.fact, Fact):
        return None
    if said.kind != "function":
        return None
    settings = action.statement.settings
    names = lookup.Names(snapshot.functions)
    name = lookup.among(lookup.relation(said.words), names, snapshot, settings)
    found = routines.named(snapshot, name, said.arguments, settings)
    if not found:
        return None if snapshot.opaque else renamed.missing(action, said)
    new = Name(name.schema, said.new_name)
    problem = _problem(found, new, snapshot)
    if problem is not None:
        return refuse.refuse(action, "function_cannot_be_renamed", *problem)
    return Match(operation=RenameFunction(function=found[0], new=new), consumed=(0,))


def _problem(
    found: Sequence[Function], new: Name, snapshot: Snapshot
) -> tuple[str, str] | None:
    if len(found) > 1:
        return (
            f"there are several {found[0].name}, and which one is meant is not known",
            "write the types of its arguments",
        )
    if new in lookup.Names(snapshot.functions):
        return (
            f"there is a function {new} already, and calls of the old version might mean the"
            " renamed one",
            "choose a name that no function has",
        )
    if found[0].changed:
        return (
            f"this train makes or replaces {found[0].name}, and renames it",
            "write the new name in its CREATE, or rename it in a later release",
        )
    return next(renamed.arbiter(found[0], snapshot), None)
