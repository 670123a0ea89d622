"""ATTACH PARTITION that reads rows."""

from collections.abc import Iterator

from zdm.model.commands import AlterTable, Change
from zdm.model.findings import Severity
from zdm.model.impact import Touch
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """ATTACH that reads a relation in use, or may."""
    found = reading.changed(site, Change.ATTACH_PARTITION)
    if found is None:
        return
    read = [t for t in site.on_used if t.scans.possible and t.lock.blocks_reads]
    if read:
        yield Violation(
            message=f"all rows of {read[0].relation} may be read while its queries wait",
            remedy=_PROOF.format("implies" if _is_new_partition(site, read[0]) else "excludes"),
        )
        return
    parent, said = found
    if parent.opaque and said.bound is not None and said.bound.kind != "default":
        yield Violation(
            message=f"zdm does not know the partitions of {parent.name}; if one is DEFAULT, all"
            " its rows may be read while its queries wait",
            remedy=f"name the files that make {parent.name}, or give --snapshot; or, with no"
            " DEFAULT partition, say so in an ignore",
        )


_PROOF = "add a CHECK to it that {} the bounds, NOT VALID, VALIDATE it, then ATTACH"


def _is_new_partition(site: Site, read: Touch) -> bool:
    """Or else it is the DEFAULT partition, or a table that it refers to."""
    said = site.action.said
    other = said.other if isinstance(said, AlterTable) else None
    return other is not None and reading.named(site, other) == read.relation


RULE = Rule(
    slug="attach-partition-scan",
    severity=Severity.ERROR,
    planned=Planned.SCHEMA,
    title="ATTACH PARTITION that reads rows",
    problem=(
        "Queries of the new partition and of the DEFAULT partition wait while their rows "
        "are read."
    ),
    postgres=(
        "The rows are read under ACCESS EXCLUSIVE, unless a validated CHECK implies the "
        "bounds (14 to 18)."
    ),
    instead="Add a CHECK that implies the bounds, NOT VALID, VALIDATE it, then ATTACH.",
    allow="The new partition is empty, and there is no DEFAULT partition.",
    on=(AlterTable,),
    check=check,
)
