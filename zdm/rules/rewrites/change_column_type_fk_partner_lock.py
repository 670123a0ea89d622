"""ALTER COLUMN TYPE of a column of a foreign key."""

from collections.abc import Iterator

from zdm.model.catalog.indexed import having
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.statement import ActionKind
from zdm.model.syntax import ChangeType


def check(site: Site) -> Iterator[Violation]:
    """A column on either side of a foreign key."""
    table, said = site.in_use(ActionKind.CHANGE_TYPE), site.action.said
    if table is None or not isinstance(said, ChangeType):
        return
    own = {c.references for c in table.constraints if said.column in c.columns}
    of_table = (table.name.schema, table.name.name)
    others = {
        other.name
        for other in having(site.before.tables, "references", *of_table)
        for c in other.constraints
        if c.references == table.name and said.column in c.referenced_columns
    }
    partners = sorted(n for n in own | others if n not in (None, table.name))
    if partners:
        yield Violation(
            message=f"queries of {', '.join(map(str, partners))} wait, too, until the"
            " transaction ends",
            remedy="set a short lock_timeout, or drop the foreign key first and add it again"
            " NOT VALID",
        )


RULE = Rule(
    slug="change-column-type-fk-partner-lock",
    severity=Severity.WARN,
    planned=Planned.SCHEMA,
    title="ALTER COLUMN TYPE of a column of a foreign key",
    problem="Queries of the table at the other end of the foreign key wait, too.",
    postgres=("ACCESS EXCLUSIVE on both tables, from whichever side the column is (14 to 18)."),
    instead=(
        "Drop the foreign key first, and add it again NOT VALID; or set a short lock_timeout."
    ),
    allow="Nothing uses the other table, or the lock_timeout is short.",
    on=(ChangeType,),
    check=check,
)
