"""DROP of a function or procedure, and CREATE of one that takes each of its calls.

With more parameters, which have defaults, or with wider integers it is another function for
PostgreSQL (manual, CREATE FUNCTION). Beside the former one a call could mean either, and a
session that has looked the former up just before a DROP would not find it any more. So one
transaction renames that and makes the new one: such a session still runs the former body, at
most until its transaction ends, and every other call, also a prepared one, means the new one
(measured 14, 18). The former is dropped at the end.

It is the last step before the rollout, as for a replaced function: behind all fills, and before
the new version.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, NEW_ONLY, Check, Irreversible, Phase, Step, TableLock
from zdm.model.schema import Function, Name, Snapshot
from zdm.model.sql import zdm_name
from zdm.model.statement import Action, ActionKind, Statement
from zdm.model.syntax import CreateObject, DropObjects
from zdm.recipes import run_sql
from zdm.recipes.object import replacing, routine
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes
from zdm.schema import apply, signatures

SLUG = "extend_function"
_NEW_NAME = (
    "give the new one another name, let the new version call that, and drop this one in a later"
    " release"
)
_DEFAULT_RIGHTS = (
    "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_default_acl WHERE defaclobjtype = 'f')"
)
_Problem = tuple[str, str]


class ExtendFunction(Struct, frozen=True, kw_only=True):
    """Make `new` in the place of `former`, which gets another name until the end."""

    former: Function
    new: Function
    statement: Statement
    locks: tuple[TableLock, ...]

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        former, new = self.former, self.new
        return (
            f"replace {routine.kind(former)} {former.name}({former.arguments}) by"
            f" {new.name}({new.arguments})"
        )

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """That the old version meets the new body."""
        return tuple(
            Hazard(operation=SLUG, message=message, remedy=remedy, origin=context.origin)
            for message, remedy in self._risks(context.snapshot)
        )

    def _risks(self, snapshot: Snapshot) -> Iterator[_Problem]:
        name = self.former.name
        yield (
            f"from before the rollout on, calls of {name} by the old version call the new one,"
            f" with the parameters ({self.new.arguments}), and zdm does not know what its body"
            " does",
            f"make sure that it gives the old version what that expects; else {_NEW_NAME}",
        )
        running = tuple(dict.fromkeys(routine.running(self.former, snapshot)))
        if running:
            yield (
                f"the new {name} also runs for statements that do not name it, by"
                f" {routine.listed(running)}",
                "make sure that it refuses and changes nothing of the old version's writes",
            )

    def choice(self, context: Context) -> Choice:
        """The former one keeps its sessions."""
        del context
        return choice.single(
            "rename the former one, make the new one in the same transaction, and drop the"
            " former when the old version is gone",
            Trait.WAITS,
            because="with DROP and CREATE a session that has looked it up would fail, and both"
            " under one name make calls ambiguous",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """Rename and create before the rollout, drop at the end."""
        owner = Owned(operation=SLUG, origin=context.origin)
        snapshot, name = context.snapshot, self.former.name
        there = routine.there(self._aside, snapshot)
        return (
            run_sql.short_transaction(
                owner,
                id=f"{name}-extend",
                phase=Phase.SWITCH,
                title=self.title,
                sql=(
                    routine.rename(self.former, self._aside.name.name, snapshot),
                    self.statement.sql,
                ),
                settings=self.statement.settings,
                locks=self.locks,
                preconditions=(_default_rights(name),),
                probe=probes.probe(there),
                undo=(
                    routine.drop(self.new, snapshot, if_exists=True),
                    routine.renamed_back(self._aside, name.name, snapshot),
                ),
                serves=BOTH,
                reason="From then on each call of the former one calls the new one; a"
                " transaction that has used the former one may use it to its end.",
            ),
            run_sql.short_transaction(
                owner,
                id=f"{name}-drop-former",
                phase=Phase.DROP,
                title=f"drop the former {routine.kind(self.former)} {name}",
                sql=(routine.drop(self._aside, snapshot),),
                locks=(),
                probe=probes.probe(probes.absent(there)),
                undo=Irreversible(
                    reason="the former one is gone, and the new one takes its calls"
                ),
                serves=NEW_ONLY,
                reason="No statement that was running before the rollout is left.",
            ),
        )

    @property
    def _aside(self) -> Function:
        name = self.former.name
        return replace(self.former, name=Name(name.schema, zdm_name("old", name.name)))


def _default_rights(name: Name) -> Check:
    return Check(
        sql=_DEFAULT_RIGHTS,
        failure=f"ALTER DEFAULT PRIVILEGES gives new functions other rights, so the old version"
        f" might not be allowed to call the new {name}",
        hint="let the new version call it under another name, which has the rights that it"
        " needs, and drop the former one in a later release",
    )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A DROP of one routine, and further down a CREATE of one that takes its calls."""
    first = actions[0]
    if statements.fact(first, ActionKind.DROP_FUNCTION) is None:
        return None
    found = routine.meant(first, snapshot)
    if found is None or len(found[1]) != 1 or not _is_plain(first):
        return None
    (former,) = found[1]
    without = apply.apply(snapshot, first)
    if former in without.functions:  # something uses it
        return None
    for position, action in enumerate(actions[1:], 1):
        if not action.statement.vouched and _takes_calls(action, former, snapshot):
            after = apply.apply(without, action)
            new = routine.same(action, after)
            if new is not None:
                return _extended(actions, position, (former, new), (snapshot, after))
    return None


def _extended(
    actions: Sequence[Action],
    position: int,
    functions: tuple[Function, Function],
    schemas: tuple[Snapshot, Snapshot],
) -> Match | Refusal:
    action, (former, new), (snapshot, after) = actions[position], functions, schemas
    problem = (
        _not_set_aside(former)
        or replacing.kept(former, snapshot)
        or _refuses_writes(former, snapshot, after)
    )
    if problem is not None:
        refusal = refuse.refuse(action, "function_cannot_be_replaced", *problem)
        return replace(refusal, consumed=(0, position))
    operation = ExtendFunction(
        former=former,
        new=new,
        statement=action.statement,
        locks=statements.of_author(snapshot, action),
    )
    return Match(operation=operation, consumed=(0, position))


def _is_plain(drop: Action) -> bool:
    return isinstance(drop.said, DropObjects) and not drop.said.cascade


def _takes_calls(action: Action, former: Function, snapshot: Snapshot) -> bool:
    """Whether it makes a routine that takes all calls of the former one, and no other's."""
    if routine.made(action, snapshot) != former.name or routine.same(action, snapshot):
        return False
    said, old = action.said, signatures.of_function(former, snapshot)
    if not isinstance(said, CreateObject) or old is None:
        return False
    new = signatures.of(said, snapshot, action.statement.settings)
    meant = routine.mistaken(action, snapshot)
    return meant == (former,) and signatures.takes_each_call(new, old)


def _not_set_aside(former: Function) -> _Problem | None:
    if former.changed:
        return (
            f"this train makes or replaces {former.name} before, and zdm does so once in a"
            " train",
            "keep only the last of these statements",
        )
    if former.grants:
        return (
            f"{former.name} is dropped, and the one that is made in its place has not its"
            " rights, which calls of the old version may need",
            _NEW_NAME,
        )
    return None


def _refuses_writes(former: Function, snapshot: Snapshot, after: Snapshot) -> _Problem | None:
    if not replacing.may_refuse(former, snapshot, after):
        return None
    running = tuple(dict.fromkeys(routine.running(former, snapshot)))
    return (
        f"the new {former.name} may refuse a write, by {routine.listed(running)}, and writes of"
        " the old version would run it",
        _NEW_NAME,
    )
