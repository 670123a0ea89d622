"""ALTER TRIGGER and ALTER POLICY … RENAME on a table in use.

Only the catalog changes, under ACCESS EXCLUSIVE for milliseconds (measured 14, 18), and no
statement of an application names either. But the triggers of one event fire in the order of
their names, compared byte by byte (manual, CREATE TRIGGER), and those of zdm are to be last: so
a trigger must keep its place. A function sees the name of its trigger in TG_NAME.
"""

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, Phase, Step, TableLock
from zdm.model.schema import Name, Snapshot, Table, Trigger
from zdm.model.statement import Action, Fact
from zdm.model.syntax import RenameObject
from zdm.parse import emit
from zdm.parse.emit import Constant, Ident, Qualified
from zdm.recipes import run_sql
from zdm.recipes.object import triggers
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes

SLUG = "rename_part"
_OURS = "zzz_zdm_"  # how the triggers of zdm begin
_TG_NAME = re.compile(r"\bTG_NAME\b", re.IGNORECASE)
_KINDS = frozenset({"trigger", "policy"})
_POLICY = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_policy AS p"
    " WHERE p.polrelid = pg_catalog.to_regclass({t}) AND p.polname = {p})"
)
_RENAME = {
    "trigger": "ALTER TRIGGER {a} ON {t} RENAME TO {b}",
    "policy": "ALTER POLICY {a} ON {t} RENAME TO {b}",
}
_BACK = """
BEGIN
  IF {there} THEN
    {rename};
  END IF;
END
"""
_Problem = tuple[str, str]


class RenamePart(Struct, frozen=True, kw_only=True):
    """Rename it. `seen`: the function of the trigger, if it reads TG_NAME."""

    kind: str  # trigger, policy
    table: Name
    old: str
    new: str
    seen: str
    locks: tuple[TableLock, ...]

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"rename {self.kind} {self.old} of {self.table} to {self.new}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """That a function sees it."""
        return tuple(
            Hazard(operation=SLUG, message=message, remedy=remedy, origin=context.origin)
            for message, remedy in self._risks()
        )

    def _risks(self) -> Iterator[tuple[str, str]]:
        if self.seen:
            yield (
                f"the function {self.seen} reads TG_NAME, which is {self.new} from the expand"
                " on, also for writes of the old version",
                "see that it does the same under both names",
            )

    def choice(self, context: Context) -> Choice:
        """No version names it."""
        del context
        return choice.single(
            "change the catalog alone before the rollout",
            because="no statement of an application names it, and triggers keep their order",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step."""
        there = self._there(self.new)
        return (
            run_sql.short_transaction(
                Owned(operation=SLUG, origin=context.origin),
                id=f"{self.table}-{self.old}-rename",
                phase=Phase.EXPAND,
                title=self.title,
                sql=(self._sql(self.old, self.new),),
                locks=self.locks,
                probe=probes.probe(there),
                undo=(self._undo(there),),
                serves=BOTH,
                reason="Only the catalog changes, and neither version names it.",
            ),
        )

    def _sql(self, old: str, new: str) -> str:
        return emit.sql(_RENAME[self.kind], t=Qualified(self.table), a=Ident(old), b=Ident(new))

    def _undo(self, there: str) -> str:
        """Nothing where it was not renamed."""
        body = _BACK.replace("{there}", there.removeprefix("SELECT "))
        body = body.replace("{rename}", self._sql(self.new, self.old))
        return emit.sql("DO {body}", body=emit.Body(body))

    def _there(self, name: str) -> str:
        if self.kind == "trigger":
            return probes.trigger_exists(self.table, name)
        return emit.sql(_POLICY, t=Constant(self.table.sql), p=Constant(name))


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """RENAME of a trigger or a policy of a table."""
    action, said = actions[0], actions[0].said
    if not isinstance(said, RenameObject) or said.kind not in _KINDS:
        return None
    if not isinstance(action.fact, Fact) or action.fact.table is None:
        return None
    table = snapshot.table(action.fact.table)
    if table is None:
        return statements.unknown_table(action, action.fact.table)
    problem = _problem(table, said)
    if problem is not None:
        return (
            None if table.opaque else refuse.refuse(action, "part_cannot_be_renamed", *problem)
        )
    operation = RenamePart(
        kind=said.kind,
        table=table.name,
        old=said.part,
        new=said.new_name,
        seen=_seen(table, said, snapshot),
        locks=statements.of_author(snapshot, action),
    )
    return Match(operation=operation, consumed=(0,))


def _seen(table: Table, said: RenameObject, snapshot: Snapshot) -> str:
    found = triggers.named(table, said.part) if said.kind == "trigger" else None
    for one in snapshot.functions if found is not None else ():
        if found is not None and one.name == found.function and _TG_NAME.search(one.definition):
            return str(one.name)
    return ""


def _problem(table: Table, said: RenameObject) -> _Problem | None:
    return next(_problems(table, said), None)


def _problems(table: Table, said: RenameObject) -> Iterator[_Problem]:
    parts = table.triggers if said.kind == "trigger" else table.policies
    names = {part.name for part in parts}
    if said.part not in names:
        yield (
            f"{table.name} has no {said.kind} {said.part}, so this statement would fail",
            "correct the name, or make a new snapshot of the database",
        )
    if said.new_name in names:
        yield (
            f"{table.name} has a {said.kind} {said.new_name} already, so this statement would"
            " fail",
            "give it a name that is free",
        )
    if said.kind == "trigger":
        yield from _of_trigger(table, said)


def _of_trigger(table: Table, said: RenameObject) -> Iterator[_Problem]:
    own = triggers.named(table, said.part)
    if table.kind == "partitioned table" or (own is not None and own.inherited):
        yield (
            f"{table.name} is partitioned, and only from 15 on are the triggers of its"
            " partitions renamed, too",
            "put `-- zdm: run in expand -- reason` above it",
        )
    others = {t.name for t in table.triggers if t is not own and _meets(own, t)} | {_OURS}
    passed = sorted(o for o in others if (o < said.part) is not (o < said.new_name))
    if passed:
        what = "those of zdm" if passed == [_OURS] else ", ".join(passed)
        yield (
            f"triggers fire in the order of their names, and {said.new_name} would fire on the"
            f" other side of {what}",
            "give it a name that sorts where the present one does; or, if the order is no"
            " matter, put `-- zdm: run in expand -- reason` above it",
        )


def _meets(own: Trigger | None, other: Trigger) -> bool:
    """Whether both may fire for one event at one time: a BEFORE and an AFTER trigger do not."""
    return own is None or _times(own) == _times(other)


def _times(trigger: Trigger) -> str:
    found = re.search(r" (BEFORE|AFTER|INSTEAD OF) ", trigger.definition)
    return "" if found is None else found[1]
