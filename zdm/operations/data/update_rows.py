"""UPDATE of a few rows of a table in use, or from other tables.

A few rows, by literal keys or of a table that is small by its statistics, are one short
statement, as the author wrote it: also from other tables, where these are small, too. Its place
is that of a backfill, in the author's order with the others.

Many rows from other tables are written in batches, each row by a query of its own that gives
its values. No trigger converts what the applications write meanwhile: their sessions may not
read the other tables. So rows that differ again are found until none is left.
"""

from collections.abc import Iterator, Sequence

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
    TableLock,
)
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.sql import ident
from zdm.model.statement import Action, DirectiveKind, Statement
from zdm.parse import mentioned, rewrite
from zdm.parse.rows.row_condition import Updated
from zdm.recipes import by_rows, cost, run_sql, site
from zdm.recipes.constraint import added_later, corrected, repeated
from zdm.recipes.constraint.added_later import Refused
from zdm.recipes.index import walk_key
from zdm.recipes.reading import correlated, few, filled, refuse, statements, updates
from zdm.recipes.reading.few import Few
from zdm.recipes.reading.updates import Update
from zdm.recipes.run_sql import Owned
from zdm.recipes.site import Site
from zdm.recipes.trigger import sync
from zdm.schema import family

SLUG = "update_rows"
_UNDO = Irreversible(reason="the previous values are not recorded", rows=True)
_Line = tuple[str, str]  # fact and remedy


class UpdateSome(Struct, frozen=True, kw_only=True):
    """Set columns of some rows. `work`: so few that they are one statement, or what one row
    gets in a batch. `sources`: the tables in use that it reads besides; `twice`: columns whose
    new value follows from the old one, so that a second run sets another one."""

    table: Name
    columns: tuple[str, ...]
    sources: tuple[Name, ...]
    statement: Statement
    locks: tuple[TableLock, ...]
    work: Few | Updated
    refused: tuple[Refused, ...] = ()  # by constraints of the contract, set again before these
    again: str = ""  # the statement that does so, of a few rows
    stops: tuple[Refused, ...] = ()  # by constraints at which the run stops
    twice: tuple[str, ...] = ()
    before: tuple[str, ...] = ()  # columns that an earlier UPDATE sets, too

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        few_rows = isinstance(self.work, Few)
        how = "in a few rows" if few_rows else "from other tables in batches"
        return f"set {self.table}.{self._columns} {how}"

    @property
    def _columns(self) -> str:
        return ", ".join(self.columns)

    @property
    def _id(self) -> str:
        return "-".join((str(self.table), *self.columns, "set"))

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """Both versions read the new values, and others act on the rows."""
        table = context.snapshot.require_table(self.table)
        lines = [self._both(), *self._second(), *self._behind(), *self._copied()]
        lines += filled.hazards(table, *self.columns)
        if self.refused:
            lines.append(corrected.hazard(str(self.table), self.refused))
        if self.stops:
            lines.append(corrected.stop(str(self.table), self.stops))
        if isinstance(self.work, Updated) and not walk_key.walk(table):
            lines.append(
                (
                    f"{self.table} has no key, so its pages are scanned, repeatedly until no"
                    " row differs",
                    "give it a primary key",
                )
            )
        return tuple(Hazard(operation=SLUG, message=m, remedy=r) for m, r in lines)

    def _both(self) -> _Line:
        keep = (
            "; put `-- zdm: keep old values` above it if a rollback must restore them"
            if not self.sources and not self.twice
            else ""
        )
        return (
            f"both versions see the new values of {self.table}.{self._columns} at once, and a"
            " rollback does not bring the old ones back",
            "make sure that both versions understand both values, and that neither keeps"
            f" writing the old ones{keep}",
        )

    def _second(self) -> Iterator[_Line]:
        if self.twice:
            yield (
                f"after a rollback {self.table}.{', '.join(self.twice)} has its new value, and"
                " a second run sets it once more, from that one, as `n = n + 1` would add 2",
                "set the old values again before a second run; or write the new value itself"
                " into the UPDATE",
            )

    def _behind(self) -> Iterator[_Line]:
        if self.before:
            yield (
                f"an earlier UPDATE of this train sets {', '.join(self.before)}, which this one"
                " uses: for a row that an application writes between the two, this one alone"
                " counts",
                "write both as one UPDATE (with CASE, if the rows differ), or let no version"
                " write rows that both of them mean",
            )

    def _copied(self) -> Iterator[_Line]:
        named = ", ".join(map(str, self.sources)) or "the query"
        if isinstance(self.work, Updated):
            yield (
                f"until no row of {self.table} differs, a value that an application writes is"
                f" overwritten if it differs from that of {named}; later it is not, and new"
                " rows get no value from there",
                "make sure that neither version keeps writing other values, and that the new"
                " version writes both places",
            )
            yield (
                f"a row of {self.table} that several rows of {named} match stops the step with"
                " its key; without an index on the compared columns, each row reads all of"
                " them",
                "make sure that at most one row matches, and that the compared columns have an"
                " index",
            )
        elif self.sources:
            yield (
                f"the values come from {named} at one moment; what an application writes later,"
                f" there or in {self.table}, is not copied, and if several of its rows match"
                " one row, PostgreSQL takes any of them",
                "make sure that at most one row matches, and that the new version writes both"
                " places",
            )

    def choice(self, context: Context) -> Choice:
        """One statement where it is small, else batches."""
        del context
        few_rows = self.work if isinstance(self.work, Few) else None
        return by_rows.update(few_rows, late=bool(self.refused))

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One statement, or batches."""
        if isinstance(self.work, Updated):
            fill = self._fill(self.work, context)
            place, differs = self._place(context), fill.differs
            more = corrected.batches(place, fill.assignments, differs, self.refused)
            return (fill, *(replace(one, sources=fill.sources) for one in more))
        once = run_sql.short_transaction(
            Owned(operation=SLUG, origin=context.origin),
            id=self._id,
            phase=Phase.BACKFILL,
            title=self.title,
            sql=(self.statement.sql,),
            locks=self.locks,
            settings=self.statement.settings,
            preconditions=few.still_small(
                () if self.work.keyed else (self.table, *self.sources)
            ),
            probe="",  # only the journal shows it
            undo=_UNDO,
            serves=BOTH,
            reason=f"{self.work.words}, in the same transaction as their journal entry.",
            cost=Cost(rows=self.work.rows),
        )
        return (once, self._again(once, context)) if self.again else (once,)

    def _again(self, once: RunSql, context: Context) -> RunSql:
        """The same of the rows that a constraint refuses."""
        place = self._place(context)
        read = (name for one in self.refused for name in one.reads)
        seen = [TableLock(table=name, mode=LockMode.ACCESS_SHARE) for name in read]
        return replace(
            once,
            id=place.id(*self.columns, "once-more"),
            phase=Phase.CONTRACT,
            title=corrected.title(place, self._columns, self.refused),
            sql=(self.again,),
            preconditions=(),
            locks=statements.locks(context.snapshot, *once.locks, *seen),
            serves=NEW_ONLY,
            reason=f"{corrected.REASON} {once.reason}",
        )

    def _place(self, context: Context) -> Site:
        table = context.snapshot.require_table(self.table)
        return site.at(SLUG, table, context, settings=self.statement.settings)

    def _fill(self, said: Updated, context: Context) -> Backfill:
        table = context.snapshot.require_table(self.table)
        return Backfill(
            id=self._id,
            operation=SLUG,
            phase=Phase.BACKFILL,
            title=self.title,
            table=self.table,
            key=walk_key.walk(table),
            assignments=tuple(Assignment(column=c, expression=v) for c, v in said.values),
            differs=_differs(said, table, context.snapshot),
            sources=self.sources,
            settings=self.statement.settings,
            undo=_UNDO,
            serves=BOTH,
            reason="Batches lock only the rows they write, and only while they run.",
            origin=context.origin,
            cost=cost.rewrite_rows(table),
        )


def _differs(said: Updated, table: Table, snapshot: Snapshot) -> str:
    """The author's WHERE, and at least one value that is not the wanted one."""
    tests = [
        sync.is_distinct(
            f"{ident(table.name.name)}.{ident(name)}",
            f"CAST(zdm_values.zdm_{n} AS {table.require_column(name).type})",
            table.require_column(name),
            snapshot,
        )
        for n, (name, _) in enumerate(said.values, 1)
    ]
    which = " OR ".join(tests)
    return f"EXISTS (SELECT FROM ({said.rows}) AS zdm_values WHERE {which})"


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """An UPDATE of a few rows, or from other tables; any other is left to the backfill, which
    refuses what it cannot do."""
    action = actions[0]
    update = updates.read(action)
    table = None if update is None else snapshot.table(update.table)
    if update is None or table is None or _keeps(action) or not _settable(update, table):
        return None
    if filled.refused(table, snapshot) is not None or updates.refused_null(update, table):
        return None  # the backfill says it
    at_once = _few(update, action, snapshot)
    if at_once is None and (update.simple or not _ordinary(update, table, snapshot)):
        return None
    work = at_once or _of_each(action, table, snapshot)
    if isinstance(work, tuple):
        return refuse.refuse(action, "update_cannot_be_batched", *work)
    sources = few.sources(action, snapshot) or ()
    row = min(mentioned.own_names(action) - {table.name.name}, default=table.name.name)
    if isinstance(work, Updated):
        row = table.name.name  # by which it names the row
    found = added_later.of_any(updates.targets(action), actions[1:], table, snapshot, row)
    again = bool(found) and repeated.repeats(update, actions, table, snapshot, found)
    few_rows = isinstance(work, Few)
    operation = UpdateSome(
        table=table.name,
        columns=tuple(column for column, _ in update.assignments),
        sources=tuple(s.name for s in sources if not s.created and s.name != table.name),
        statement=action.statement,
        locks=statements.of_author(snapshot, action),
        work=work,
        refused=found if again else (),
        again=rewrite.narrowed(action, added_later.condition(found))
        if again and few_rows
        else "",
        stops=() if again else found,
        twice=updates.twice(update, action, table, sources) if few_rows else (),
        before=tuple(
            f"{name}.{column.name}"
            for name, column in repeated.set_before(action, table, snapshot)
            if column.name in mentioned.columns(action)
        ),
    )
    columns = tuple((table.name, column) for column, _ in update.assignments)
    return Match(operation=operation, consumed=(0,), again=columns if again else ())


def _of_each(action: Action, table: Table, snapshot: Snapshot) -> Updated | _Line:
    """What it does to one row, or why batches cannot do it."""
    work = correlated.read(action, table, snapshot)
    if isinstance(work, tuple):
        return work
    return filled.overwritten(table, dict(work.values), snapshot) or work


def _few(update: Update, action: Action, snapshot: Snapshot) -> Few | None:
    """The rows that it sets: named by key, or where these and what it reads are few."""
    table = snapshot.require_table(update.table)
    if mentioned.draws(action) or few.sources(action, snapshot) is None:
        return None
    if update.alone and update.where is not None:  # else it may be a key of another table
        found = few.of_keys(update.where, table)
        if found is not None:
            return found
    return few.of_table(table, snapshot) if few.reads_little(action, snapshot) else None


def _keeps(action: Action) -> bool:
    """Whether the old values are kept, which batches with a trigger do."""
    return any(d.kind is DirectiveKind.KEEP_OLD_VALUES for d in action.statement.directives)


def _settable(update: Update, table: Table) -> bool:
    """Whether PostgreSQL lets an UPDATE set all of its columns."""
    found = [table.column(column) for column, _ in update.assignments]
    return table.kind != "foreign table" and all(
        column is not None and not column.generated and column.identity != "always"
        for column in found
    )


def _ordinary(update: Update, table: Table, snapshot: Snapshot) -> bool:
    """Whether batches can walk the table while the columns are set."""
    whole = table.partition_key is None and not family.children(snapshot, table.name)
    key = walk_key.walk(table)
    return whole and not update.only and not {c for c, _ in update.assignments} & {*key}
