"""Move a table, view or routine to another schema while both versions use it.

SET SCHEMA locks the object alone, for milliseconds, and each name that the old version writes
fails from then on. So in the same transaction a view, or the copy of a routine, gets the former
name, as for RENAME, until the old version is gone. Indexes, constraints and owned sequences
move with a table; foreign keys, triggers, policies and views follow it (manual, ALTER TABLE).
Nothing stands in for sequences, types and extensions, so they are refused.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.catalog.indexed import named
from zdm.model.commands import SetSchema
from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, NEW_ONLY, Irreversible, Phase, RunSql, Step, TableLock
from zdm.model.schema import Function, Name, Snapshot, Table, View
from zdm.model.statement import Action, ActionKind, Fact, Setting
from zdm.recipes import run_sql
from zdm.recipes.object import in_place, moved, renamed, routine, stand_in_view, views
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes
from zdm.schema import lookup, routines

SLUG = "set_schema"
_RELATIONS = frozenset({"table", "view", "materialized view"})
_BACK = Irreversible(
    reason="a rollback starts the old version first, and it needs the former schema"
)
_Problem = tuple[str, str]


class MoveRelation(Struct, frozen=True, kw_only=True):
    """Move a table or view; None: there is none, which IF EXISTS allows."""

    relation: Table | View | None
    old: Name
    new: Name
    locks: tuple[TableLock, ...] = ()
    settings: tuple[Setting, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        kind = "table" if self.relation is None else self.relation.kind
        ending = "" if self.relation is not None else " (does not exist)"
        return f"move {kind} {self.old} to schema {self.new.schema}{ending}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """What a view cannot do, and what is found by its bare name."""
        return tuple(
            Hazard(operation=SLUG, message=message, remedy=remedy, origin=context.origin)
            for message, remedy in self._risks(context)
        )

    def _risks(self, context: Context) -> Iterator[_Problem]:
        if self.relation is None:
            return
        if isinstance(self.relation, Table):
            failing = ", ".join(in_place.failing(self.relation, context.major))
            yield (
                f"until no old instance is left, {self.old} is a view, and these fail on it:"
                f" {failing}",
                "search the old version for them, and first deploy one without them",
            )
            yield from moved.sequences(self.relation, self.new, context.snapshot)
        if self.relation.kind == "materialized view":
            yield (
                f"until the contract {self.old} is a view, and REFRESH of it and new indexes"
                " fail",
                f"let what refreshes it, also from outside the application, name {self.new} as"
                " soon as the new version is deployed",
            )
        yield moved.bare(self.new)

    def choice(self, context: Context) -> Choice:
        """A view has the former name meanwhile."""
        del context
        if self.relation is None:
            return choice.nothing("there is no such table, and the statement says IF EXISTS")
        return moved.choice("view", "the view passes reads and writes of the old version on")

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """Move and stand in, in one transaction; after the rollout drop the view."""
        if self.relation is None:
            return ()
        owner = Owned(operation=SLUG, origin=context.origin)
        return (self._move(self.relation, owner, context), self._drop(owner))

    def _move(self, of: Table | View, owner: Owned, context: Context) -> RunSql:
        names = stand_in_view.Renamed(self.old, self.new)
        kind = "m" if of.kind == "materialized view" else "r"
        if isinstance(of, Table):
            invoker = stand_in_view.as_invoker(of, context.major)
            create = stand_in_view.create(names, of, context.snapshot, invoker=invoker)
        else:
            kind = "v" if kind == "r" else kind
            invoker = in_place.view_as_invoker(of, context.major)
            create = stand_in_view.create_of_view(of, self.new, invoker=invoker)
        owners = [] if invoker else [in_place.owner_has_all(self.old)]
        if isinstance(of, Table):
            owners += moved.owner_finds(of, self.new.schema, context.snapshot)
        return run_sql.short_transaction(
            owner,
            id=f"{self.old}-move",
            phase=Phase.EXPAND,
            title=f"{self.title}, and make a view {self.old}",
            sql=(*stand_in_view.rename(names), *create),
            locks=self.locks,
            settings=self.settings,
            preconditions=(moved.may_make(self.new.schema), *owners),
            probe=probes.probe(stand_in_view.in_place(self.old, self.new, kind)),
            undo=(stand_in_view.undo(names, kind),),
            serves=BOTH,
            reason="One transaction, because between two of them queries of one name fail; the"
            " view has the same owner and grants, and passes reads and writes on.",
        )

    def _drop(self, owner: Owned) -> RunSql:
        gone = probes.absent(probes.relation(self.old))
        return run_sql.short_transaction(
            owner,
            id=f"{self.old}-drop-view",
            phase=Phase.DROP,
            title=f"drop the view {self.old}",
            sql=(stand_in_view.drop(self.old),),
            locks=self.locks[:1],
            settings=self.settings,
            probe=probes.probe(probes.both(gone, probes.relation(self.new))),
            undo=_BACK,
            serves=NEW_ONLY,
            reason="No running version uses the former schema; the lock is on the view alone.",
        )


class MoveRoutine(Struct, frozen=True, kw_only=True):
    """Move a function, procedure or aggregate."""

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
        return f"move {routine.kind(of)} {of.name}({of.arguments}) to schema {self.new.schema}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """What is no longer found by its former name, or by the bare one."""
        risks = (*renamed.indexed(self.function, context.snapshot), moved.bare(self.new))
        return tuple(
            Hazard(operation=SLUG, message=message, remedy=remedy, origin=context.origin)
            for message, remedy in risks
        )

    def choice(self, context: Context) -> Choice:
        """A copy has the former name meanwhile."""
        del context
        return moved.choice("copy", "both call the same body, with the same owner and rights")

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """Move and copy, in one transaction; after the rollout drop the copy."""
        owner = Owned(operation=SLUG, origin=context.origin)
        snapshot, of = context.snapshot, self.function
        new = replace(of, name=self.new)
        there, copy = routine.there(new, snapshot), routine.there(of, snapshot)
        return (
            run_sql.short_transaction(
                owner,
                id=f"{of.name}-move",
                phase=Phase.EXPAND,
                title=f"{self.title}, and make a copy {of.name}",
                sql=(
                    routine.called(of, self.new, snapshot),
                    *routine.copied(of, new, snapshot),
                ),
                locks=(),
                preconditions=(moved.may_make(self.new.schema),),
                probe=probes.probe(probes.both(there, copy)),
                undo=(routine.taken_back(of, new, snapshot),),
                serves=BOTH,
                reason="One transaction, so no call finds none; both have the same body, owner"
                " and rights.",
            ),
            run_sql.short_transaction(
                owner,
                id=f"{of.name}-drop-copy",
                phase=Phase.DROP,
                title=f"drop the {routine.kind(of)} {of.name}, the copy in the former schema",
                sql=(routine.drop(of, snapshot),),
                locks=(),
                probe=probes.probe(probes.both(there, probes.absent(copy))),
                undo=_BACK,
                serves=NEW_ONLY,
                reason="No running version calls it in the former schema.",
            ),
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ALTER … SET SCHEMA of what this train does not make."""
    action, said = actions[0], actions[0].said
    if not isinstance(said, SetSchema) or not isinstance(action.fact, Fact):
        return None
    if said.kind in _RELATIONS:
        return _relation(action, said, snapshot)
    if said.kind == "function":
        return _routine(action, said, snapshot)
    problem = moved.breaking(said)
    return None if problem is None else refuse.refuse(action, "schema_cannot_be_set", *problem)


def _relation(action: Action, said: SetSchema, snapshot: Snapshot) -> Match | Refusal | None:
    relation = lookup.relation(said.words)
    settings = action.statement.settings
    old = lookup.found(relation, snapshot, settings)
    found = snapshot.table(old) or next(iter(named(snapshot.views, old)), None)
    new = Name(said.schema, old.name)
    fact = statements.fact(action, ActionKind.SET_SCHEMA)
    if found is None:
        if snapshot.opaque:
            return None
        sequence = lookup.among(relation, lookup.Names(snapshot.sequences), snapshot, settings)
        if sequence in lookup.Names(snapshot.sequences):
            problem = moved.breaking(replace(said, kind="sequence"))
            if problem is not None:
                return refuse.refuse(action, "schema_cannot_be_set", *problem)
        if fact is not None and fact.if_exists:
            return Match(operation=MoveRelation(relation=None, old=old, new=new), consumed=(0,))
        return statements.unknown_table(action, old)
    problems = (
        *moved.nowhere(found, new, action, snapshot),
        *(_not_in_place(found, new, snapshot) if new != old else ()),
    )
    if problems:
        return _refused(action, old, problems)
    locks = (
        statements.of_author(snapshot, action)
        if isinstance(found, Table)
        else (views.lock(found),)
    )
    first = sorted(locks, key=lambda lock: lock.table != old)
    operation = MoveRelation(
        relation=found, old=old, new=new, locks=tuple(first), settings=settings
    )
    return Match(operation=operation, consumed=(0,))


def _not_in_place(found: Table | View, new: Name, snapshot: Snapshot) -> Iterator[_Problem]:
    if in_place.is_taken(new, snapshot):
        yield (
            f"there is a relation or type {new} already",
            "choose another schema, or rename one of the two in an earlier release",
        )
    if isinstance(found, Table):
        yield from in_place.problems(found, snapshot)
        yield from moved.numbers_in_text(found, snapshot)
    else:
        if in_place.is_made(found):
            yield moved.made(found.name)
        problem = in_place.of_view(found, snapshot)
        if problem is not None:
            yield problem
    yield from moved.in_text(found.name, snapshot)


def _routine(action: Action, said: SetSchema, snapshot: Snapshot) -> Match | Refusal | None:
    settings = action.statement.settings
    names = lookup.Names(snapshot.functions)
    name = lookup.among(lookup.relation(said.words), names, snapshot, settings)
    found = routines.named(snapshot, name, said.arguments, settings)
    if not found:
        return None if snapshot.opaque else renamed.missing(action, said)
    new = Name(said.schema, name.name)
    problems = tuple(_of_routine(found, new, action, snapshot))
    if problems:
        return _refused(action, name, problems)
    return Match(operation=MoveRoutine(function=found[0], new=new), consumed=(0,))


def _of_routine(
    found: Sequence[Function], new: Name, action: Action, snapshot: Snapshot
) -> Iterator[_Problem]:
    function = found[0]
    yield from moved.nowhere(function, new, action, snapshot)
    if len(found) > 1:
        yield (
            f"there are several {function.name}, and which one is meant is not known",
            "write the types of its arguments",
        )
    if new != function.name and new in lookup.Names(snapshot.functions):
        yield (
            f"there is a function {new} already, and calls might mean the other one",
            "choose a schema that has no function of this name",
        )
    if function.changed:
        yield moved.made(function.name)
    if new != function.name:
        yield from renamed.arbiter(function, snapshot)
    yield from moved.in_text(function.name, snapshot)


def _refused(action: Action, name: Name, problems: Sequence[_Problem]) -> Refusal:
    reasons = "; ".join(dict.fromkeys(reason for reason, _ in problems))
    return refuse.refuse(
        action,
        "schema_cannot_be_set",
        f"{name} cannot be moved while the old version runs: {reasons}",
        "; ".join(dict.fromkeys(remedy for _, remedy in problems)),
    )
