"""An index that is dropped before the one that replaces it is built."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import IndexDefinition
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """The release has dropped an index that begins with the same column."""
    found = reading.built_index(site)
    if found is None or not found[1].elements:
        return
    table, index = found
    released = site.released.table(table.name)
    there = {i.name for i in table.indexes}
    gone = [i for i in released.indexes if i.name not in there] if released is not None else []
    first = index.elements[0].column
    served = [i.name for i in gone if first and i.keys[:1] == (first,)]
    still = any(i.keys[:1] == (first,) for i in table.indexes)
    if served and not still:
        yield Violation(
            message=f"{served[0]} was dropped before this index is built, so queries by {first}"
            f" read all of {table.name} meanwhile",
            remedy="build the new index first, then drop the old one",
        )


RULE = Rule(
    slug="replace-index-order",
    severity=Severity.WARN,
    planned=Planned.YES,
    title="An index that is dropped before the one that replaces it is built",
    problem=(
        "Queries that the old index served read the whole table until the new one is built."
    ),
    postgres="A query uses only indexes that are valid when it is planned (14 to 18).",
    instead="Build the new index first, then drop the old one.",
    allow="No query uses the old index.",
    on=(IndexDefinition,),
    check=check,
)
