"""Changes of many rows in a migration."""

from collections.abc import Iterator

from zdm.model.commands import Work, WorkOn
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Table
from zdm.model.statement import ActionKind
from zdm.model.syntax import Insert, Update
from zdm.parse import comparisons
from zdm.schema import not_null_proof

_KINDS = (ActionKind.UPDATE, ActionKind.DELETE, ActionKind.INSERT)


def check(site: Site) -> Iterator[Violation]:
    """UPDATE and DELETE with WHERE, and INSERT of a query, unless a key picks the rows."""
    said, table = site.action.said, site.in_use(*_KINDS)
    if table is None or not _has_condition(said) or _by_key(said, table):
        return
    yield Violation(
        message=f"how many rows of {table.name} it changes is not limited, and all of them stay"
        " locked until its transaction ends",
        remedy="change rows in batches, outside of the migration",
    )


def _has_condition(said: object) -> bool:
    """Whether it changes some rows; without WHERE another rule speaks."""
    match said:
        case Update(where=where):
            return where is not None
        case WorkOn(work=Work.DELETE, where=where):
            return where is not None
        case Insert(written_out=written_out):
            return not written_out
    return False


def _by_key(said: object, table: Table) -> bool:
    """Whether constants of a unique column pick the rows."""
    where = said.where if isinstance(said, Update | WorkOn) else None
    if where is None:
        return False
    keys = {c.columns for c in table.constraints if c.kind in ("primary key", "unique")}
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
    on=(
        Insert,
        Update,
        WorkOn,
    ),
    check=check,
)
