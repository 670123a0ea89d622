"""DROP FUNCTION and DROP PROCEDURE, at the end, when no version calls it any more.

It takes no lock on a table. PostgreSQL refuses it while an index, a constraint, a default, a
trigger, a view or a BEGIN ATOMIC body uses the function, but not while the text of another one
names it (manual, DROP FUNCTION; Dependency Tracking). Never CASCADE. The old version is started
before a rollback undoes anything, so from here there is no way back.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import NEW_ONLY, Irreversible, Phase, Step
from zdm.model.schema import Function, Name, Snapshot
from zdm.model.statement import Action, ActionKind
from zdm.model.syntax import DropObjects
from zdm.recipes import run_sql
from zdm.recipes.object import routine
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes
from zdm.schema import apply, routines
from zdm.schema.effects import dependents

SLUG = "drop_function"


class DropFunction(Struct, frozen=True, kw_only=True):
    """Drop a routine; None: it does not exist, and the statement has IF EXISTS."""

    name: Name
    function: Function | None

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        if self.function is None:
            return f"drop function {self.name} (does not exist)"
        return f"drop {routine.kind(self.function)} {self.name}({self.function.arguments})"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """What may still call it."""
        return tuple(
            Hazard(operation=SLUG, message=message, remedy=remedy, origin=context.origin)
            for message, remedy in self._risks(context.left)
        )

    def _risks(self, left: Snapshot) -> Iterator[tuple[str, str]]:
        if self.function is None:
            return
        yield (
            f"once {self.name} is dropped, calls of it fail, also those of other applications",
            "see in pg_stat_user_functions (with track_functions = all) that nothing calls it"
            " once the old version is gone",
        )
        callers = sorted(
            str(f.name)
            for f in left.functions
            if f is not self.function and self.name.name in routines.body_names(f)
        )
        if callers:
            yield (
                f"these name {self.name} in their text: {routine.listed(callers)}; PostgreSQL"
                " does not look at that, and they fail where they call it",
                "replace or drop them in this train, or in an earlier release",
            )

    def choice(self, context: Context) -> Choice:
        """It waits for the old version."""
        del context
        if self.function is None:
            return choice.nothing("there is no such function, and it says IF EXISTS")
        return choice.single(
            "drop it when the old version is gone",
            Trait.WAITS,
            because="the old version may call it; it locks no table",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step, or none."""
        if self.function is None:
            return ()
        owner = Owned(operation=SLUG, origin=context.origin)
        there = routine.there(self.function, context.snapshot)
        return (
            run_sql.short_transaction(
                owner,
                id=f"{self.name}-drop",
                phase=Phase.DROP,
                title=self.title,
                sql=(routine.drop(self.function, context.snapshot),),
                locks=(),
                probe=probes.probe(probes.absent(there)),
                undo=Irreversible(
                    reason="the old version may call it, and works only where it is there"
                ),
                serves=NEW_ONLY,
                reason="The old version is gone, and the new one does not call it.",
            ),
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A DROP of one function or procedure."""
    action, said = actions[0], actions[0].said
    if not isinstance(said, DropObjects) or said.kind != "function":
        return None
    found = routine.meant(action, snapshot)
    if found is None:
        return refuse.refuse(
            action,
            "function_cannot_be_dropped",
            "this statement drops several functions at once",
            "write one DROP FUNCTION for each, those that call others first",
        )
    if statements.fact(action, ActionKind.DROP_FUNCTION) is None:
        return None
    name, functions = found
    problem = (
        _problem(said, name, functions)
        or _used(action, functions, snapshot)
        or _still_run(functions, snapshot)
        or _mistaken(actions, functions, snapshot)
    )
    if problem is not None:
        return refuse.refuse(action, "function_cannot_be_dropped", *problem)
    if not functions and snapshot.opaque:
        return None
    operation = DropFunction(name=name, function=functions[0] if functions else None)
    return Match(operation=operation, consumed=(0,), directives=action.statement.vouched)


def _problem(
    said: DropObjects, name: Name, functions: tuple[Function, ...]
) -> tuple[str, str] | None:
    if said.cascade:
        return (
            f"CASCADE also drops everything that uses {name}, unlisted",
            "drop what uses it first, by name, and remove CASCADE",
        )
    if len(functions) > 1:
        return (
            f"there are {len(functions)} functions {name}, so this statement would fail",
            "write the types of its arguments",
        )
    if not functions and not said.if_exists:
        return (
            f"there is no function {name} with these arguments in the schema, so this statement"
            " would fail",
            "correct the name and the types, or write IF EXISTS",
        )
    return None


def _used(
    action: Action, functions: tuple[Function, ...], snapshot: Snapshot
) -> tuple[str, str] | None:
    """What makes the server refuse it."""
    if not functions:
        return None
    (function,) = functions
    operators = tuple(routine.operators(function, snapshot))
    if operators:
        return (
            f"{function.name} cannot be dropped, because these call it:"
            f" {routine.listed(operators)}",
            "drop each of them above this statement, under `-- zdm: run in contract -- reason`",
        )
    if function not in apply.apply(snapshot, action).functions:
        return None
    thing = dependents.Thing("function", function.name, function.arguments)
    needs = dependents.closure(snapshot, (thing,), cascade=True) or ()
    users = [_said(one) for one in needs if one != thing]
    return (
        f"{function.name} cannot be dropped, because these use it:"
        f" {routine.listed(users) or 'objects of the schema'}",
        "drop each of them by name above this statement, or in an earlier release, without"
        " CASCADE",
    )


def _still_run(functions: tuple[Function, ...], snapshot: Snapshot) -> tuple[str, str] | None:
    """What writes run whose function names it in its text, so that they would fail."""
    if not functions or len(routines.named(snapshot, functions[0].name, None)) > 1:
        return None
    name = functions[0].name
    by = tuple(dict.fromkeys(routine.running(functions[0], snapshot)))
    if not by:
        return None
    return (
        f"writes and reads run it by {routine.listed(by)}, whose function names {name} in its"
        " text, so they would fail once it is dropped",
        "replace that function above this statement by one that does not name it",
    )


def _mistaken(
    actions: Sequence[Action], functions: tuple[Function, ...], snapshot: Snapshot
) -> tuple[str, str] | None:
    """Another one of the name that the train makes, which is there beside it until the end."""
    for later in actions[1:] if functions else ():
        if functions[0] in routine.mistaken(later, snapshot):
            return (
                f"it stays until the old version is gone, beside the one that {later.source}"
                " makes, and a call with the same number of arguments may mean either, so calls"
                " of the old version may fail as ambiguous, or call the wrong one",
                "give the new one another name, and drop this one in a later release",
            )
    return None


def _said(thing: dependents.Thing) -> str:
    of = f"{thing.part} of {thing.name}" if thing.part else str(thing.name)
    return f"{thing.kind} {of}"
