"""CREATE OR REPLACE of a function or procedure that is there.

It takes no lock on a table, and the next call of any session uses the new body (manual, CREATE
FUNCTION). Both versions meet it then, so it is the last step before the rollout: behind all
fills, whose columns it may read, and before the new version, which may need it. One that
triggers, defaults or policies run, and that may refuse a write, is replaced when the old
version is gone, like a constraint. Undo puts the former definition back.

DROP and CREATE of one signature in one train are the same: OR REPLACE keeps the function's
identity, so no session misses it. What keeps results of the function, as an index does, is not
computed again, so such a function is not replaced.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, NEW_ONLY, Phase, Step, TableLock
from zdm.model.schema import Function, Snapshot
from zdm.model.statement import Action, ActionKind, Setting
from zdm.model.syntax import CreateObject, DropObjects
from zdm.parse import rewrite
from zdm.recipes import run_sql
from zdm.recipes.object import replacing, routine
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned
from zdm.schema import apply, signatures
from zdm.schema.effects import dependents

SLUG = "replace_function"
_NEW_NAME = (
    "give the new one another name, let the new version call that, and drop this one in a later"
    " release"
)
_LANGUAGES = frozenset({"sql", "plpgsql"})
_Problem = tuple[str, str]


class ReplaceFunction(Struct, frozen=True, kw_only=True):
    """Replace the definition of a routine. `late`: writes of the old version run it, and it may
    refuse them."""

    former: Function
    kind: str
    sql: str
    settings: tuple[Setting, ...]
    locks: tuple[TableLock, ...]
    undo: tuple[str, ...]
    late: bool = False

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"replace {self.kind} {self.former.name}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """That the old version meets the new body."""
        return tuple(
            Hazard(operation=SLUG, message=message, remedy=remedy, origin=context.origin)
            for message, remedy in self._risks(context.snapshot)
        )

    def _risks(self, snapshot: Snapshot) -> Iterator[_Problem]:
        name = self.former.name
        running = tuple(dict.fromkeys(routine.running(self.former, snapshot)))
        if self.late:
            yield (
                f"with its new body {name} may refuse a write, by {routine.listed(running)}, so"
                " it is replaced when the old version is gone, and until then the new version"
                " meets the former body",
                "let the new version work with both; or, if the old version does so, too, put"
                " `-- zdm: run in expand -- reason` above it",
            )
            return
        yield (
            f"the old version calls {self.kind} {name} with its new body from before the"
            " rollout on, and zdm does not know what the body does",
            f"make sure that it gives the old version what that expects; else {_NEW_NAME}",
        )
        if running:
            yield (
                f"the new body of {name} also runs for statements that do not name it, by"
                f" {routine.listed(running)}",
                "make sure that it refuses and changes nothing of the old version's writes",
            )

    def choice(self, context: Context) -> Choice:
        """Before the rollout, unless it may refuse writes."""
        del context
        return choice.by_version(
            "CREATE OR REPLACE, which locks no table,",
            late=self.late,
            early="as far as its text shows it refuses no write of the old version",
            after="writes of the old version run it, and it may refuse them",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """The author's statement, with OR REPLACE."""
        owner = Owned(operation=SLUG, origin=context.origin)
        return (
            run_sql.short_transaction(
                owner,
                id=f"{self.former.name}-replace",
                phase=Phase.CONTRACT if self.late else Phase.SWITCH,
                title=self.title,
                sql=(self.sql,),
                settings=self.settings,
                locks=self.locks,
                probe="",  # only the journal shows it
                undo=self.undo,
                serves=NEW_ONLY if self.late else BOTH,
                reason="Writes of the old version, which it may refuse, are over."
                if self.late
                else "It locks no table; the next call uses the new body, in both versions.",
            ),
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A CREATE OR REPLACE of a routine that is there, or its DROP with a CREATE behind it."""
    first = actions[0]
    if statements.fact(first, ActionKind.CREATE_FUNCTION) is not None:
        return _replaced(first, snapshot, consumed=(0,), dropped=None)
    if statements.fact(first, ActionKind.DROP_FUNCTION) is None:
        return None
    found = routine.meant(first, snapshot)
    if found is None or len(found[1]) != 1:
        return None
    (former,) = found[1]
    for position, action in enumerate(actions[1:], 1):
        if statements.fact(action, ActionKind.CREATE_FUNCTION) is None:
            continue
        if action.statement.vouched:
            continue
        if routine.same(action, snapshot) is former:
            return _replaced(action, snapshot, consumed=(0, position), dropped=first)
    return None


def _replaced(
    action: Action, snapshot: Snapshot, *, consumed: tuple[int, ...], dropped: Action | None
) -> Match | Refusal | None:
    former, says = routine.same(action, snapshot), action.said
    if former is None or not isinstance(says, CreateObject):
        return None
    problem = (
        _not_replaced(former, says, dropped)
        or _not_taken(former, action, snapshot)
        or _not_restored(former)
        or replacing.kept(former, snapshot)
        or _not_revertible(former, action, snapshot)
    )
    if problem is not None:
        refusal = refuse.refuse(action, "function_cannot_be_replaced", *problem)
        return replace(refusal, consumed=consumed)
    sql = action.statement.sql
    operation = ReplaceFunction(
        former=former,
        kind=says.kind,
        sql=sql if says.replaces else rewrite.or_replace(sql),
        settings=action.statement.settings,
        locks=statements.of_author(snapshot, action),
        undo=_undo(former, action, snapshot),
        late=replacing.may_refuse(former, snapshot, apply.apply(snapshot, action)),
    )
    directives = action.statement.vouched
    return Match(operation=operation, consumed=consumed, directives=directives)


def _not_replaced(
    former: Function, says: CreateObject, dropped: Action | None
) -> _Problem | None:
    """A CREATE without OR REPLACE, and a DROP that takes more along than the definition."""
    name = former.name
    if dropped is None and says.replaces:
        return None
    if dropped is None:
        return (
            f"{says.kind} {name} with these arguments already exists, so this statement fails",
            "write CREATE OR REPLACE",
        )
    said = dropped.said
    if isinstance(said, DropObjects) and said.cascade:
        return (
            f"DROP … CASCADE also drops what uses {name}, unlisted",
            "remove the DROP, and write CREATE OR REPLACE",
        )
    if former.grants or former.comment is not None:
        return (
            f"{name} is dropped and made again, so its rights and its comment would be gone"
            " while the old version calls it",
            "remove the DROP, and write CREATE OR REPLACE, which keeps them",
        )
    return None


def _not_taken(former: Function, action: Action, snapshot: Snapshot) -> _Problem | None:
    """What CREATE OR REPLACE cannot change."""
    says, settings = action.said, action.statement.settings
    old = signatures.of_function(former, snapshot)
    if not isinstance(says, CreateObject) or old is None:
        return f"{former.name} is an aggregate, which the old version may use", _NEW_NAME
    why = signatures.problem(old, signatures.of(says, snapshot, settings))
    if not why:
        return None
    return (
        f"PostgreSQL cannot replace {says.kind} {former.name} by this one ({why}), and without"
        " it calls of the old version fail",
        _NEW_NAME,
    )


def _not_restored(former: Function) -> _Problem | None:
    """What undo could not make again."""
    says = signatures.said(former)
    if former.changed:
        return (
            f"this train makes or replaces {former.name} before, and zdm does so once in a"
            " train",
            "keep only the last of these statements",
        )
    leakproof = says is not None and says.routine is not None and says.routine.leakproof
    if former.language not in _LANGUAGES or leakproof:
        return (
            f"{former.name} is LEAKPROOF or in a language ({former.language}) in which zdm"
            " cannot make its former definition again",
            "put `-- zdm: run in expand -- reason` above it if both versions work with the new"
            " one (`run in contract` if only the new version does)",
        )
    return None


def _undo(former: Function, action: Action, snapshot: Snapshot) -> tuple[str, ...]:
    if _stays(former, action, snapshot):
        return routine.made_again(former, snapshot)
    return routine.again(former)


def _stays(former: Function, action: Action, snapshot: Snapshot) -> str:
    """What of the new one CREATE OR REPLACE would keep on the way back: a name, a default."""
    says, old = action.said, signatures.of_function(former, snapshot)
    if not isinstance(says, CreateObject) or old is None:
        return ""
    return signatures.problem(signatures.of(says, snapshot, action.statement.settings), old)


def _not_revertible(former: Function, action: Action, snapshot: Snapshot) -> _Problem | None:
    """What undo could not drop and make again."""
    stays = _stays(former, action, snapshot)
    thing = dependents.Thing("function", former.name, former.arguments)
    users = [str(one) for one in dependents.blocking(snapshot, (thing,))]
    if not stays or not users:
        return None
    return (
        f"on the way back {former.name} would have to be dropped and made again ({stays}),"
        f" and these use it: {routine.listed(users)}",
        "keep its parameters as they are, and give one with these another name; or put"
        " `-- zdm: run in expand -- reason` above it if both versions work with the new one",
    )
