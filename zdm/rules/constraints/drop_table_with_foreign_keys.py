"""DROP TABLE of a table that refers to others."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import DropObjects
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """Foreign keys of the dropped table to tables in use."""
    for name in reading.dropped(site, "table"):
        table = site.before.table(name)
        keys = table.constraints if table is not None else ()
        others = {c.references for c in keys if c.references not in (None, name)}
        used = sorted(str(other) for other in others if other and not site.is_new(other))
        if used:
            yield Violation(
                message=f"queries of {', '.join(used)}, to which {name} refers, wait until the"
                " transaction ends",
                remedy="DROP CONSTRAINT of each foreign key first, in a transaction of its own",
            )


RULE = Rule(
    slug="drop-table-with-foreign-keys",
    severity=Severity.ERROR,
    planned=Planned.SCHEMA,
    title="DROP TABLE of a table that refers to others",
    problem="Queries of the tables that it refers to wait, too.",
    postgres=(
        "ACCESS EXCLUSIVE on the table and on each that its foreign keys point at (14 to 18)."
    ),
    instead="Drop the foreign keys first, one in a transaction.",
    allow="Nothing uses the other tables.",
    on=(DropObjects,),
    check=check,
)
