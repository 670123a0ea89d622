"""EXCLUDE, WITHOUT OVERLAPS and PERIOD, which PostgreSQL adds only while others wait.

For the index of the first two there is neither CONCURRENTLY nor USING INDEX (manual, ALTER
TABLE; measured 11-18).
"""

from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, Fact
from zdm.model.syntax import AddConstraint, ConstraintDefinition

_PERIODS = 18  # the first version that has them


def problem(action: Action, snapshot: Snapshot) -> tuple[str, str] | None:
    """Why an ADD CONSTRAINT of that kind on a table in use is refused, and the remedy."""
    fact, said = action.fact, action.said
    if not isinstance(said, AddConstraint) or not isinstance(fact, Fact) or fact.table is None:
        return None
    if snapshot.table(fact.table) is None:
        return None
    if said.constraint.period and snapshot.major < _PERIODS:
        return (
            f"PostgreSQL {snapshot.major} has neither WITHOUT OVERLAPS nor PERIOD, so this"
            " statement would fail",
            "remove it",
        )
    return _periods(fact.table) if _refers(said.constraint) else _built(fact.table, said)


def _refers(says: ConstraintDefinition) -> bool:
    return says.period and says.references is not None


def _periods(table: Name) -> tuple[str, str]:
    return (
        f"a foreign key with PERIOD reads {table} and the referenced table while their writes"
        " wait, and zdm cannot name the rows that it would refuse",
        "put `-- zdm: run in contract -- reason` above it if both tables are small, and the"
        " periods of every row are covered",
    )


def _built(table: Name, said: AddConstraint) -> tuple[str, str] | None:
    says = said.constraint
    if says.kind != "exclusion" and not says.period:
        return None
    what = "WITHOUT OVERLAPS" if says.period else "EXCLUDE"
    return (
        f"{what} builds its index on {table} under ACCESS EXCLUSIVE, which blocks reads"
        " and writes; PostgreSQL has no way to build it CONCURRENTLY",
        "put `-- zdm: run in contract -- reason` above it if the table is small and no two of"
        " its rows conflict; else create a new table with the constraint, and move the rows"
        " there in later releases",
    )
