"""An index of a materialized view, built and dropped: CONCURRENTLY where the view is read.

Plain CREATE INDEX takes SHARE, which lets reads pass and stops REFRESH; a view that the train
makes is empty until the last step before the rollout, so its index costs nothing.
"""

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context
from zdm.model.plan import BOTH, NEW_ONLY, Check, Irreversible, Phase, Step, TableLock
from zdm.model.schema import Name, View
from zdm.model.statement import Setting
from zdm.parse import emit
from zdm.parse.emit import Qualified
from zdm.recipes import run_sql
from zdm.recipes.index import build
from zdm.recipes.object import materialized, views
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes


class IndexOfView(Struct, frozen=True, kw_only=True):
    """Build an index. `sql` and `plain` are the whole statement under its name, with and
    without CONCURRENTLY."""

    slug: str
    view: View
    name: str
    unique: bool
    sql: str
    plain: str
    settings: tuple[Setting, ...]
    preconditions: tuple[Check, ...]

    @property
    def title(self) -> str:
        """One line for a person."""
        unique = "unique index" if self.unique else "index"
        return f"build {unique} {self.name} on {self.view.name}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """A unique index rejects rows of a later REFRESH."""
        if not self.unique or views.by_train(self.view):
            return ()
        return (
            Hazard(
                operation=self.slug,
                message=f"with {self.name} a REFRESH of {self.view.name} whose query gives two"
                " rows with the same values fails",
                remedy="make sure that its query gives each row once",
                origin=context.origin,
            ),
        )

    def choice(self, context: Context) -> Choice:
        """CONCURRENTLY, unless nothing refreshes it yet."""
        del context
        new = views.by_train(self.view)
        return choice.of(
            choice.way(
                "plain",
                "CREATE INDEX without CONCURRENTLY",
                new,
                because="this train makes the view, which has no rows yet",
                unless="a REFRESH would wait for the whole build",
            ),
            choice.way(
                "concurrently",
                "CREATE INDEX CONCURRENTLY",
                not new,
                Trait.BUILDS,
                because="no REFRESH waits",
                unless="the view has no rows yet",
            ),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step."""
        owner = Owned(operation=self.slug, origin=context.origin)
        full = Name(self.view.name.schema, self.name)
        if views.by_train(self.view):
            return (
                run_sql.short_transaction(
                    owner,
                    id=f"{self.view.name}-{self.name}-index",
                    phase=Phase.EXPAND,
                    title=self.title,
                    sql=(self.plain,),
                    settings=self.settings,
                    locks=(),
                    probe=probes.probe(probes.relation(full)),
                    undo=(emit.sql("DROP INDEX IF EXISTS {i}", i=Qualified(full)),),
                    serves=BOTH,
                    reason="The view has no rows yet.",
                ),
            )
        mode = LockMode.SHARE_UPDATE_EXCLUSIVE
        return (
            run_sql.concurrently(
                owner,
                id=f"{self.view.name}-{self.name}-index",
                phase=Phase.EXPAND,
                title=self.title,
                sql=(self.sql,),
                settings=self.settings,
                locks=(TableLock(table=self.view.name, mode=mode),),
                preconditions=self.preconditions,
                probe=probes.probe(probes.index_valid(full), probes.relation(full)),
                repair=(build.drop_sql(full),),
                undo=(build.drop_sql(full),),
                serves=BOTH,
                reason="CONCURRENTLY stops no REFRESH; a failed build leaves an INVALID index,"
                " which is dropped before the next attempt.",
                cost=materialized.reads(self.view),
            ),
        )


class DropOfView(Struct, frozen=True, kw_only=True):
    """Drop an index of a materialized view in use, made by `definition`."""

    slug: str
    view: View
    name: str
    definition: str

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"drop index {self.name} of {self.view.name}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """Queries become slow, and REFRESH CONCURRENTLY needs a unique one."""
        line = (
            f"queries of the new version that use {self.name} must read {self.view.name}"
            " without it",
            "check pg_stat_user_indexes.idx_scan before the contract",
        )
        keyed = (
            f"without a unique index on columns REFRESH CONCURRENTLY of {self.view.name} fails",
            "refresh it without CONCURRENTLY from the contract on, or build another such index"
            " in this migration",
        )
        return tuple(
            Hazard(operation=self.slug, message=text, remedy=remedy, origin=context.origin)
            for text, remedy in ((line, keyed) if self._is_last_key() else (line,))
        )

    def _is_last_key(self) -> bool:
        others = tuple(text for text in self.view.indexes if text != self.definition)
        left = replace(self.view, indexes=others)
        return materialized.has_key(self.view) and not materialized.has_key(left)

    def choice(self, context: Context) -> Choice:
        """CONCURRENTLY, when no query of the old version uses it."""
        del context
        return choice.single(
            "DROP INDEX CONCURRENTLY when the old version is gone",
            Trait.WAITS,
            because="queries of the old version may be slow without it",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step, once no old instance is left."""
        full = Name(self.view.name.schema, self.name)
        mode = LockMode.SHARE_UPDATE_EXCLUSIVE
        return (
            run_sql.concurrently(
                Owned(operation=self.slug, origin=context.origin),
                id=f"{self.view.name}-{self.name}-drop-index",
                phase=Phase.CONTRACT,
                title=self.title,
                sql=(build.drop_sql(full),),
                locks=(TableLock(table=self.view.name, mode=mode),),
                probe=probes.probe(probes.absent(probes.relation(full))),
                undo=self._undo(),
                serves=NEW_ONLY,
                reason="CONCURRENTLY blocks no reads; repeated after a failure, it continues"
                " where it stopped.",
            ),
        )

    def _undo(self) -> tuple[str, ...] | Irreversible:
        if self._is_last_key():
            return Irreversible(
                reason="a rollback starts the old version first, and its REFRESH CONCURRENTLY"
                " may need the index"
            )
        return (self.definition.replace(" INDEX ", " INDEX CONCURRENTLY ", 1),)
