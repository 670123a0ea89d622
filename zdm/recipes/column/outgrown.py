"""What refuses values of a filled new column through the old one that is dropped.

The sync trigger gives the old column what the new version writes, so until the contract the
old column's constraints refuse it too, though the author's migration drops them with the
column: NOT NULL and CHECKs are dropped before the rollout; for unique and foreign keys the old
version would lose what it relies on, so they are made again on the new column, or refused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from zdm.model.plan import OLD_ONLY, RunSql
from zdm.model.schema import Column, Constraint, Table
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import AddConstraint
from zdm.parse import mentioned
from zdm.recipes.column import refusing, tolerate
from zdm.recipes.column.refusing import Omitted
from zdm.recipes.site import Site

Line = tuple[str, str]  # fact and remedy
_UNIQUE = frozenset({"unique", "primary key", "exclusion"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgrown:
    """`null`: the old column is NOT NULL and the new one is not; `checks`: those of the old
    column that the train does not make again."""

    null: bool = False
    checks: tuple[str, ...] = ()

    def steps(self, site: Site, old: Column, new: str) -> tuple[RunSql, ...]:
        """They are dropped before the rollout."""
        reason = f"The new version's {new} is written to {old.name} too, and takes more."
        found = (
            *((tolerate.null(site, old, reason),) if self.null else ()),
            *(tolerate.without_check(site, c, reason) for c in self._checks(site.table)),
        )
        return tuple(replace(step, serves=OLD_ONLY) for step in found)

    def left(self, site: Site, column: str) -> Site:
        """The table after these steps."""
        columns = tuple(
            replace(c, not_null=False) if self.null and c.name == column else c
            for c in site.table.columns
        )
        constraints = tuple(c for c in site.table.constraints if c.name not in self.checks)
        table = replace(site.table, columns=columns, constraints=constraints)
        return replace(site, table=table)

    def hazards(self, table: Table, old: str, new: str) -> tuple[Line, ...]:
        """That the old version meets what these would have refused."""
        what = [f"{old} is NULL where the new version leaves {new} NULL"] if self.null else []
        what += [f"{name} no longer checks {old}" for name in self.checks]
        if not what:
            return ()
        return (
            (
                f"from the expand on, the old version of {table.name} meets what its schema"
                f" refused: {'; '.join(what)}",
                f"let the old version accept that; or make the same constraint on {new} in this"
                " train",
            ),
        )

    def _checks(self, table: Table) -> Iterator[Constraint]:
        return (c for c in table.constraints if c.name in self.checks)


NOTHING = Outgrown()


def of(actions: Sequence[Action], table: Table, old: Column, new: str) -> Outgrown:
    """What the rest of the train makes again stays."""
    again = frozenset(_again(actions, table, new))
    checks = [c.name for c in table.constraints if c.kind == "check" and old.name in c.columns]
    return Outgrown(
        null=old.not_null and "not null" not in again,
        checks=() if "check" in again else tuple(checks),
    )


def obstacles(actions: Sequence[Action], table: Table, old: str, new: str) -> tuple[str, ...]:
    """Unique and foreign keys of the old column that the train does not make again, in
    words."""
    again = frozenset(_again(actions, table, new))
    alone = frozenset({old})
    unique = refusing.unique(table, old, Omitted.SAME, alone)
    keys = [c for c in table.constraints if c.kind == "foreign key" and old in c.columns]
    return (
        *(refusing.words(table, unique) if not again & _UNIQUE else ()),
        *(f"foreign key {c.name}" for c in keys if "foreign key" not in again),
    )


def refusal(table: Table, old: str, new: str, found: tuple[str, ...]) -> Line:
    """Fact and remedy."""
    it = "them" if len(found) > 1 else "it"
    return (
        f"{table.name}.{old} cannot be replaced by {new} in one release: until {old} is gone,"
        f" {', '.join(found)} can refuse what the new version writes to {new}, which the"
        " migration itself takes",
        f"make {it} again on {new} in this train; or use RENAME COLUMN, which keeps {it}; or"
        f" drop {it} in an earlier release that changes nothing else, with"
        " `-- zdm: run in contract -- reason`",
    )


def _again(actions: Sequence[Action], table: Table, new: str) -> Iterator[str]:
    """The kinds of what the train makes on the new column."""
    for action in actions:
        fact = action.fact
        if not isinstance(fact, Fact) or fact.table != table.name:
            continue
        if fact.kind is ActionKind.SET_NOT_NULL and fact.name == new:
            yield "not null"
        elif (
            fact.kind is ActionKind.CREATE_INDEX and " UNIQUE " in action.statement.sql.upper()
        ):
            yield from ("unique",) if new in mentioned.words(action) else ()
        elif isinstance(action.said, AddConstraint) and new in mentioned.words(action):
            yield action.said.constraint.kind
