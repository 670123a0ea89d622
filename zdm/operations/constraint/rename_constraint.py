"""RENAME CONSTRAINT, once the old version is gone.

Only the catalog changes, under ACCESS EXCLUSIVE for milliseconds; the index of a unique or
primary key is renamed with it, and a CHECK also on the tables below (manual, ALTER TABLE;
measured 11-18). No version can use both names, so it is renamed in CONTRACT: the old version
keeps the name that it knows, and the new one has to do without either until then.
"""

from collections.abc import Sequence

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import NEW_ONLY, Phase, Step
from zdm.model.schema import Constraint, Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind
from zdm.parse import emit
from zdm.parse.emit import Ident, Qualified
from zdm.recipes import run_sql, site
from zdm.recipes.reading import refuse, statements
from zdm.recipes.sql import probes
from zdm.schema import family, lookup

SLUG = "rename_constraint"
_INDEXED = frozenset({"unique", "primary key", "exclusion"})
_INHERITED = frozenset({"check", "not null"})


class RenameConstraint(Struct, frozen=True, kw_only=True):
    """Rename a constraint."""

    table: Name
    old: str
    new: str
    inherited: bool  # tables below have it, too

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"rename constraint {self.old} of {self.table} to {self.new}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """Statements that name it, and code that reads the name in an error."""
        del context
        message, remedy = self._line()
        return (Hazard(operation=SLUG, message=message, remedy=remedy),)

    def _line(self) -> tuple[str, str]:
        return (
            f"{self.old} is called {self.new} only from the contract on: until then ON CONFLICT"
            " ON CONSTRAINT and SET CONSTRAINTS fail with the new name, and errors have the old"
            " one",
            "let the new version name columns, as in ON CONFLICT (column), and know both names"
            " in errors",
        )

    def choice(self, context: Context) -> Choice:
        """No version can use both names."""
        del context
        return choice.single(
            "change the catalog alone when the old version is gone",
            Trait.WAITS,
            because="the old version may name it in ON CONFLICT ON CONSTRAINT",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step."""
        table = context.snapshot.require_table(self.table)
        place = site.at(SLUG, table, context)
        t, a, b = Qualified(self.table), Ident(self.old), Ident(self.new)
        mode = LockMode.ACCESS_EXCLUSIVE
        rename = "ALTER TABLE {t} RENAME CONSTRAINT {a} TO {b}"
        return (
            run_sql.short_transaction(
                place,
                id=place.id(self.old, "rename"),
                phase=Phase.CONTRACT,
                title=self.title,
                sql=(emit.sql(rename, t=t, a=a, b=b),),
                locks=place.lock_below(mode) if self.inherited else place.lock(mode),
                probe=probes.probe(probes.constraint(self.table, self.new)),
                undo=(emit.sql(rename, t=t, a=b, b=a),),
                serves=NEW_ONLY,
                reason="Only the catalog changes; the old version, which knows the old name, is"
                " gone.",
            ),
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """RENAME CONSTRAINT on a table of the Snapshot."""
    action = actions[0]
    fact = statements.fact(action, ActionKind.RENAME_CONSTRAINT)
    if fact is None:
        return None
    table = snapshot.table(fact.table) if fact.table is not None else None
    if table is None:
        return statements.unknown_table(action, fact.table)
    found = table.constraint(fact.name)
    problem = _problem(table, found, (fact.name, fact.new_name), snapshot)
    if found is None or problem is not None:
        words = problem or ("", "")
        return refuse.refuse(action, "constraint_cannot_be_renamed", *words)
    operation = RenameConstraint(
        table=table.name,
        old=fact.name,
        new=fact.new_name,
        inherited=found.kind in _INHERITED,
    )
    return Match(operation=operation, consumed=(0,))


def _problem(
    table: Table, found: Constraint | None, names: tuple[str, str], snapshot: Snapshot
) -> tuple[str, str] | None:
    old, new = names
    if found is None:
        return (
            f"{table.name} has no constraint {old} of its own, so this statement would fail",
            "correct the name, or make a new snapshot of the database",
        )
    if family.inherits_constraint(snapshot, table, found):
        return (
            f"{old} of {table.name} comes from a table above it, so this statement would fail",
            "rename it there",
        )
    index = Name(table.name.schema, new)
    indexed = found.kind in _INDEXED and lookup.in_use(snapshot, index)
    if table.constraint(new) is not None or indexed:
        return (
            f"the name {new} is in use already, so this statement would fail",
            "give it a name that is free",
        )
    return None
