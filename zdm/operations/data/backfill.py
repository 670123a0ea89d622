"""UPDATE of an existing table, in batches instead of in one transaction.

One UPDATE of many rows holds their locks and keeps vacuum from cleaning until it commits. In
batches it must be convergent: a second run changes nothing, so `c = c + 1`, random values and
the clock are refused unless the row itself shows that it is done (WHERE c IS NULL).

Both versions read old and new values in the same table, so both must understand both. While the
backfill runs, a trigger converts what the old version still writes, else it could write rows
that differ faster than batches find them; the trigger is dropped before the rollout, so rows
that are written afterwards are left alone, as after the author's UPDATE.

With `-- zdm: keep old values` a side table holds the old values until the contract, and a
rollback restores them.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import (
    BOTH,
    NEW_ONLY,
    Assignment,
    Backfill,
    Cost,
    Irreversible,
    Phase,
    RunSql,
    Step,
)
from zdm.model.schema import Name, Snapshot, Table, Volatility
from zdm.model.sql import ident
from zdm.model.statement import Action, Directive, DirectiveKind, Setting
from zdm.parse import expressions
from zdm.recipes import by_rows, cost, run_sql, site
from zdm.recipes.constraint import added_later, corrected
from zdm.recipes.constraint.added_later import Refused
from zdm.recipes.index import walk_key
from zdm.recipes.reading import filled, refuse, session_dependent, statements, updates
from zdm.recipes.reading.updates import Update
from zdm.recipes.site import Site
from zdm.recipes.sql import probes
from zdm.recipes.trigger import convert, kept_values, sync, zdm_trigger
from zdm.recipes.trigger.convert import Convert
from zdm.recipes.trigger.keep_old import Kept
from zdm.schema import default_volatility

SLUG = "backfill"
_HELP = (
    "write it as `UPDATE table SET column = expression WHERE …` over columns of the same row"
)


class UpdateRows(Struct, frozen=True, kw_only=True):
    """Set columns of the rows that differ. `refused`: rows that a constraint which the train
    adds in the contract refuses, so that the old version's are converted until then; `orphans`:
    those that a foreign key does, which are filled once more."""

    table: Name
    assignments: tuple[Assignment, ...]
    differs: str
    refused: tuple[Refused, ...] = ()
    orphans: tuple[Refused, ...] = ()
    keeps: bool = False  # the old values, until the contract
    settings: tuple[Setting, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        columns = ", ".join(a.column for a in self.assignments)
        kept = ", and keep the old values until the contract" if self.keeps else ""
        return f"fill {self.table}.{columns} in batches{kept}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """The risks that remain."""
        columns = ", ".join(a.column for a in self.assignments)
        lines = [
            (
                f"while {self.table} is filled, it holds old and new values of {columns}, and a"
                " value that an application writes meanwhile is overwritten if it differs",
                "make sure that both versions understand both values, and that neither keeps"
                " writing the old ones",
            )
        ]
        table = context.snapshot.table(self.table)
        if table is not None:
            named = tuple(a.column for a in self.assignments)
            lines += filled.hazards(table, *named)
            lines += filled.written_meanwhile(table, *named)
        if table is not None and not walk_key.walk(table):
            lines.append(
                (
                    f"{self.table} has no key, so the backfill scans its pages, repeatedly"
                    " until no row differs",
                    "give it a primary key",
                )
            )
        if self.refused:
            which = added_later.words(self.refused, "the same train")
            lines.append(
                (
                    f"until the contract, a row of {self.table} that {which} is converted as it"
                    " is written, also one of the new version",
                    "let the new version write none",
                )
            )
        if self.orphans:
            lines.append(corrected.hazard(str(self.table), self.orphans))
        if self.keeps:
            lines += kept_values.published(self.table, context.snapshot)
        return tuple(Hazard(operation=SLUG, message=m, remedy=r) for m, r in lines)

    def choice(self, context: Context) -> Choice:
        """Batches, unless it is small; with the old values kept if asked."""
        del context
        return by_rows.update(
            None, late=bool(self.refused or self.orphans), keeps=self.keeps, trigger=True
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """A trigger, the backfill, and the trigger's end; around them, where the old values are
        kept, a side table from expand to the contract."""
        table = context.snapshot.require_table(self.table)
        place = site.at(SLUG, table, context, settings=self.settings)
        conversion = Convert(assignments=self.assignments, differs=self.differs)
        if not self.keeps:
            return (
                self._install(place, conversion),
                self._fill(place, conversion, cost.rewrite_rows(table)),
                *self._remove(place, conversion),
                *corrected.batches(place, self.assignments, self.differs, self.orphans),
            )
        kept = convert.kept_by(place, conversion, walk_key.walk(table))
        costs = cost.together(
            cost.rewrite_rows(table), cost.keep_rows(table, kept.key, kept.columns)
        )
        return (
            kept_values.begin(kept, costs),
            self._install(place, conversion, kept),
            replace(
                self._fill(place, conversion, costs),
                title=f"fill {self.table}.{self._columns} in batches, and keep the old values",
                settings=(*self.settings, *kept.settings),
                undo=(),
                reason="Batches lock only the rows they write, and only while they run. The"
                f" old values go to {kept.table} in the same transactions; a rollback restores"
                " them from there.",
            ),
            *self._remove(place, conversion, kept),
            *corrected.batches(place, self.assignments, self.differs, self.orphans),
            kept_values.end(kept),
        )

    def _fill(self, place: Site, conversion: Convert, costs: Cost) -> Backfill:
        return Backfill(
            id=self._id(place, "fill"),
            operation=SLUG,
            phase=Phase.BACKFILL,
            title=f"fill {self.table}.{self._columns} in batches",
            table=place.name,
            key=walk_key.walk(place.table),
            assignments=self.assignments,
            differs=self.differs,
            settings=self.settings,
            preconditions=(convert.enabled_check(place, conversion),),
            undo=Irreversible(reason="the previous values are not recorded", rows=True),
            serves=BOTH,
            reason="Batches lock only the rows they write, and only while they run.",
            origin=place.origin,
            cost=costs,
        )

    def _install(self, place: Site, conversion: Convert, kept: Kept | None = None) -> RunSql:
        trigger = convert.trigger_of(place, conversion)
        return run_sql.short_transaction(
            place,
            id=self._id(place, "convert-new-rows"),
            phase=Phase.EXPAND,
            title=f"convert what is written to {place.name} while it is filled",
            sql=convert.install_sql(place, conversion, kept),
            locks=place.lock(LockMode.SHARE_ROW_EXCLUSIVE),
            settings=self.settings,
            probe=probes.probe(zdm_trigger.installed(trigger)),
            undo=zdm_trigger.drop_sql(trigger),
            serves=BOTH,
            reason="Otherwise the old version could write rows that differ faster than batches"
            " find them.",
        )

    def _remove(
        self, place: Site, conversion: Convert, kept: Kept | None = None
    ) -> tuple[RunSql, ...]:
        """The trigger's end; or first fewer rows, and its end in the contract."""
        if not self.refused:
            return (self._stop(place, conversion, kept),)
        which, by = added_later.condition(self.refused), added_later.by(self.refused)
        fewer = replace(conversion, differs=f"({which}) AND {conversion.differs}")
        stop, end = (self._stop(place, one, kept) for one in (conversion, fewer))
        trigger = convert.trigger_of(place, fewer)
        fewer_rows = replace(
            stop,
            id=self._id(place, "convert-fewer-rows"),
            title=f"convert only what {added_later.words(self.refused, str(place.name))}",
            sql=(*stop.sql, *convert.install_sql(place, fewer, kept)),
            probe=probes.probe(
                probes.both(
                    zdm_trigger.removed(convert.trigger_of(place, conversion)),
                    zdm_trigger.installed(trigger),
                )
            ),
            undo=(
                *zdm_trigger.drop_sql(trigger),
                *convert.install_sql(place, conversion, kept),
            ),
            reason=f"Every row is filled; until {by} is there, the old version may still"
            " write rows that it refuses.",
        )
        return (
            fewer_rows,
            replace(
                end,
                phase=Phase.CONTRACT,
                serves=NEW_ONLY,
                reason=f"The old version, which may write rows that {by} refuses, is gone.",
            ),
        )

    def _stop(self, place: Site, conversion: Convert, kept: Kept | None) -> RunSql:
        trigger = convert.trigger_of(place, conversion)
        return run_sql.short_transaction(
            place,
            id=self._id(place, "stop-converting"),
            phase=Phase.VALIDATE,
            title=f"stop converting what is written to {place.name}",
            sql=zdm_trigger.drop_sql(trigger),
            locks=place.lock(LockMode.ACCESS_EXCLUSIVE),
            settings=self.settings,
            probe=probes.probe(zdm_trigger.removed(trigger)),
            undo=convert.install_sql(place, conversion, kept),
            serves=BOTH,
            reason="Every row is filled; the author's UPDATE does not apply to later ones.",
        )

    @property
    def _columns(self) -> str:
        return ", ".join(a.column for a in self.assignments)

    def _id(self, place: Site, word: str) -> str:
        return place.id(*(a.column for a in self.assignments), word)


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """An UPDATE of a table of the Snapshot."""
    action = actions[0]
    update = updates.read(action)
    if update is None:
        return None
    table = snapshot.table(update.table)
    if table is None:
        return statements.not_of_table(action, update.table, snapshot)
    problem = _form(update, table) or _columns(update, table)
    problem = problem or updates.refused_null(update, table)
    problem = problem or filled.obstacle(table, snapshot)
    problem = problem or filled.overwritten(table, _values(update), snapshot)
    said = [value for _, value in update.assignments]
    said += [update.where] if update.where is not None else []
    problem = problem or session_dependent.obstacle(
        tuple(expressions.bare(one) for one in said), table, snapshot
    )
    problem = problem or _diverges(update, table, snapshot)
    keep = _keep(action)
    problem = problem or (kept_values.obstacle(table, walk_key.walk(table)) if keep else None)
    if problem is not None:
        return refuse.refuse(action, "update_cannot_be_batched", *problem)
    columns = {column for column, _ in update.assignments}
    about = (columns, actions[1:], table, snapshot)
    operation = UpdateRows(
        table=table.name,
        assignments=tuple(
            Assignment(column=column, expression=expressions.bare(value))
            for column, value in update.assignments
        ),
        differs=_differs(update, table, snapshot),
        refused=added_later.of_row(*about),
        orphans=added_later.orphans(*about, table.name.name),
        keeps=bool(keep),
        settings=action.statement.settings,
    )
    return Match(operation=operation, consumed=(0,), directives=keep)


def _values(update: Update) -> dict[str, str]:
    return {column: expressions.bare(value) for column, value in update.assignments}


def _keep(action: Action) -> tuple[Directive, ...]:
    """The directives by which the old values are kept."""
    return tuple(
        d for d in action.statement.directives if d.kind is DirectiveKind.KEEP_OLD_VALUES
    )


def _form(update: Update, table: Table) -> tuple[str, str] | None:
    """Forms that cannot be cut into key ranges."""
    if not update.simple:
        return (
            f"this UPDATE of {table.name} has a FROM, WITH, RETURNING, DEFAULT or subquery, so"
            " it cannot be cut into batches",
            _HELP,
        )
    if update.only:
        return (
            f"UPDATE ONLY {table.name} excludes its child tables, but batches include them",
            _HELP,
        )
    if table.kind == "foreign table" or table.partition_key is not None:
        return (
            f"{table.name} is a {table.kind}; zdm fills ordinary tables only",
            "write one UPDATE for each partition",
        )
    return None


def _columns(update: Update, table: Table) -> tuple[str, str] | None:
    """Columns that do not exist, or must not be set."""
    known = {column.name: column for column in table.columns}
    said = [value for _, value in update.assignments]
    said += [update.where] if update.where is not None else []
    used = {column for column, _ in update.assignments}
    used |= {column for value in said for column in expressions.columns(value)}
    for column in sorted(used - known.keys()):
        return (
            f"{table.name} has no column {column}; system columns and whole rows cannot be used"
            " in a backfill either",
            "correct the name, or make a new snapshot of the database",
        )
    for column, _ in update.assignments:
        if known[column].generated or known[column].identity == "always":
            return f"{table.name}.{column} is generated and cannot be set", "remove it"
        if column in walk_key.walk(table):
            return (
                f"{table.name}.{column} is part of the key that the backfill uses for its"
                " ranges",
                "add a new column instead, and drop the old one",
            )
    return None


def _diverges(update: Update, table: Table, snapshot: Snapshot) -> tuple[str, str] | None:
    """Assignments that a second run would change again."""
    targets = {column for column, _ in update.assignments}
    done = update.where is not None and all(
        expressions.null_test(update.where) == (column, False) for column in targets
    )
    for column, value in update.assignments:
        reads = updates.through(expressions.columns(value), table) & targets
        if reads - {column} or (reads and not updates.idempotent(column, value)):
            return (
                f"`{column} = {expressions.bare(value)}` reads a column that it sets, so a"
                " batch that runs twice changes the row twice",
                "add a new column for the new value, fill it, and drop the old one",
            )
        fixed = default_volatility.volatility(value, snapshot) is Volatility.IMMUTABLE
        if not fixed and not (done or updates.shows_done(update, table)):
            return (
                f"`{column} = {expressions.bare(value)}` gives a different value each time, so"
                " the batches would never be done",
                f"add `WHERE {ident(column)} IS NULL`, so that each row is written once; or set"
                " another column to a constant, and let WHERE leave out rows that have it",
            )
        if done and expressions.is_null(value):
            return f"`{column} = NULL WHERE {column} IS NULL` changes nothing", "remove it"
    return None


def _differs(update: Update, table: Table, snapshot: Snapshot) -> str:
    """The author's WHERE, and at least one value that is not the wanted one."""
    tests: list[str] = []
    for name, value in update.assignments:
        column = table.require_column(name)
        if default_volatility.volatility(value, snapshot) is not Volatility.IMMUTABLE:
            tests = []
            break
        wanted = f"CAST({expressions.bare(value)} AS {column.type})"
        tests.append(sync.is_distinct(ident(name), wanted, column, snapshot))
    parts = [f"({expressions.bare(update.where)})"] if update.where is not None else []
    if tests:
        parts.append("(" + " OR ".join(tests) + ")")
    return " AND ".join(parts)
