"""Changes of many rows in a migration."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Table
from zdm.model.statement import Action
from zdm.model.syntax import Insert
from zdm.parse import comparisons, mentioned
from zdm.parse.mentioned import RowChange
from zdm.rules import row_changes
from zdm.schema import not_null_proof


def check(site: Site) -> Iterator[Violation]:
    """UPDATE and DELETE with WHERE, MERGE, and INSERT of a query, unless a key picks the
    rows."""
    for change, table in row_changes.in_use(site):
        if _has_condition(change, site.action) and not _by_key(change, table):
            yield Violation(
                message=f"how many rows of {table.name} it changes is not limited, and all of"
                " them stay locked until its transaction ends",
                remedy="change rows in batches, outside of the migration",
            )


def _has_condition(change: RowChange, action: Action) -> bool:
    """Whether it changes some rows; without WHERE another rule speaks. A query of no table
    spells out how many."""
    if isinstance(change.said, Insert):
        return not change.said.written_out and bool(mentioned.reads(action))
    return change.is_merge or change.where is not None


def _by_key(change: RowChange, table: Table) -> bool:
    """Whether constants of a unique column pick the rows; a joined table may have one, too."""
    where = change.where
    if where is None or change.joined:
        return False
    keys: set[tuple[str | None, ...]]
    keys = {c.columns for c in table.constraints if c.kind in ("primary key", "unique")}
    keys |= {i.keys for i in table.indexes if i.unique and i.valid and i.predicate is None}
    tests = (comparisons.read(test) for test in not_null_proof.every(where))
    return any(t is not None and t.operator == "=" and (t.column,) in keys for t in tests)


RULE = Rule(
    slug="data-migration-in-schema-migration",
    severity=Severity.WARN,
    planned=Planned.YES,
    title="Changes of many rows in a migration",
    problem="Rows stay locked until the transaction ends, and a failure starts over.",
    postgres=("Each changed row is locked and written again in one transaction (14 to 18)."),
    instead="Change rows in batches; `zdm plan` makes an UPDATE a backfill.",
    allow="Few rows are changed.",
    on=mentioned.CHANGING,
    check=check,
)
