"""A setting of a table that needs ACCESS EXCLUSIVE."""

from collections.abc import Iterator

from zdm.model.commands import AlterTable, Change
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """A setting of a table that needs ACCESS EXCLUSIVE, unless the lock is short."""
    found = reading.changed(
        site, Change.SET_STORAGE, Change.SET_COMPRESSION, Change.OWNER, Change.SET_OPTIONS
    )
    if found is None:
        return
    table, said = found
    if said.change is not Change.OWNER and reading.is_short(site):
        return
    if said.change is not Change.SET_OPTIONS or "user_catalog_table" in said.options:
        yield Violation(
            message=f"queries of {table.name} wait until the transaction ends{_rights(said)}",
            remedy="run it in a short transaction of its own, with a lock_timeout",
        )


def _rights(said: AlterTable) -> str:
    owner = said.change is Change.OWNER
    return ", and its owner so far keeps only rights that are granted to it" if owner else ""


RULE = Rule(
    slug="storage-params",
    severity=Severity.WARN,
    planned=Planned.YES,
    title="A setting of a table that needs ACCESS EXCLUSIVE",
    problem="Queries of the table wait while the transaction lasts.",
    postgres=(
        "SET STORAGE, SET COMPRESSION, OWNER TO and user_catalog_table take ACCESS "
        "EXCLUSIVE; fillfactor, autovacuum_* and SET STATISTICS take SHARE UPDATE "
        "EXCLUSIVE (14 to 18)."
    ),
    instead="A short transaction, with a lock_timeout.",
    allow="The transaction ends at once.",
    on=(AlterTable,),
    check=check,
)
