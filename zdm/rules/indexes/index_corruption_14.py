"""A concurrent build on PostgreSQL 14.1 to 14.3."""

from collections.abc import Iterator

from zdm.model.commands import Work, WorkOn
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import IndexDefinition

_FIRST, _FIXED = 140_001, 140_004
_REINDEXES = (
    Work.REINDEX_TABLE,
    Work.REINDEX_INDEX,
    Work.REINDEX_SCHEMA,
    Work.REINDEX_DATABASE,
)


def check(site: Site) -> Iterator[Violation]:
    """The version of the snapshot."""
    said, version = site.action.said, site.before.server_version
    builds = isinstance(said, IndexDefinition) and said.concurrently
    rebuilds = isinstance(said, WorkOn) and said.concurrently and said.work in _REINDEXES
    if (builds or rebuilds) and _FIRST <= version < _FIXED:
        yield Violation(
            message=f"PostgreSQL 14.{version % 10000} may leave rows out of an index that is"
            " built concurrently",
            remedy="update the server to 14.4 or later first",
        )


RULE = Rule(
    slug="index-corruption-14",
    severity=Severity.ERROR,
    planned=Planned.NO,
    title="A concurrent build on PostgreSQL 14.1 to 14.3",
    problem="Queries by the index miss rows.",
    postgres=(
        "CREATE INDEX CONCURRENTLY and REINDEX CONCURRENTLY may leave rows out that are "
        "updated meanwhile (14.0 to 14.3, by the release notes of 14.4). Without a "
        "snapshot the minor version is not known; 14.0 looks the same."
    ),
    instead="Update the server first.",
    allow="Never.",
    on=(
        IndexDefinition,
        WorkOn,
    ),
    check=check,
)
