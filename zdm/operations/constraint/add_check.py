"""ADD CONSTRAINT … CHECK without a scan under ACCESS EXCLUSIVE, and without failing a version.

ADD CHECK reads the whole table under its lock; NOT VALID does not, and VALIDATE reads it under
SHARE UPDATE EXCLUSIVE (manual, ALTER TABLE; measured 11-18). A CHECK that is NOT VALID is
already tested on every INSERT and on every UPDATE of a row, also of other columns.

Nothing stops the old version from writing rows that break it, so it is added in CONTRACT, once
that version is gone and no row breaks it. Where it is about columns that this train adds, and
that the old version therefore leaves NULL, it is added and validated before the rollout.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.expression import Expression
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import Check, Step
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Setting
from zdm.model.syntax import AddConstraint, ConstraintDefinition
from zdm.parse import expressions, rewrite
from zdm.parse.readers import nulls
from zdm.recipes import site
from zdm.recipes.column import unwritten
from zdm.recipes.constraint import breaking_rows, obstacles, unvalidated
from zdm.recipes.reading import refuse, statements
from zdm.schema import family, generated_names

SLUG = "add_check"


class AddCheck(Struct, frozen=True, kw_only=True):
    """Add a CHECK. `late`: the old version may break it; `stays`: the author leaves it NOT
    VALID."""

    table: Name
    name: str
    sql: str
    condition: str
    no_inherit: bool = False
    late: bool = True
    stays: bool = False
    settings: tuple[Setting, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        ending = ", NOT VALID" if self.stays else ""
        return f"add check constraint {self.name} to {self.table}{ending}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """Rows that break it."""
        del context
        return tuple(Hazard(operation=SLUG, message=m, remedy=r) for m, r in self._lines())

    def _lines(self) -> Iterator[tuple[str, str]]:
        if self.stays:
            yield (
                f"rows that break {self.name} already cannot be updated in any column once it"
                " is there",
                "correct them with an UPDATE in the same train",
            )
        elif self.late:
            yield (
                f"rows of {self.table} that break {self.name} stop the contract, which names"
                " them by key, and the old version may write such rows until it is gone",
                "correct them with an UPDATE in the same train, and what the old version writes"
                " afterwards once it is gone",
            )
        if self.late:
            yield (
                f"until the contract {self.name} is not enforced",
                "let the new version write no row that breaks it from its start",
            )

    def choice(self, context: Context) -> Choice:
        """Whether it is scanned, and when it is there."""
        del context
        reads = () if self.stays else (Trait.SCANS,)
        then = "" if self.stays else ", then VALIDATE, which blocks neither reads nor writes,"
        return choice.by_version(
            f"ADD CONSTRAINT … NOT VALID{then}",
            *reads,
            late=self.late,
            early="the old version cannot write a row that breaks it",
            after="the old version may write rows that break it",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """NOT VALID, then VALIDATE; each after a look at the rows."""
        table = context.snapshot.require_table(self.table)
        place = site.at(SLUG, table, context, settings=self.settings)
        add = unvalidated.add(place, self.name, self.sql, references=None, late=self.late)
        if self.stays:
            return (add,)
        none = (self._none(table),)
        return (
            replace(add, preconditions=none),
            unvalidated.validate(
                place, self.name, references=None, late=self.late, preconditions=none
            ),
        )

    def _none(self, table: Table) -> Check:
        return breaking_rows.none(
            table,
            f"({self.condition}) IS FALSE",
            failure=f"rows of {self.table} break the check constraint {self.name}",
            hint="correct them, then run `zdm execute` again",
            only=self.no_inherit,
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ADD CHECK on a table of the Snapshot, with the VALIDATE that follows it."""
    action = actions[0]
    fact, said = statements.fact(action, ActionKind.ADD_CONSTRAINT), action.said
    if fact is None or not isinstance(said, AddConstraint) or said.constraint.kind != "check":
        return None
    table = snapshot.table(fact.table) if fact.table is not None else None
    if table is None:
        return statements.unknown_table(action, fact.table)
    says = said.constraint
    if says.expression is None or says.not_enforced or table.kind == "foreign table":
        return None
    if table.name.name in says.columns and table.column(table.name.name) is None:
        return None  # it is about the whole row
    problem = _problem(says, table, snapshot, only=fact.only)
    if problem is not None:
        return refuse.refuse(action, "check_cannot_be_added", *problem)
    return _match(actions, says, says.expression, table, snapshot)


def _match(
    actions: Sequence[Action],
    says: ConstraintDefinition,
    condition: Expression,
    table: Table,
    snapshot: Snapshot,
) -> Match:
    named = says.columns if len(says.columns) == 1 else ()
    name = says.name or generated_names.free(snapshot, table.name, named, "check")
    validated = unvalidated.validated_at(actions, name) if says.not_valid else None
    operation = AddCheck(
        table=table.name,
        name=name,
        sql=rewrite.add_unvalidated(says, table.name, name),
        condition=expressions.bare(condition),
        no_inherit=says.no_inherit,
        late=not _cannot_break(condition, says.columns, table, snapshot),
        stays=says.not_valid and validated is None,
        settings=actions[0].statement.settings,
    )
    return Match(operation=operation, consumed=(0,) if validated is None else (0, validated))


def _cannot_break(
    condition: Expression, columns: tuple[str, ...], table: Table, snapshot: Snapshot
) -> bool:
    """Whether each row passes in which the old version leaves the columns as they are."""
    return unwritten.all_of(columns, table) and nulls.passes(
        condition, unwritten.left_null(columns, table, snapshot)
    )


def _problem(
    says: ConstraintDefinition, table: Table, snapshot: Snapshot, *, only: bool
) -> tuple[str, str] | None:
    found = obstacles.found(says, table)
    if found is not None:
        return found
    if only and not says.no_inherit and family.children(snapshot, table.name):
        return (
            f"tables below {table.name} must have the constraint as well, so this statement"
            " would fail",
            "remove ONLY",
        )
    return None
