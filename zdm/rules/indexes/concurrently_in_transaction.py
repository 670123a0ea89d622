"""A statement in a transaction block that refuses to run in one."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation

_OF_FILE = (
    "put it into a file of its own, and tell the runner to send that without a transaction; if"
    ' it sends all files so, set `transactions = "statement"` under [check] in zdm.toml'
)
_OF_ALEMBIC = (
    "Alembic opens one, or the server for a text of several statements",
    "put it into an `op.execute` of its own, in `with op.get_context().autocommit_block():`",
)


def check(site: Site) -> Iterator[Violation]:
    """Those that end with 25001, by the runner's transaction or the file's own."""
    if site.block is None or site.impact.in_transaction:
        return
    whose, remedy = _OF_ALEMBIC
    if not site.action.source.file.endswith(".py"):
        by_runner = site.block.by_runner
        whose = "the runner sends the file in one" if by_runner else "BEGIN opened one"
        remedy = _OF_FILE
    yield Violation(
        message=f"it cannot run in a transaction block (25001), and {whose}", remedy=remedy
    )


def fix(site: Site) -> Fix | None:
    """The same outside of the transaction."""
    return Fix(later=(site.action.statement.sql,)) if site.action.count == 1 else None


RULE = Rule(
    slug="concurrently-in-transaction",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="A statement in a transaction block that refuses to run in one",
    problem="The migration fails.",
    postgres=(
        "CREATE, DROP and REINDEX INDEX CONCURRENTLY, DETACH PARTITION CONCURRENTLY, VACUUM "
        "and the like end with 25001 in a transaction block (14 to 18)."
    ),
    instead="Run it in a file of its own that the runner sends without a transaction.",
    allow="Never: it fails.",
    check=check,
    fix=fix,
)
