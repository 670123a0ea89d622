"""DELETE of rows of a table in use, when the old version is gone.

The old version may still read the rows, and a rollback does not bring them back, so they are
deleted in CONTRACT: until then nothing is lost, and a constraint that the old version may break
comes after them. Where a later statement needs them gone before the rollout (a unique index),
they are deleted before it instead.

A DELETE of many rows holds their locks until it commits, so it runs in batches: each row
decides for itself by its own columns, and a second run finds nothing. A few rows, by literal
keys or of a table that is small by its statistics, are one short statement.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.explained.choice import Choice
from zdm.model.expression import Expression
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import (
    BOTH,
    NEW_ONLY,
    Backfill,
    Check,
    Cost,
    Irreversible,
    Phase,
    Side,
    Step,
    TableLock,
)
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Fact, Setting
from zdm.model.syntax import AddConstraint, IndexDefinition
from zdm.parse import expressions, mentioned
from zdm.parse.rows import row_condition
from zdm.recipes import by_rows, cost, run_sql, site
from zdm.recipes.constraint import referred
from zdm.recipes.index import walk_key
from zdm.recipes.reading import correlated, deletes, few, refuse, statements, updates
from zdm.recipes.reading.deletes import Delete
from zdm.recipes.site import Site
from zdm.schema import family

SLUG = "delete_rows"
_NEXT_TRAIN = (
    "move the later statement to a revision that is planned after this train is contracted"
)


class DeleteRows(Struct, frozen=True, kw_only=True):
    """Delete the rows that a condition selects. `early`: before the rollout; `at_most`: so few
    that they are one statement, None where they need batches."""

    table: Name
    condition: str
    early: bool
    at_most: few.Few | None
    locks: tuple[TableLock, ...]
    sources: tuple[Name, ...] = ()  # tables in use whose rows decide, too
    settings: tuple[Setting, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        batches = " in batches" if self.at_most is None else ""
        return f"delete rows of {self.table}{batches}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """What is lost, and what others do."""
        t = self.table
        lines = [
            (
                f"the rows of {t} are deleted while the old version still runs, because a later"
                " statement needs them gone; no rollback brings them back",
                "make sure that the old version works without them, and that neither version"
                " writes such rows; copy them to another table first if you may need them",
            )
            if self.early
            else (
                f"both versions see the rows of {t} until the old one is gone; then every row"
                " that the WHERE selects is deleted for good, also one that the new version has"
                " written",
                "make sure that the new version works with and without these rows and writes"
                " none of them; copy them to another table first if you may need them",
            )
        ]
        table = context.snapshot.require_table(t)
        lines += deletes.hazards(table, context.snapshot)
        lines += deletes.decided(t, self.sources, batches=self.at_most is None)
        if self.at_most is None and not walk_key.walk(table):
            lines.append(
                (
                    f"{t} has no key, so its pages are scanned, repeatedly until no such row is"
                    " left",
                    "give it a primary key",
                )
            )
        return tuple(Hazard(operation=SLUG, message=m, remedy=r) for m, r in lines)

    def choice(self, context: Context) -> Choice:
        """One statement where it is small, else batches."""
        del context
        return by_rows.delete(self.at_most, early=self.early)

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One statement, or batches."""
        table = context.snapshot.require_table(self.table)
        place = site.at(SLUG, table, context, settings=self.settings)
        going = referred.checks(table, self.condition, context.snapshot)
        if self.at_most is None:
            return (self._batches(place, going),)
        sql = f"DELETE FROM {self.table.sql} WHERE {self.condition}"  # noqa: S608  quoted
        return (
            run_sql.short_transaction(
                place,
                id=place.id("delete"),
                phase=self._phase,
                title=self.title,
                sql=(sql,),
                locks=self.locks,
                settings=self.settings,
                preconditions=(*few.still_few(self.at_most, table, self.condition), *going),
                probe="",  # only the journal shows it; a second time it finds nothing
                undo=self._undo,
                serves=self._serves,
                reason=f"{self.at_most.words}, in the same transaction as their"
                f" journal entry. {self._why}",
                cost=Cost(rows=self.at_most.rows),
            ),
        )

    def _batches(self, place: Site, going: tuple[Check, ...]) -> Backfill:
        return Backfill(
            id=place.id("delete"),
            operation=SLUG,
            phase=self._phase,
            title=self.title,
            table=place.name,
            key=walk_key.walk(place.table),
            assignments=(),
            differs=self.condition,
            sources=tuple(name for name in self.sources if name != self.table),
            settings=self.settings,
            preconditions=going,
            undo=self._undo,
            serves=self._serves,
            reason=f"Batches lock only the rows that they delete, while they run. {self._why}",
            origin=place.origin,
            cost=cost.delete_rows(place.table),
        )

    @property
    def _phase(self) -> Phase:
        return Phase.BACKFILL if self.early else Phase.CONTRACT

    @property
    def _serves(self) -> frozenset[Side]:
        return BOTH if self.early else NEW_ONLY

    @property
    def _undo(self) -> Irreversible:
        return Irreversible(reason="the deleted rows are not recorded", rows=self.early)

    @property
    def _why(self) -> str:
        late = "The old version may read the rows, so they stay until it is gone."
        return "A later step needs the rows gone." if self.early else late


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A DELETE from a table of the Snapshot."""
    action = actions[0]
    said = deletes.read(action)
    if said is None:
        return None
    table = snapshot.table(said.table)
    if table is None:
        return statements.not_of_table(action, said.table, snapshot)
    early = any(_needs_them_gone(one, table) or _validates(one, table) for one in actions[1:])
    delete = replace(said, early=early)
    where = delete.where
    if where is None:
        return refuse.refuse(action, "delete_cannot_be_planned", *_form(delete, table))
    sources = () if delete.simple else few.sources(action, snapshot)
    at_most = _at_most(delete, where, action, snapshot)
    problem = (
        _rows(delete, where, table, snapshot, at_most)
        or deletes.obstacle(table, snapshot)
        or (_batches(delete, table, snapshot) if at_most is None else None)
        or (None if delete.simple else _others(delete, action, sources, at_most))
    )
    if problem is not None:
        return refuse.refuse(action, "delete_cannot_be_planned", *problem)
    if late := _overtaken(delete, actions, table):
        return refuse.refuse(action, "delete_order", late, _NEXT_TRAIN)
    operation = DeleteRows(
        table=table.name,
        condition=expressions.bare(where) if delete.simple else expressions.sql(where),
        sources=tuple(t.name for t in sources or () if not t.created),
        early=early,
        at_most=at_most,
        locks=statements.of_author(snapshot, action),
        settings=action.statement.settings,
    )
    return Match(operation=operation, consumed=(0,))


def _form(delete: Delete, table: Table) -> tuple[str, str]:
    """Forms in which no condition says which rows are meant."""
    if delete.every_row:
        return deletes.of_every_row(delete)
    return (
        f"this DELETE of rows of {table.name} has a RETURNING, a WITH that changes rows, or one"
        f" name for two tables, so zdm cannot ask which rows of {table.name} it selects",
        "put the other tables into EXISTS in the WHERE, each under a name of its own, and"
        f" remove RETURNING; {delete.at_once}",
    )


def _at_most(
    delete: Delete, where: Expression, action: Action, snapshot: Snapshot
) -> few.Few | None:
    """How many rows it deletes: named by key, or where these and what it reads are few."""
    table = snapshot.require_table(delete.table)
    found = few.of_keys(where, table) if delete.alone else None
    if found is not None or delete.simple:
        return found or few.of_table(table, snapshot)
    return few.of_table(table, snapshot) if few.reads_little(action, snapshot) else None


def _others(
    delete: Delete, action: Action, sources: tuple[Table, ...] | None, at_most: few.Few | None
) -> tuple[str, str] | None:
    """Rows of other tables that cannot decide which ones it deletes."""
    name = delete.table
    if sources is None:
        return (
            f"which rows of {name} this DELETE selects depends on something other than"
            " tables, and zdm does not know when that changes",
            f"name the tables themselves instead of a view; {delete.at_once}",
        )
    if mentioned.draws(action) or (at_most is None and mentioned.chooses(action)):
        return (
            "a subquery with LIMIT, DISTINCT, TABLESAMPLE or row locks takes other rows each"
            " time, so a second run would delete more",
            f"select the rows by a condition; {delete.at_once}",
        )
    if at_most is not None:
        return None
    itself = next((source for source in sources if source.name == name), None)
    if itself is not None:
        by = row_condition.keeps_lowest(action)
        if by is None or not deletes.is_key(by, itself):
            return (
                f"rows of {name} decide which other rows of {name} are deleted, so"
                " each batch would change what the next one selects",
                "put the table beside itself: `USING t AS b WHERE a.c = b.c AND a.id > b.id`"
                f" deletes duplicates, where id is its key; {delete.at_once}",
            )
    if row_condition.counts_rows(action):
        return (
            f"this DELETE takes rows together (aggregates, GROUP BY, DISTINCT or windows), so"
            f" each batch of {name} would read all of them again",
            f"compare single rows, with EXISTS or USING; {delete.at_once}",
        )
    return None


def _rows(
    delete: Delete, where: Expression, table: Table, snapshot: Snapshot, at_most: few.Few | None
) -> tuple[str, str] | None:
    """Rows that cannot be chosen by their own columns, at any time alike."""
    used = expressions.columns(where)
    for column in used if delete.simple else ():
        if table.column(column) is None:
            return (
                f"{table.name} has no column {column}; system columns and whole rows cannot"
                " select the rows that zdm deletes either",
                "correct the name, or make a new snapshot of the database",
            )
    if not used:
        return deletes.of_every_row(delete)
    if delete.only:
        return (
            f"this DELETE excludes the tables that inherit from {table.name} (ONLY), but zdm"
            " includes them",
            f"remove ONLY; {delete.at_once}",
        )
    text = expressions.bare(where) if delete.simple else expressions.sql(where)
    if at_most is None or correlated.is_random(text):
        return correlated.unsettled(text, snapshot)
    return None


def _batches(delete: Delete, table: Table, snapshot: Snapshot) -> tuple[str, str] | None:
    """Tables of which rows cannot be deleted batch by batch."""
    heirs = [t.name for t in family.children(snapshot, table.name)]
    if table.kind == "foreign table" or table.partition_key is not None or heirs:
        what = f"has children ({heirs[0]})" if heirs else f"is a {table.kind}"
        return (
            f"{table.name} {what}, and zdm deletes many rows of ordinary tables only",
            f"write one DELETE for each partition or child; or name the rows by a unique key,"
            f" at most {few.KEYS:,}",
        )
    if kept := deletes.keeping(table, snapshot):
        return kept, f"write an UPDATE that does what the trigger does; {delete.at_once}"
    if acting := deletes.acting(table, snapshot):
        name, does = acting[0].table.name, deletes.does(acting[0])
        return (
            f"rows of {name} that refer to rows of {table.name} {does}, however many they are,"
            " so the batches have no bound",
            f"name the rows by a unique key, at most {few.KEYS:,}; {delete.at_once}",
        )
    if any(one.table == table for one in deletes.refusing(table, snapshot)):
        return (
            f"rows of {table.name} refer to each other, so a batch may fail on a row of a later"
            " one",
            f"name the rows by a unique key, at most {few.KEYS:,}; {delete.at_once}",
        )
    return None


_OF_ROWS = frozenset({ActionKind.UPDATE, ActionKind.INSERT})
_OF_COLUMN = frozenset(
    {ActionKind.DROP_COLUMN, ActionKind.RENAME_COLUMN, ActionKind.CHANGE_TYPE}
)


def _needs_them_gone(later: Action, table: Table) -> bool:
    """Whether the rows may be in its way before the rollout. A constraint on a column that the
    old version writes waits for the contract, too."""
    match later.said:
        case IndexDefinition():
            return later.said.unique
        case AddConstraint(constraint=says):
            known = {column.name for column in table.columns if not column.unwritten}
            read = () if says.expression is None else expressions.columns(says.expression)
            return not known >= {*says.columns, *read}
    fact = later.fact
    if not isinstance(fact, Fact) or fact.kind is not ActionKind.SET_NOT_NULL:
        return False
    column = table.column(fact.name)
    return column is not None and column.kept_filled


def _validates(later: Action, table: Table) -> bool:
    """Whether it validates a constraint that new rows keep already: then the rows are old."""
    fact = later.fact
    if not isinstance(fact, Fact) or fact.kind is not ActionKind.VALIDATE_CONSTRAINT:
        return False
    constraint = table.constraint(fact.name) if fact.table == table.name else None
    return constraint is not None and not constraint.validated


def _overtaken(delete: Delete, actions: Sequence[Action], table: Table) -> str | None:
    """A later statement that would run before the rows are deleted, and change which ones."""
    reads = deletes.columns(delete, actions[0], table)
    for action in actions[1:]:
        fact = action.fact
        if not isinstance(fact, Fact) or fact.table != table.name:
            continue
        if fact.kind in _OF_ROWS and not _harmless(delete, action, table, reads):
            return (
                f"{action.source} writes rows of {table.name} before the rollout, and this"
                " DELETE may select them afterwards"
            )
        if fact.kind in _OF_COLUMN and fact.name in reads and not delete.early:
            return (
                f"{action.source} takes {table.name}.{fact.name} from the new version, which"
                " writes rows without it, and this DELETE may select those"
            )
    return None


def _harmless(delete: Delete, action: Action, table: Table, reads: frozenset[str]) -> bool:
    """Whether the same rows are deleted before it and behind it; one behind an early DELETE
    runs behind it, but the trigger of an UPDATE is there before."""
    update = updates.read(action)
    if update is None:
        return delete.early
    apart = not reads & {column for column, _ in update.assignments}
    return apart and (delete.early or updates.never_fails(update, table))
