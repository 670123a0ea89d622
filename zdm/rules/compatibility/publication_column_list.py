"""A column of a table that is published with a list of columns."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.statement import ActionKind
from zdm.model.syntax import AddColumn, AlterColumn
from zdm.parse.objects import publications


def check(site: Site) -> Iterator[Violation]:
    """The snapshot shows the list."""
    table, fact = site.in_use(ActionKind.ADD_COLUMN, ActionKind.DROP_COLUMN), site.fact
    if table is None or fact is None:
        return
    for publication in site.before.publications:
        for part in publications.parts(publication.definition):
            if part.table != table.name or not part.columns:
                continue
            if fact.kind is ActionKind.ADD_COLUMN:
                yield Violation(
                    message=f"{publication.name} publishes a list of columns, so subscribers"
                    f" do not get {fact.name}",
                    remedy="ALTER PUBLICATION … SET TABLE with the new column",
                )
            elif fact.name in part.columns:
                yield Violation(
                    message=f"{publication.name} lists {fact.name}, so the statement fails",
                    remedy="ALTER PUBLICATION … SET TABLE without the column first",
                )


RULE = Rule(
    slug="publication-column-list",
    severity=Severity.WARN,
    planned=Planned.SCHEMA,
    title="A column of a table that is published with a list of columns",
    problem="A listed column cannot be dropped, and a new one is not replicated.",
    postgres=(
        "DROP COLUMN of a listed column is refused (2BP01); a list does not grow by "
        "itself (15 to 18)."
    ),
    instead="ALTER PUBLICATION … SET TABLE.",
    allow="Subscribers do not need the column.",
    on=(
        AddColumn,
        AlterColumn,
    ),
    check=check,
)
