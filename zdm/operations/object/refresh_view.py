"""REFRESH MATERIALIZED VIEW of a view in use, always CONCURRENTLY.

Plain REFRESH takes ACCESS EXCLUSIVE, which stops every read for as long as the query runs;
CONCURRENTLY takes EXCLUSIVE, which lets reads pass, and needs a unique index on columns alone
(manual, REFRESH MATERIALIZED VIEW; measured 14, 18). It is the last step before the rollout,
behind all fills. A view that the train makes is not read yet, so it is refreshed as written.
"""

from collections.abc import Sequence

from msgspec import Struct

from zdm.model.commands import Work, WorkOn
from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, Phase, Step, TableLock
from zdm.model.schema import Snapshot, View
from zdm.model.statement import Action, Fact, Setting
from zdm.recipes import run_sql
from zdm.recipes.object import materialized, views
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned

SLUG = "refresh_view"


class RefreshView(Struct, frozen=True, kw_only=True):
    """Run its query again."""

    view: View
    locks: tuple[TableLock, ...]
    settings: tuple[Setting, ...]

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"refresh materialized view {self.view.name}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """That the old version reads the rows, too."""
        if views.by_train(self.view):
            return ()
        message, remedy = self._risk()
        return (Hazard(operation=SLUG, message=message, remedy=remedy, origin=context.origin),)

    def _risk(self) -> tuple[str, str]:
        return (
            "from before the rollout on the old version, too, reads the new rows of"
            f" {self.view.name}; a rollback does not bring the former ones back",
            "make sure that the old version works with them; else put"
            " `-- zdm: run in contract -- reason` above it",
        )

    def choice(self, context: Context) -> Choice:
        """CONCURRENTLY, unless nothing reads it yet."""
        del context
        new = views.by_train(self.view)
        return choice.of(
            choice.way(
                "plain",
                "REFRESH without CONCURRENTLY",
                new,
                Trait.SCANS,
                because="this train makes the view, so nothing reads it yet",
                unless="every read of the view would wait while its query runs",
            ),
            choice.way(
                "concurrently",
                "REFRESH CONCURRENTLY as the last step before the rollout",
                not new,
                Trait.SCANS,
                because="reads continue; a unique index lets it find the rows that differ",
                unless="nothing reads the view yet",
            ),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step."""
        owner, name = Owned(operation=SLUG, origin=context.origin), self.view.name
        if views.by_train(self.view):
            return (
                run_sql.full_scan(
                    owner,
                    id=f"{name}-refresh",
                    phase=Phase.SWITCH,
                    title=self.title,
                    sql=(materialized.refresh(name),),
                    settings=self.settings,
                    locks=self.locks,
                    probe="",  # only the journal shows it
                    undo=(),
                    serves=BOTH,
                    reason="Nothing reads it yet.",
                    cost=materialized.reads(self.view),
                ),
            )
        return (
            run_sql.concurrently(
                owner,
                id=f"{name}-refresh",
                phase=Phase.SWITCH,
                title=self.title,
                sql=(materialized.refresh(name, concurrently=True),),
                settings=self.settings,
                locks=tuple(sorted((*self.locks, materialized.concurrent_lock(name)))),
                preconditions=materialized.refreshable(name),
                probe="",  # only the journal shows it; a second time it changes nothing
                undo=(),
                serves=BOTH,
                reason="CONCURRENTLY lets reads pass; the rows of all fills are done.",
                cost=materialized.reads(self.view),
            ),
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """REFRESH of a materialized view of the Snapshot."""
    action, said = actions[0], actions[0].said
    if not isinstance(said, WorkOn) or said.work is not Work.REFRESH:
        return None
    name = action.fact.table if isinstance(action.fact, Fact) else None
    if name is None:
        return None
    found = next((view for view in snapshot.views if view.name == name), None)
    if found is None and snapshot.opaque:
        return None
    if found is None or found.kind != "materialized view":
        return refuse.refuse(
            action,
            "view_cannot_be_refreshed",
            f"there is no materialized view {name} in the schema, so this statement would fail",
            "correct the name, or make a new snapshot of the database",
        )
    problem = _problem(said, found)
    if problem is not None:
        return refuse.refuse(action, "view_cannot_be_refreshed", *problem)
    operation = RefreshView(
        view=found,
        locks=statements.of_author(snapshot, action),
        settings=materialized.in_force(action.statement.settings, snapshot),
    )
    return Match(operation=operation, consumed=(0,), directives=action.statement.vouched)


def _problem(said: WorkOn, view: View) -> tuple[str, str] | None:
    if said.empties:
        return (
            f"WITH NO DATA leaves {view.name} unpopulated, so that every read of it fails",
            "remove WITH NO DATA; or drop the view",
        )
    if not views.by_train(view) and not materialized.has_key(view):
        return (
            f"{view.name} has no unique index on columns alone, without WHERE, so CONCURRENTLY"
            " would fail, and without that word every read of the view waits while its query"
            " runs",
            f"create a unique index on {view.name} above this statement; or, if nothing reads"
            " the view meanwhile, put `-- zdm: run in expand -- reason` above it",
        )
    return None
