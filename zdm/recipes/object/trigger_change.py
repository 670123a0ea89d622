"""A change of a trigger of the author's: the last step before the rollout, or, where it may
refuse writes of the old version or that may rely on it, when the old version is gone."""

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.operation import Context
from zdm.model.plan import BOTH, NEW_ONLY, Irreversible, Phase, Step, TableLock
from zdm.model.statement import Setting
from zdm.recipes import run_sql
from zdm.recipes.object.search_path import Fixed
from zdm.recipes.run_sql import Owned


class TriggerChange(Struct, frozen=True, kw_only=True):
    """One transaction; none where `sql` is empty, because nothing changes. `late`: when the old
    version is gone; `risk` and `reason` are about that time."""

    slug: str
    title: str
    late: bool
    risk: tuple[str, str]  # what it does to the versions' writes, and the remedy
    id: str
    sql: tuple[str, ...]
    settings: tuple[Setting, ...] = ()
    locks: tuple[TableLock, ...]
    probe: str
    undo: tuple[str, ...] | Irreversible
    reason: str
    bare: tuple[str, str] | None = None  # its function names something without a schema
    fixed: Fixed | None = None  # its function has a search_path until the old version is gone

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """Which version meets what."""
        if not self.sql:
            return ()
        named = self.bare if self.fixed is None else self.fixed.risk
        risks = (self.risk,) if named is None else (self.risk, named)
        return tuple(
            Hazard(operation=self.slug, message=message, remedy=remedy, origin=context.origin)
            for message, remedy in risks
        )

    def choice(self, context: Context) -> Choice:
        """Before the rollout, unless a version may fail."""
        del context
        if not self.sql:
            return choice.nothing("the trigger is as the statement wants it")
        return choice.by_version(
            "change the catalog alone",
            *(() if self.fixed is None else (Trait.WAITS,)),
            late=self.late,
            early="as far as its text shows the function refuses no write of the old version",
            after="the old version may rely on the trigger, or be refused by it",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """Its step; where the search_path was fixed, it is reset at the end."""
        if not self.sql:
            return ()
        fixed = self.fixed
        back = () if fixed is None else fixed.steps(self.slug, context, self.settings)
        return (
            run_sql.short_transaction(
                Owned(operation=self.slug, origin=context.origin),
                id=self.id,
                phase=Phase.CONTRACT if self.late else Phase.SWITCH,
                title=self.title,
                sql=self.sql if fixed is None else (fixed.sql, *self.sql),
                settings=self.settings,
                locks=self.locks,
                probe=self.probe,
                undo=self.undo,
                serves=NEW_ONLY if self.late else BOTH,
                reason=self.reason,
            ),
            *back,
        )
