"""VALIDATE CONSTRAINT of one that was there, NOT VALID, before the train.

It reads every row under SHARE UPDATE EXCLUSIVE, which blocks neither reads nor writes, and for
a foreign key takes ROW SHARE on the referenced table (manual, ALTER TABLE; measured 11-18). The
constraint is enforced for new rows already, so no version can break it meanwhile, and it is
validated before the rollout, behind the backfills that correct its rows.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import Check, Step
from zdm.model.schema import Constraint, Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Setting
from zdm.recipes import site
from zdm.recipes.constraint import dropped, not_null, unvalidated
from zdm.recipes.reading import refuse, statements
from zdm.recipes.site import Site
from zdm.schema import family

SLUG = "validate_constraint"
_KINDS = frozenset({"check", "foreign key", "not null"})


class ValidateConstraint(Struct, frozen=True, kw_only=True):
    """Validate a constraint. `there`: it is valid already."""

    table: Name
    name: str
    there: bool = False
    settings: tuple[Setting, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        ending = " (already valid)" if self.there else ""
        return f"validate {self.name} of {self.table}{ending}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """Rows that break it."""
        del context
        if self.there:
            return ()
        return (
            Hazard(
                operation=SLUG,
                message=f"rows of {self.table} that break {self.name} stop the run before the"
                " rollout",
                remedy="correct them with an UPDATE in the same train",
            ),
        )

    def choice(self, context: Context) -> Choice:
        """One scan that blocks nothing."""
        del context
        if self.there:
            return choice.nothing("the constraint is valid already")
        return choice.single(
            "VALIDATE, which blocks neither reads nor writes, before the rollout",
            Trait.SCANS,
            because="the constraint refuses new rows already, so no version can break it",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One scan before the rollout."""
        if self.there:
            return ()
        table = context.snapshot.require_table(self.table)
        constraint = table.constraint(self.name)
        if constraint is None:
            return ()
        place = site.at(SLUG, table, context, settings=self.settings)
        step = unvalidated.validate(
            place,
            self.name,
            references=constraint.references,
            late=False,
            preconditions=self._none(place, constraint),
        )
        return (replace(step, undo=_undo(place, constraint)),)

    def _none(self, place: Site, constraint: Constraint) -> tuple[Check, ...]:
        return dropped.unbroken(
            place,
            constraint,
            failure=f"rows of {self.table} break {constraint.kind} {self.name}",
            hint="correct them, then run `zdm execute` again",
        )


def _undo(place: Site, constraint: Constraint) -> tuple[str, ...]:
    """NOT VALID again, in one transaction without a scan."""
    if constraint.kind == "not null":
        return not_null.restore_sql(place, constraint.columns[0])
    return tuple(dropped.restore_sql(place, constraint))


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """VALIDATE CONSTRAINT on a table of the Snapshot."""
    action = actions[0]
    fact = statements.fact(action, ActionKind.VALIDATE_CONSTRAINT)
    if fact is None:
        return None
    table = snapshot.table(fact.table) if fact.table is not None else None
    if table is None:
        return statements.unknown_table(action, fact.table)
    found = table.constraint(fact.name)
    problem = _problem(table, found, fact.name, snapshot, only=fact.only)
    if found is None or problem is not None:
        words = problem or ("", "")
        return refuse.refuse(action, "constraint_cannot_be_validated", *words)
    operation = ValidateConstraint(
        table=table.name,
        name=found.name,
        there=found.validated,
        settings=action.statement.settings,
    )
    return Match(operation=operation, consumed=(0,))


def _problem(
    table: Table, found: Constraint | None, name: str, snapshot: Snapshot, *, only: bool
) -> tuple[str, str] | None:
    if found is None:
        return (
            f"{table.name} has no constraint {name} of its own, so this statement would fail",
            "correct the name, or make a new snapshot of the database",
        )
    if found.kind not in _KINDS or "NOT ENFORCED" in found.definition:
        return (
            f"{name} of {table.name} cannot be validated: it is no CHECK, foreign key or NOT"
            " NULL that is enforced, so this statement would fail",
            "remove the statement",
        )
    if found.validated:
        return None
    if only and family.children(snapshot, table.name):
        return (
            f"tables below {table.name} must be validated with it, so this statement would"
            " fail",
            "remove ONLY",
        )
    if family.inherits_constraint(snapshot, table, found):
        return (
            f"{name} of {table.name} comes from a table above it, and a rollback could not"
            " restore it there",
            "validate it there",
        )
    return None
