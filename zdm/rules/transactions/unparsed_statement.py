"""A statement that is not understood."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation


def check(site: Site) -> Iterator[Violation]:
    """What the reader does not know, or what may change the schema unseen."""
    if site.understood and not site.action.index:
        yield Violation(
            message=f"this statement is not understood: {site.understood}",
            remedy="write it as plain SQL, or ignore it with the reason why it is safe",
        )


RULE = Rule(
    slug="unparsed-statement",
    severity=Severity.ERROR,
    planned=Planned.NO,
    title="A statement that is not understood",
    problem="It may lock, rewrite or break anything.",
    postgres=(
        "DO blocks, calls of functions, COPY of data and the like run code that is not in "
        "the file."
    ),
    instead="Write it as plain SQL.",
    allow="Its effect was looked at.",
    check=check,
)
