"""EXCLUDE, which PostgreSQL builds only while reads and writes wait.

There is neither CONCURRENTLY nor USING INDEX nor NOT VALID for it (manual, ALTER TABLE;
measured 11-18).
"""

from zdm.model.schema import Snapshot
from zdm.model.statement import Action, Fact
from zdm.model.syntax import AddConstraint


def problem(action: Action, snapshot: Snapshot) -> tuple[str, str] | None:
    """Why an ADD CONSTRAINT … EXCLUDE of a table in use is refused, and the remedy."""
    fact, said = action.fact, action.said
    if not isinstance(said, AddConstraint) or said.constraint.kind != "exclusion":
        return None
    if not isinstance(fact, Fact) or fact.table is None:
        return None
    if snapshot.table(fact.table) is None:
        return None
    return (
        f"EXCLUDE builds its index on {fact.table} under ACCESS EXCLUSIVE, which blocks reads"
        " and writes; PostgreSQL has no way to build it CONCURRENTLY",
        "put `-- zdm: run in contract -- reason` above it if the table is small and no two of"
        " its rows conflict; else create a new table with the constraint, and move the rows"
        " there in later releases",
    )
