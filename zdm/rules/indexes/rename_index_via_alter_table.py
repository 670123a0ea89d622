"""ALTER TABLE … RENAME of an index."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.model.syntax import RenameObject
from zdm.rules import edits, reading
from zdm.schema import lookup


def check(site: Site) -> Iterator[Violation]:
    """ALTER TABLE … RENAME of an index."""
    said = site.action.said
    if not isinstance(said, RenameObject) or said.kind != "table":
        return
    name = reading.named(site, lookup.relation(said.words))
    if reading.is_index(site, name) and not site.is_new(name):
        yield Violation(
            message=f"queries that use the index {name} wait until the transaction ends",
            remedy="write ALTER INDEX … RENAME TO",
        )


def fix(site: Site) -> Fix | None:
    """INDEX instead of TABLE."""
    text = edits.instead_of(site.action.statement.sql, "TABLE", "INDEX")
    return None if text is None else Fix(statements=(text,))


RULE = Rule(
    slug="rename-index-via-alter-table",
    severity=Severity.WARN,
    planned=Planned.YES,
    title="ALTER TABLE … RENAME of an index",
    problem="Queries that use the index wait.",
    postgres=(
        "ACCESS EXCLUSIVE on the index; ALTER INDEX takes SHARE UPDATE EXCLUSIVE (14 to 18)."
    ),
    instead="ALTER INDEX … RENAME TO.",
    allow="The transaction ends at once, and a lock_timeout is set.",
    on=(RenameObject,),
    check=check,
    fix=fix,
)
