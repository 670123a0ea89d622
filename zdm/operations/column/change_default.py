"""SET DEFAULT and DROP DEFAULT of a column in use.

A default counts only for rows that are inserted later without the column; stored values stay
(manual, ALTER TABLE; measured 15), so both are changes of the catalog alone, under a short
ACCESS EXCLUSIVE (measured 11-18), volatile or not. A new default hurts no version, so it
runs in EXPAND. Without the default, an old version that leaves the column out fails or
stores NULL, so DROP DEFAULT, and SET DEFAULT NULL, which is the same, come in CONTRACT.

Where a trigger of the same train computes the column from others, it does so for rows in
which it is NULL: with a default the old version's inserts would get that instead of their
own value (an old insert of 42 became 7, the default, measured 15). Such a default is refused,
except the one that a fused rename or type change sets when its trigger is dropped.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.expression import Cast, Constant
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import (
    BOTH,
    NEW_ONLY,
    Phase,
    Step,
)
from zdm.model.schema import Column, Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Fact, Setting
from zdm.model.syntax import Insert, SetDefault
from zdm.parse import emit, expressions
from zdm.parse.emit import Expression, Ident, Part, Qualified
from zdm.recipes import run_sql, site
from zdm.recipes.column import fusion, new_column
from zdm.recipes.column.fusion import Fused
from zdm.recipes.reading import refuse, statements, updates
from zdm.recipes.sql import probes

SLUG = "change_default"
_KINDS = (ActionKind.SET_DEFAULT, ActionKind.DROP_DEFAULT)


class ChangeDefault(Struct, frozen=True, kw_only=True):
    """Give a column another default. `expression`: None for DROP DEFAULT. `there`: the
    column has this default already, so there is nothing to do."""

    table: Name
    column: str
    expression: str | None
    there: bool = False
    settings: tuple[Setting, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        name = f"{self.table}.{self.column}"
        ending = " (no change)" if self.there else ""
        if self.expression is None:
            return f"drop the default of {name}{ending}"
        return f"set the default of {name} to {self.expression}{ending}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """The risks that remain."""
        if self.there:
            return ()
        removed = _removes(self.expression)
        lines = self._removed(context) if removed else self._set()
        return tuple(Hazard(operation=SLUG, message=m, remedy=r) for m, r in lines)

    def choice(self, context: Context) -> Choice:
        """A default is taken away when no version needs it."""
        if self.there:
            return choice.nothing("the column has this default already")
        return choice.by_version(
            "change the catalog alone",
            late=self._loses(context),
            early="a default counts for rows that are inserted later; it hurts no version",
            after="the old version may leave the column out and rely on the default",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step: a new default before the rollout, a removal after it."""
        if self.there:
            return ()
        table = context.snapshot.require_table(self.table)
        column = table.require_column(self.column)
        place = site.at(SLUG, table, context, settings=self.settings)
        loses = self._loses(context)
        return (
            run_sql.short_transaction(
                place,
                id=place.id(
                    self.column, "drop-default" if self.expression is None else "set-default"
                ),
                phase=Phase.CONTRACT if loses else Phase.EXPAND,
                title=self.title,
                sql=(self._sql(self.expression),),
                locks=place.lock(LockMode.ACCESS_EXCLUSIVE),
                settings=self.settings,
                probe=self._probe(column),
                undo=(self._sql(column.default),),
                serves=NEW_ONLY if loses else BOTH,
                reason="The old version may leave the column out and rely on the default."
                if loses
                else "Catalog only: no row is read or written; it applies to rows inserted"
                " later.",
            ),
        )

    def _loses(self, context: Context) -> bool:
        """Whether a default goes that the old version may rely on."""
        column = context.snapshot.require_table(self.table).require_column(self.column)
        return _removes(self.expression) and column.default is not None

    def _sql(self, expression: str | None) -> str:
        parts: dict[str, Part] = {"t": Qualified(self.table), "c": Ident(self.column)}
        if expression is None:
            return emit.sql("ALTER TABLE {t} ALTER COLUMN {c} DROP DEFAULT", **parts)
        return emit.sql(
            "ALTER TABLE {t} ALTER COLUMN {c} SET DEFAULT {d}",
            **parts,
            d=Expression(expression),
        )

    def _probe(self, column: Column) -> str:
        """Empty where one default replaces another, and for NULL, which PostgreSQL may store
        as a default or not: how it will print it is unknown, so only the journal, which is
        written in the same transaction, records it."""
        has = probes.column_default(self.table, self.column)
        if self.expression is None:
            return probes.probe(probes.absent(has))
        if column.default is not None or _removes(self.expression):
            return ""
        return probes.probe(has)

    def _set(self) -> list[tuple[str, str]]:
        name = f"{self.table}.{self.column}"
        lines = [
            (
                f"existing rows keep their {self.column}; from the expand on, a row that either"
                f" version inserts without {name} gets {self.expression}",
                "if the mixture matters, let the new version send the value itself for one"
                " release, and correct existing rows with an UPDATE",
            ),
            (
                f"an application that sends its own default or NULL for {name} never gets the"
                " database's default",
                "check the default in the models of both versions",
            ),
        ]
        if self.expression is not None and _draws(self.expression):
            lines.append(
                (
                    f"both versions' roles need USAGE on the sequence that {name} draws from,"
                    " and it may return values that existing rows already have",
                    "GRANT USAGE on it, and setval() it past the highest value first",
                )
            )
        return lines

    def _removed(self, context: Context) -> list[tuple[str, str]]:
        column = context.snapshot.require_table(self.table).require_column(self.column)
        if column.default is None:
            return []
        name = f"{self.table}.{self.column}"
        consequence = "fails" if column.not_null else "stores NULL"
        return [
            (
                f"after the contract an INSERT without {name} {consequence}",
                f"let the new version send {self.column} in every INSERT",
            )
        ]


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ALTER COLUMN … SET or DROP DEFAULT; and the first statement of a change that makes a
    later SET DEFAULT come too early, so this is asked before the other operations."""
    action = actions[0]
    fact = statements.fact(action, *_KINDS)
    if fact is None:
        return _too_early(actions, snapshot)
    table = snapshot.table(fact.table) if fact.table is not None else None
    column = table.column(fact.name) if table is not None else None
    if table is None or column is None or table.created:
        return None
    problem = _problem(table, column, snapshot)
    if problem is not None:
        return refuse.refuse(action, "default_cannot_be_changed", *problem)
    if not _removes(_expression(action)):
        return _match(action, table, column, consumed=(0,))
    again = _set_again(actions, table.name, column.name)
    refusal = _out_of_order(actions, table, column, again)
    if refusal is not None:
        return refusal
    if again is None:
        return _match(action, table, column, consumed=(0,))
    return _match(actions[again], table, column, consumed=(0, again))


def _match(action: Action, table: Table, column: Column, *, consumed: tuple[int, ...]) -> Match:
    expression = _expression(action)
    operation = ChangeDefault(
        table=table.name,
        column=column.name,
        expression=expression,
        there=expression == column.default,
        settings=action.statement.settings,
    )
    return Match(operation=operation, consumed=consumed)


def _problem(table: Table, column: Column, snapshot: Snapshot) -> tuple[str, str] | None:
    """Why it is refused, and the remedy."""
    name = f"{table.name}.{column.name}"
    if column.identity or column.generated:
        kind = "an identity" if column.identity else "a generated"
        return (
            f"{name} is {kind} column, which has no default, so this statement would fail",
            "remove the statement, or make it a plain column in an earlier release",
        )
    below = [
        str(other.name)
        for other in snapshot.tables
        if table.name == other.partition_of or table.name in other.inherits
    ]
    if not below:
        return None
    return (
        f"the default of {name} changes in its child tables, too ({', '.join(below)}), and each"
        " of them may have another default today",
        "change it with ALTER TABLE ONLY, table by table, each under"
        " `-- zdm: run in expand -- reason`",
    )


def _set_again(actions: Sequence[Action], table: Name, column: str) -> int | None:
    """Where the train gives the column a default later on."""
    for position, action in enumerate(actions[1:], 1):
        if _sets(action, table, column):
            return position
    return None


def _out_of_order(
    actions: Sequence[Action], table: Table, column: Column, again: int | None
) -> Refusal | None:
    """What follows the drop in the train, and precedes it in the plan."""
    between = actions[1:again]
    name = f"the default of {table.name}.{column.name} can be dropped only after the rollout"
    for action in between:
        if column.default is not None and _leaves_out(action, table.name, column.name):
            return refuse.refuse(
                actions[0],
                "default_still_there",
                f"{name}, and {action.source} inserts rows without the column before it",
                "name the column in that INSERT, or move this statement after it",
            )
    if again is None or not any(
        statements.about(action, table.name, column.name) for action in between
    ):
        return None
    return refuse.refuse(
        actions[0],
        "default_set_again",
        f"{name}, and {actions[again].source} sets it again before it, with statements between"
        " that use the column",
        "remove this statement, if the new default may replace the old one directly",
    )


def _leaves_out(action: Action, table: Name, column: str) -> bool:
    """Whether it inserts rows without the column; without a list of columns it may."""
    fact = statements.fact(action, ActionKind.INSERT)
    if fact is None or fact.table != table:
        return False
    said = action.said
    return not isinstance(said, Insert) or column not in said.columns


def _too_early(actions: Sequence[Action], snapshot: Snapshot) -> Refusal | None:
    """A later SET DEFAULT on a column that the change which begins here keeps computing."""
    fact = actions[0].fact
    column = _begins(actions[0])
    if not isinstance(fact, Fact) or fact.table is None or column is None:
        return None
    table = snapshot.table(fact.table)
    if table is None or table.created:
        return None
    for position, action in enumerate(actions[1:], 1):
        if not _sets(action, table.name, column):
            continue
        if _computed_until_contract(actions, table, snapshot, position):
            refusal = refuse.refuse(
                action,
                "default_too_early",
                f"until the contract a trigger computes {table.name}.{column}"
                f" ({actions[0].source}); with a default, rows of the old version would get"
                " the default instead",
                "set it in a revision that is planned after this train is contracted; of a"
                " column that is renamed, set it under the old name before",
            )
            return replace(refusal, consumed=(position,))
    return None


def _begins(action: Action) -> str | None:
    """The column that a change which begins with this Action may compute."""
    fact = statements.fact(action, ActionKind.RENAME_COLUMN, ActionKind.ADD_COLUMN)
    if fact is not None:
        return fact.new_name or fact.name
    update = updates.read(action)
    return update.assignments[0][0] if update is not None and update.assignments else None


def _computed_until_contract(
    actions: Sequence[Action], table: Table, snapshot: Snapshot, position: int
) -> bool:
    """Whether the SET DEFAULT there meets a trigger; a fused change takes one itself."""
    if statements.fact(actions[0], ActionKind.RENAME_COLUMN) is not None:
        return True
    found = fusion.find(actions, snapshot)
    if isinstance(found, Fused):
        return position not in found.consumed
    fact = statements.fact(actions[0], ActionKind.ADD_COLUMN)
    if fact is None or table.column(fact.name) is not None:
        return False
    new = new_column.read(actions[0], table, snapshot)
    value = new_column.following(actions, table, new, snapshot).fill
    return value is not None and bool(expressions.columns(expressions.read(value)))


def _sets(action: Action, table: Name, column: str) -> bool:
    fact = statements.fact(action, ActionKind.SET_DEFAULT)
    return (
        fact is not None
        and (fact.table, fact.name) == (table, column)
        and not _removes(_expression(action))
    )


def _expression(action: Action) -> str | None:
    """The new default; None for DROP DEFAULT."""
    said = action.said
    if not isinstance(said, SetDefault) or said.expression is None:
        return None
    return expressions.sql(said.expression)


def _removes(expression: str | None) -> bool:
    """No default, or NULL, which is the same for every INSERT."""
    if expression is None:
        return True
    value = expressions.read(expression)
    while isinstance(form := expressions.form(value), Cast):
        value = form.of
    return form == Constant(None)


def _draws(expression: str) -> bool:
    """Whether it takes values from a sequence."""
    calls = expressions.functions(expressions.read(expression))
    return any(words[-1] == "nextval" for words in calls)
