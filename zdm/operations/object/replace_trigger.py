"""CREATE OR REPLACE TRIGGER, and DROP TRIGGER with a CREATE of its name behind it.

Both are one transaction, so no write misses the trigger: SHARE ROW EXCLUSIVE for OR REPLACE,
which PostgreSQL has from 14 on, ACCESS EXCLUSIVE for DROP and CREATE (manual, CREATE TRIGGER,
DROP TRIGGER). It is the last step before the rollout, as for a new trigger; one that may refuse
writes, and runs another function than the former or fires for more, is replaced when the old
version is gone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, NEW_ONLY, Phase, Step, TableLock
from zdm.model.schema import Name, Snapshot, Table, Trigger
from zdm.model.statement import Action, ActionKind, Fact, Setting
from zdm.model.syntax import CreateTrigger
from zdm.parse.readers import fired
from zdm.recipes import run_sql
from zdm.recipes.object import triggers
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned
from zdm.schema import family

SLUG = "replace_trigger"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceTrigger:
    """Replace a trigger. `late`: the new one may refuse writes of the old version."""

    table: Name
    former: Trigger
    function: Name
    sql: tuple[str, ...]
    settings: tuple[Setting, ...]
    locks: tuple[TableLock, ...]
    late: bool

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"replace trigger {self.former.name} of {self.table}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """That one version meets the trigger of the other."""
        message, remedy = self._late() if self.late else self._early()
        return (Hazard(operation=SLUG, message=message, remedy=remedy, origin=context.origin),)

    def _early(self) -> tuple[str, str]:
        return (
            f"from before the rollout on the old version's writes to {self.table} fire"
            f" {self.former.name} in its new form; zdm does not know what {self.function} does",
            "make sure that the old version works with it; else make one of another name, and"
            " drop this one in a later release",
        )

    def _late(self) -> tuple[str, str]:
        return (
            f"{self.function} may refuse a write, so {self.former.name} is replaced when the"
            " old version is gone, and until then the new version's writes fire the former one",
            "let the new version work with both; or, if the old version works with the new one,"
            " put `-- zdm: run in expand -- reason` above it",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One transaction."""
        return (
            run_sql.short_transaction(
                Owned(operation=SLUG, origin=context.origin),
                id=f"{self.table}-{self.former.name}-replace",
                phase=Phase.CONTRACT if self.late else Phase.SWITCH,
                title=self.title,
                sql=self.sql,
                settings=self.settings,
                locks=self.locks,
                probe="",  # only the journal shows it
                undo=tuple(triggers.again(self.table, self.former)),
                serves=NEW_ONLY if self.late else BOTH,
                reason="No write is without the trigger, since one transaction replaces it.",
            ),
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A CREATE OR REPLACE TRIGGER of one that is there, or its DROP with a CREATE behind it."""
    first = actions[0]
    fact = statements.fact(first, ActionKind.CREATE_TRIGGER, ActionKind.DROP_TRIGGER)
    table = snapshot.table(fact.table) if fact is not None and fact.table is not None else None
    if fact is None or table is None or table.created:
        return None
    former = triggers.named(table, fact.name)
    if former is None:
        return None
    if fact.kind is ActionKind.CREATE_TRIGGER:
        said = first.said
        replaces = isinstance(said, CreateTrigger) and said.replaces
        return _replaced((first,), (0,), table, snapshot) if replaces else None
    position = _made_again(actions, fact)
    if position is None:
        return None
    return _replaced((first, actions[position]), (0, position), table, snapshot)


def _made_again(actions: Sequence[Action], dropped: Fact) -> int | None:
    for position, action in enumerate(actions[1:], 1):
        fact = statements.fact(action, ActionKind.CREATE_TRIGGER)
        if fact is None or action.statement.vouched:
            continue
        if (fact.table, fact.name) == (dropped.table, dropped.name):
            return position
    return None


def _replaced(
    taken: tuple[Action, ...], consumed: tuple[int, ...], table: Table, snapshot: Snapshot
) -> Match | Refusal | None:
    action = taken[-1]
    said, sql = action.said, action.statement.sql
    if not isinstance(said, CreateTrigger):
        return None
    former = triggers.named(table, said.name)
    if former is None:
        return None
    problem = next(_problems(former, said, table, snapshot), None)
    if problem is not None:
        refusal = refuse.refuse(action, "trigger_cannot_be_replaced", *problem)
        return replace(refusal, consumed=consumed)
    runs = triggers.function(said, action, snapshot)
    bare = "" if runs == former.function else triggers.by_search_path(runs, snapshot)
    if bare:
        refusal = refuse.refuse(
            action,
            "trigger_cannot_be_replaced",
            f"{runs} names {bare} without its schema, so writes of a session with another"
            " search_path would fail, or find another one",
            "write the schema before each name in the function, or give it SET search_path",
        )
        return replace(refusal, consumed=consumed)
    refuses = said.constraint or triggers.may_refuse(sql, runs, snapshot)
    did = runs == former.function and fired.fires_as(former.definition, sql)
    drops = () if said.replaces else (triggers.drop(table.name, said.name),)
    operation = ReplaceTrigger(
        table=table.name,
        former=former,
        function=runs,
        sql=(*drops, sql),
        settings=action.statement.settings,
        locks=statements.of_author(snapshot, *taken),
        late=refuses and not did,
    )
    directives = tuple(d for one in taken for d in one.statement.vouched)
    return Match(operation=operation, consumed=consumed, directives=directives)


def _problems(
    former: Trigger, said: CreateTrigger, table: Table, snapshot: Snapshot
) -> Iterator[tuple[str, str]]:
    if former.inherited:
        yield (
            f"{former.name} comes from the table above {table.name}, so this statement fails",
            "replace it there",
        )
    if former.changed:
        yield (
            f"this train makes or replaces {former.name} before, and zdm does so once in a"
            " train",
            "keep only the last of these statements",
        )
    constraint = former.definition.startswith("CREATE CONSTRAINT TRIGGER")
    if said.replaces and (constraint or said.constraint):
        yield (
            "PostgreSQL does not replace a constraint trigger, so this statement would fail",
            "write DROP TRIGGER and CREATE CONSTRAINT TRIGGER instead",
        )
    if any(
        (one := triggers.named(child, former.name)) is not None
        and one.enabled != former.enabled
        for child in family.partitions(snapshot, table.name)
    ):
        yield (
            f"{former.name} is enabled otherwise on a partition of {table.name}, which a new"
            " one would not be",
            "enable it alike on all partitions in an earlier release",
        )
