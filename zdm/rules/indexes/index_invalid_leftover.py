"""A table with an INVALID index."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Index
from zdm.model.syntax import IndexDefinition


def check(site: Site) -> Iterator[Violation]:
    """The snapshot shows an index that no query can use."""
    table = site.in_use()
    if table is None or site.action.index or table.kind == "partitioned table":
        return
    left = [index.name for index in table.indexes if not index.valid]
    if left and not any(i.name in left for i in _named(site)):
        yield Violation(
            message=f"{', '.join(left)} of {table.name} is INVALID: no query uses it, every"
            " write maintains it, and a unique one may reject rows",
            remedy=f"DROP INDEX CONCURRENTLY {left[0]}, and build it again",
        )


def _named(site: Site) -> Iterator[Index]:
    """Indexes that the statement itself names."""
    said, table = site.action.said, site.in_use()
    if isinstance(said, IndexDefinition) and table is not None:
        yield from (i for i in table.indexes if i.name == said.name)


RULE = Rule(
    slug="index-invalid-leftover",
    severity=Severity.WARN,
    planned=Planned.SCHEMA,
    title="A table with an INVALID index",
    problem=(
        "A build that was cancelled left it; no query uses it, and every write maintains it."
    ),
    postgres=(
        "A concurrent build that fails leaves its index INVALID; a unique one may already"
        " reject duplicates (14 to 18)."
    ),
    instead="DROP INDEX CONCURRENTLY, and build it again.",
    allow="Another session is building it.",
    check=check,
    once=True,
)
