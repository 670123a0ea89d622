"""ADD COLUMN, by the cheapest safe way.

A default without VOLATILE functions is evaluated once and kept in the catalog, so one short
ACCESS EXCLUSIVE is enough (manual, ALTER TABLE, Notes). With a VOLATILE default, and for
serial, PostgreSQL rewrites the table and its indexes under that lock; here the column is added
without it, given the default for new rows, filled in batches, and proved NOT NULL.

ADD COLUMN, UPDATE of every row and SET NOT NULL in one train are one change: while the old
version runs, a trigger gives its inserts the value, otherwise rows inserted after the backfill
would be NULL. The trigger is dropped in CONTRACT.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import (
    BOTH,
    OLD_ONLY,
    Irreversible,
    Phase,
    RunSql,
    Step,
    TableLock,
)
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Setting, Statement
from zdm.parse import emit
from zdm.parse.emit import Expression, Ident, Qualified, TypeText
from zdm.recipes import run_sql, site
from zdm.recipes.column import backfilled_column, new_column, new_identity, unwritten, ways
from zdm.recipes.column.new_column import NewColumn
from zdm.recipes.constraint import not_null
from zdm.recipes.object import row_type
from zdm.recipes.reading import filled, refuse, statements
from zdm.recipes.site import Site
from zdm.recipes.sql import probes
from zdm.recipes.trigger import computed_column, zdm_trigger

SLUG = "add_column"


class AddColumn(Struct, frozen=True, kw_only=True):
    """Add a column. `fill`: the value of every row, over the row's columns by bare names;
    `by_trigger`: a trigger gives it to new rows, else the default does. `there`: the column
    exists and the statement has IF NOT EXISTS, so there is nothing to do."""

    table: Name
    new: NewColumn
    fill: str | None = None
    by_trigger: bool = False
    keeps: bool = False  # what it is computed from may become NULL, and it may not
    not_null: bool = False  # to be proved; a quick column carries its own NOT NULL
    there: bool = False
    left: tuple[str, str] | None = None  # an UPDATE sets it, and not in rows written later
    settings: tuple[Setting, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def quick(self) -> bool:
        """Whether one ADD COLUMN is the whole change."""
        whole = not (self.there or self.new.rewrites or self.fill or self.not_null)
        return whole and self.new.meanwhile is None

    @property
    def title(self) -> str:
        """One line for a person."""
        what = f"add {self.table}.{self.new.column.name}"
        if self.there:
            return f"{what} (already exists)"
        return f"{what} and fill it" if self.fill else what

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """The risks that remain."""
        if self.there:
            return ()
        name = f"{self.table}.{self.new.column.name}"
        lines = [
            (
                f"clients with a prepared `SELECT *` or `RETURNING *` on {self.table} fail once"
                " when the column is added",
                "list the columns explicitly",
            )
        ]
        lines += row_type.outgrown(self.table, context.snapshot)
        if self.left is not None:
            lines.append(self.left)
        if self.by_trigger and self.fill is not None:
            table = context.snapshot.require_table(self.table)
            reads = computed_column.inputs(self.fill, table)
            if reads:
                lines.append(self._computed_again(", ".join(c.name for c in reads)))
            if self.not_null and self._may_be_null(table):
                lines.append(not_null.stops(name, self.fill))
            lines += [
                (
                    f"until the contract, a row inserted with {name} NULL gets the fill value",
                    "let the new version write the value itself",
                ),
                (
                    f"`{self.fill}` must accept every row that either version can write: until"
                    " the contract, an error in it fails the write",
                    "make it accept every value, for example with CASE",
                ),
            ]
        if self.new.meanwhile is not None:
            lines.append(
                (
                    f"existing rows get {self.new.meanwhile.expression} in {name}, and until"
                    " the contract so do inserts without it; after that they fail",
                    f"let the new version send {self.new.column.name} in every INSERT",
                )
            )
        if self.fill is not None:
            table = context.snapshot.require_table(self.table)
            lines += filled.hazards(table, self.new.column.name)
        return tuple(Hazard(operation=SLUG, message=m, remedy=r) for m, r in lines)

    def _computed_again(self, reads: str) -> tuple[str, str]:
        name = self.new.column.name
        return (
            f"until the contract, an UPDATE that changes {reads} of {self.table} and"
            f" leaves out {name} computes {name} again where it holds the computed value or"
            " NULL: a trigger cannot tell which version wrote the row",
            f"let the new version write {name} in each UPDATE of {reads}, even to the"
            " value that it has",
        )

    def choice(self, context: Context) -> Choice:
        """As cheap as its default and what fills it let it be."""
        if self.there:
            return choice.nothing("the column is there, and the statement says IF NOT EXISTS")
        return ways.of(
            self.new,
            ways.Filled(
                value=self.fill,
                by_trigger=self.by_trigger,
                proves=self.not_null,
                settled=ways.is_settled(self.fill, context.snapshot),
            ),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """Expand; and where rows must be filled: backfill, proof, contract."""
        if self.there:
            return ()
        table = context.snapshot.require_table(self.table)
        before = site.at(SLUG, table, context, settings=self.settings)
        wide = replace(
            table, columns=(*table.columns, replace(self.new.column, not_null=False))
        )
        place = replace(before, table=wide)
        steps: list[Step] = [self._expand(place)]
        column, by = self.new.column, self.by_trigger
        if self.fill is not None:
            steps.append(backfilled_column.backfill(place, column, self.fill, by_trigger=by))
        if self.not_null and self._may_be_null(table):
            hint = f"set {column.name} to a value WHERE {column.name} IS NULL"
            steps += not_null.tighten(place, column.name, hint=hint, wanted=self.new.not_null)
        elif self.not_null:
            steps += not_null.prove(place, column.name, wanted=self.new.not_null)
        if self.new.exchange is not None:
            steps.append(new_identity.exchange(place, self.new.exchange))
        if self.by_trigger and self.fill is not None:
            steps.append(backfilled_column.stop(place, column, self.fill, keeps=self.keeps))
        if self.new.meanwhile is not None:
            given = self.new.meanwhile.expression
            steps.append(backfilled_column.drop_default(place, column, given))
        return tuple(steps)

    def _may_be_null(self, table: Table) -> bool:
        """The fill gives no value to some rows that the old version may write."""
        if not self.by_trigger or self.fill is None:
            return False
        return not not_null.always_given(self.fill, table)

    def _expand(self, place: Site) -> RunSql:
        column = self.new.column
        t, c = Qualified(place.name), Ident(column.name)
        install: tuple[str, ...] = ()
        undo: tuple[str, ...] = ()
        done = [probes.column(place.name, column.name)]
        if self.by_trigger and self.fill is not None:
            trigger = computed_column.trigger_of(place, column.name, self.fill)
            install = computed_column.install_sql(place, column, self.fill, keeps=self.keeps)
            undo = zdm_trigger.drop_sql(trigger)
            done.append(zdm_trigger.installed(trigger))
        drop = emit.sql("ALTER TABLE {t} DROP COLUMN IF EXISTS {c}", t=t, c=c)
        return run_sql.short_transaction(
            place,
            id=place.id(column.name, "add"),
            phase=Phase.EXPAND,
            title=f"add {place.name}.{column.name}",
            sql=(*self._add_sql(place), *install),
            locks=self._locks(place),
            settings=self.settings,
            probe=probes.probe(probes.both(*done)),
            undo=(*undo, drop),
            serves=BOTH if self.fill is None else OLD_ONLY,
            reason=self._reason(),
        )

    def _add_sql(self, place: Site) -> tuple[str, ...]:
        """The author's statement; or the column alone, then its default."""
        column, default = self.new.column, self.new.default
        if not self.new.rewrites:
            return (self.new.sql,)
        t, c = Qualified(place.name), Ident(column.name)
        parts = [self.new.bare_sql]
        if self.new.exchange is not None:
            parts = [*new_identity.expand_sql(self.new.exchange, self.new.bare_sql)]
        elif self.new.sequence is not None:
            s = Qualified(self.new.sequence)
            parts = [
                emit.sql("CREATE SEQUENCE {s} AS {k}", s=s, k=TypeText(column.type)),
                *parts,
                emit.sql(
                    "ALTER SEQUENCE {s} OWNED BY {t}.{c}", s=s, t=Qualified(place.name), c=c
                ),
            ]
        if default is not None:
            parts.append(
                emit.sql(
                    "ALTER TABLE {t} ALTER COLUMN {c} SET DEFAULT {d}",
                    t=t,
                    c=c,
                    d=Expression(default),
                )
            )
        return tuple(parts)

    def _locks(self, place: Site) -> tuple[TableLock, ...]:
        parents = [
            TableLock(table=p, mode=LockMode.SHARE_ROW_EXCLUSIVE)
            for p in self.new.references
            if p != place.name
        ]
        here = place.lock_below(LockMode.ACCESS_EXCLUSIVE)
        return statements.locks(place.snapshot, *here, *parents)

    def _reason(self) -> str:
        if self.by_trigger:
            return (
                "Column and trigger in one transaction, so the old version cannot insert a row"
                " without the value in between."
            )
        if self.new.rewrites:
            return (
                "A volatile default in ADD COLUMN would rewrite the whole table under ACCESS"
                " EXCLUSIVE; set afterwards, it applies to new rows only."
            )
        return "Catalog only: no row is read or written."


class AddColumns(Struct, frozen=True, kw_only=True):
    """Add several columns by one statement, each of which is catalog only."""

    parts: tuple[AddColumn, ...]
    statement: Statement

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        names = ", ".join(part.new.column.name for part in self.parts)
        return f"add {self.parts[0].table}: {names}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """Those of one column: a client fails once for all of them."""
        return self.parts[0].hazards(context)

    def choice(self, context: Context) -> Choice:
        """One statement, since each of them is quick."""
        del context
        return choice.single(
            "run it as written, a change of the catalog alone",
            because="no row is read or written, and the table is locked once for all columns",
            name="catalog",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """The author's statement, so that the table is locked once."""
        steps = [step for part in self.parts for step in part.recipe(context)]
        quick = [step for step in steps if isinstance(step, RunSql)]
        table = self.parts[0].table
        names = [part.new.column.name for part in self.parts]
        there = [probes.column(table, name) for name in names]
        locks = {lock for step in quick for lock in step.locks}
        undo = [
            text
            for step in reversed(quick)
            if not isinstance(step.undo, Irreversible)
            for text in step.undo
        ]
        return (
            replace(
                quick[0],
                id="-".join((str(table), *names, "add")),
                title=self.title,
                sql=(self.statement.sql,),
                locks=tuple(sorted(locks)),
                probe=probes.probe(probes.both(*there)),
                undo=tuple(undo),
            ),
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """One ADD COLUMN with what follows it; or a whole ALTER TABLE of quick ones."""
    whole = [a for a in actions[: actions[0].count] if a.statement is actions[0].statement]
    if len(whole) == 1 or len(whole) < actions[0].count:
        return _one(actions, snapshot)
    answers = [_one(actions[position:], snapshot) for position in range(len(whole))]
    parts = tuple(a.operation for a in answers if isinstance(a, Match))
    quick = tuple(p for p in parts if isinstance(p, AddColumn) and p.quick)
    if len(quick) < len(whole):
        return answers[0]
    operation = AddColumns(parts=quick, statement=actions[0].statement)
    left_out = tuple(p for a in answers if isinstance(a, Match) for p in a.unwritten)
    return Match(operation=operation, consumed=tuple(range(len(whole))), unwritten=left_out)


def _one(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """An ADD COLUMN, with the UPDATE that fills it and the SET NOT NULL that follows."""
    action = actions[0]
    fact = statements.fact(action, ActionKind.ADD_COLUMN)
    if fact is None:
        return None
    table = snapshot.table(fact.table) if fact.table is not None else None
    if table is None:
        return statements.unknown_table(action, fact.table)
    new = new_column.read(action, table, snapshot)
    if table.column(new.column.name) is not None:
        return _there(action, table, new, if_not_exists=fact.if_exists)
    problem = new_column.problem(new, action, table, snapshot)
    if problem is not None:
        return refuse.refuse(action, "add_column_cannot_be_planned", *problem)
    return _match(actions, table, new, snapshot)


def _there(
    action: Action, table: Table, new: NewColumn, *, if_not_exists: bool
) -> Match | Refusal:
    if if_not_exists:
        return Match(operation=AddColumn(table=table.name, new=new, there=True), consumed=(0,))
    return refuse.refuse(
        action,
        "column_exists",
        f"{table.name} already has a column {new.column.name}, so this statement would fail",
        "remove the statement, or make a new snapshot of the database",
    )


def _match(
    actions: Sequence[Action], table: Table, new: NewColumn, snapshot: Snapshot
) -> Match:
    following = new_column.following(actions, table, new, snapshot)
    value = following.fill
    if new.rewrites:
        value = new.default
    # of a thousand new columns none says anything of another
    later = [a for a in actions[1:] if statements.fact(a, ActionKind.ADD_COLUMN) is None]
    loosened = unwritten.is_loosened(later, table, following.fill)
    operation = AddColumn(
        table=table.name,
        new=new,
        fill=value,
        by_trigger=following.fill is not None,
        not_null=following.not_null or (new.rewrites and new.column.not_null),
        keeps=following.not_null and loosened,
        left=unwritten.left(later, table, new.column) if following.fill is None else None,
        settings=actions[0].statement.settings,
    )
    by_itself = following.fill or new.meanwhile or new.column.generated
    is_given = by_itself or unwritten.is_set(later, table, new.column, each=new.rewrites)
    return Match(
        operation=operation,
        consumed=(0, *following.consumed),
        directives=() if new.meanwhile is None else (new.meanwhile,),
        unwritten=() if is_given else ((table.name, new.column.name),),
    )
