"""CREATE of a schema, type, domain, extension, sequence, view or function that is new.

It is not in use yet, so it runs as written in EXPAND and undo drops it again. A view or a
BEGIN ATOMIC function takes ACCESS SHARE on what it reads, nothing else is locked (manual,
CREATE …). A function of a name that is there may be called with other numbers of arguments
only, else calls of the old version could mean it. A materialized view is created empty, and
filled as the last step before the rollout, so that it has what the train fills, too.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model import syntax
from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import OLD_ONLY, Step, TableLock
from zdm.model.schema import Function, Snapshot
from zdm.model.statement import Action, ActionKind, Statement
from zdm.parse import mentioned, rewrite
from zdm.recipes import run_sql
from zdm.recipes.object import materialized, objects, routine
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned
from zdm.schema import new_objects
from zdm.schema.new_objects import NewObject

SLUG = "new_object"
_KINDS = (
    ActionKind.CREATE_SCHEMA,
    ActionKind.CREATE_TYPE,
    ActionKind.CREATE_DOMAIN,
    ActionKind.CREATE_EXTENSION,
    ActionKind.CREATE_SEQUENCE,
    ActionKind.CREATE_VIEW,
    ActionKind.CREATE_FUNCTION,
)


class CreateObject(Struct, frozen=True, kw_only=True):
    """Make it. `there`: it exists and the statement has IF NOT EXISTS."""

    new: NewObject
    statement: Statement
    locks: tuple[TableLock, ...]
    there: bool = False
    stored: bool = False  # a materialized view with data

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        tail = " (already exists)" if self.there else ""
        return f"create {self.new.kind} {self.new.name}{tail}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """None."""
        del context
        return ()

    def choice(self, context: Context) -> Choice:
        """Nothing uses it yet."""
        del context
        if self.there:
            return choice.nothing("it is there, and the statement says IF NOT EXISTS")
        return choice.of(
            choice.way(
                "as_written",
                "run it as written before the rollout",
                not self.stored,
                because="nothing uses a new object yet",
                unless="its query runs before the rows of the train's fills are there",
            ),
            choice.way(
                "filled_later",
                "make it WITH NO DATA, and run its query as the last step before the rollout",
                self.stored,
                Trait.SCANS,
                because="it is to hold the rows that the train's fills leave",
                unless="it holds no rows",
            ),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """The author's statement."""
        if self.there:
            return ()
        owner = Owned(operation=SLUG, origin=context.origin)
        made = run_sql.as_authored(
            owner,
            self.statement,
            id=f"{self.new.name}-create",
            title=self.title,
            locks=self.locks,
            probe=objects.probe(self.new),
            undo=objects.undo(self.new),
            reason="A new object is not in use yet.",
        )
        if not self.stored:
            return (made,)
        sql = (rewrite.without_data(self.statement.sql),)
        empty = replace(made, sql=sql, serves=OLD_ONLY)
        settings = materialized.in_force(self.statement.settings, context.snapshot)
        return (empty, materialized.fill(owner, self.new.name, self.locks, settings))


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A CREATE of something that is not a table."""
    action = actions[0]
    if statements.fact(action, *_KINDS) is None:
        return None
    new, says = new_objects.read(action, snapshot), action.said
    if new is None or not isinstance(says, syntax.CreateObject):
        return None
    if new.kind in routine.KINDS:
        others = routine.mistaken(action, snapshot)
        if others:
            return _mistaken(action, new, others)
    there = new.kind not in routine.KINDS and new_objects.exists(new, snapshot)
    if there and not says.if_not_exists:
        return refuse.refuse(
            action,
            "object_exists",
            f"{new.kind} {new.name} already exists, so this statement would fail",
            "give the new one another name, and drop the old one in a later release; or, if"
            " both versions can use it, add `-- zdm: run in expand -- reason`",
        )
    operation = CreateObject(
        new=new,
        statement=action.statement,
        locks=statements.of_author(snapshot, action),
        there=there,
        stored=new.kind == "materialized view" and mentioned.is_whole_read(action),
    )
    return Match(operation=operation, consumed=(0,))


def _mistaken(action: Action, new: NewObject, others: tuple[Function, ...]) -> Refusal:
    named = ", ".join(f"{other.name}({other.arguments})" for other in others)
    return refuse.refuse(
        action,
        "function_overloaded",
        f"calls of {new.name} with the same number of arguments may mean this one or {named},"
        " so those of the old version may fail as ambiguous, or call the wrong one",
        "give the new one another name, and drop the old one in a later release",
    )
