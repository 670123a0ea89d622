"""A change of pg_enum by hand."""

from collections.abc import Iterator

from zdm.model.commands import Work, WorkOn
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import Insert, RelationName, Update


def check(site: Site) -> Iterator[Violation]:
    """DELETE, UPDATE and INSERT of the catalog."""
    said = site.action.said
    tables: tuple[RelationName, ...] = ()
    if isinstance(said, WorkOn) and said.work is Work.DELETE:
        tables = said.relations
    elif isinstance(said, Update | Insert):
        tables = (said.table,)
    if any(t.name == "pg_enum" and t.schema in ("", "pg_catalog") for t in tables):
        yield Violation(
            message="rows and indexes that hold the value can no longer be read",
            remedy="make a new type without the value, and a new column of it",
        )


RULE = Rule(
    slug="drop-enum-value",
    severity=Severity.ERROR,
    planned=Planned.PHASES,
    title="A change of pg_enum by hand",
    problem=(
        "Rows that hold the value cannot be read any more, and indexes by it are corrupt."
    ),
    postgres=(
        "There is no DROP VALUE in any version; a row of pg_enum is looked up whenever "
        "the value is printed or compared (14 to 18)."
    ),
    instead="A new type and a new column.",
    allow="Never.",
    on=(
        Insert,
        Update,
        WorkOn,
    ),
    check=check,
)
