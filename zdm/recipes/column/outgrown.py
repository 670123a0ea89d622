"""What refuses values of a filled new column through the old one that is dropped.

The sync trigger gives the old column what the new version writes, so until the contract the
old column's constraints refuse it too, though the author's migration drops them with the
column: NOT NULL and CHECKs are dropped before the rollout; for unique and foreign keys the old
version would lose what it relies on, so they are made again on the new column, or refused.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.expression import Cast, Expression
from zdm.model.plan import OLD_ONLY, RunSql
from zdm.model.schema import Column, Constraint, Index, Table
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import AddConstraint, ConstraintDefinition, IndexDefinition
from zdm.parse import expressions, mentioned
from zdm.parse.readers import printed
from zdm.recipes.column import refusing, tolerate
from zdm.recipes.column.refusing import Omitted
from zdm.recipes.site import Site
from zdm.schema import not_null_proof

Line = tuple[str, str]  # fact and remedy
_UNIQUE = frozenset({"unique", "primary key", "exclusion"})


class Outgrown(Struct, frozen=True, kw_only=True):
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


def of(
    actions: Sequence[Action], table: Table, old: Column, new: str, fill: Expression
) -> Outgrown:
    """What the rest of the train makes again stays, where the new column holds the same values:
    of others the same CHECK is another one."""
    added = _added(actions, table) if _copies(fill) else ()
    made = [k.expression for k in added if k.expression is not None]
    again = [expressions.renamed(one, new, old.name) for one in made]
    checks = [c for c in table.constraints if c.kind == "check" and old.name in c.columns]
    return Outgrown(
        null=old.not_null and not _is_not_null(actions, table, new),
        checks=tuple(c.name for c in checks if not _is_among(c, again)),
    )


def _copies(fill: Expression) -> bool:
    """Whether it is a column, or one cast to another type."""
    form = expressions.form(fill)
    return expressions.column(form.of if isinstance(form, Cast) else fill) is not None


def _is_among(check: Constraint, again: Sequence[Expression]) -> bool:
    condition = not_null_proof.condition(check.definition)
    return condition is not None and any(printed.alike(condition, one) for one in again)


def obstacles(actions: Sequence[Action], table: Table, old: str, new: str) -> tuple[str, ...]:
    """Unique and foreign keys of the old column that the train does not make again, in
    words."""
    unique = refusing.unique(table, old, Omitted.SAME, frozenset({old}))
    ours = tuple(_of_table(actions, table))
    left = tuple(i for i in unique if not any(_is_unique_again(i, a, old, new) for a in ours))
    added = [k for k in _added(actions, table) if k.references is not None]
    return (
        *refusing.words(table, left),
        *(
            f"foreign key {c.name}"
            for c in table.constraints
            if c.kind == "foreign key"
            and old in c.columns
            and not any(_is_key_again(c, one, old, new) for one in added)
        ),
    )


def _is_key_again(key: Constraint, says: ConstraintDefinition, old: str, new: str) -> bool:
    """Whether it refuses what the other refused, with the new column in place of the old."""
    if key.references is None or says.references is None:
        return False
    columns = says.referenced_columns or key.referenced_columns
    return (
        says.columns == tuple(new if c == old else c for c in key.columns)
        and says.references.name == key.references.name
        and columns == key.referenced_columns
    )


def _is_unique_again(index: Index, action: Action, old: str, new: str) -> bool:
    """The same of a unique key; of a partial one, and one with an expression or operators,
    whether there is any on the new column."""
    said = action.said
    match said:
        case AddConstraint(constraint=made) if made.kind in _UNIQUE:
            keys, nulls = {*made.columns}, made.nulls_not_distinct
        case IndexDefinition(unique=True, where=where):
            keys, nulls = {element.column for element in said.elements}, said.nulls_not_distinct
            keys |= set() if where is None else {""}
        case _:
            return False
    if new not in mentioned.words(action):
        return False
    if not index.unique or None in index.keys or index.predicate is not None:
        return True
    if "NULLS NOT DISTINCT" in index.definition and not nulls:
        return False
    return keys <= {new if key == old else key for key in index.keys}


def _of_table(actions: Sequence[Action], table: Table) -> Iterator[Action]:
    for action in actions:
        if isinstance(action.fact, Fact) and action.fact.table == table.name:
            yield action


def _added(actions: Sequence[Action], table: Table) -> Iterator[ConstraintDefinition]:
    for action in _of_table(actions, table):
        if isinstance(action.said, AddConstraint):
            yield action.said.constraint


def _is_not_null(actions: Sequence[Action], table: Table, new: str) -> bool:
    facts = (action.fact for action in _of_table(actions, table))
    return any(
        isinstance(fact, Fact) and (fact.kind, fact.name) == (ActionKind.SET_NOT_NULL, new)
        for fact in facts
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
