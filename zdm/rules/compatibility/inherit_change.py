"""INHERIT and NO INHERIT."""

from collections.abc import Iterator

from zdm.model.commands import AlterTable, Change
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """Of a parent that is not new."""
    said = site.action.said
    if not isinstance(said, AlterTable) or said.other is None:
        return
    if said.change not in (Change.INHERIT, Change.NO_INHERIT):
        return
    parent = reading.named(site, said.other)
    if not site.is_new(parent):
        child = site.fact.table if site.fact is not None else None
        what = "return" if said.change is Change.INHERIT else "no longer return"
        yield Violation(
            message=f"queries of {parent} {what} the rows of {child}",
            remedy="write ONLY in the application's queries first, or do it in a release in"
            " which every running version expects it",
        )


RULE = Rule(
    slug="inherit-change",
    severity=Severity.WARN,
    planned=Planned.NO,
    title="INHERIT and NO INHERIT",
    problem="Queries, UPDATEs and DELETEs of the parent get other rows at once.",
    postgres=(
        "ACCESS EXCLUSIVE on the child for a moment; a query of the parent without ONLY"
        " reads the rows of its children, too (14 to 18)."
    ),
    instead="ONLY in the queries of the parent; a view that joins the tables by UNION ALL.",
    allow="Every running version expects it.",
    on=(AlterTable,),
    check=check,
)
