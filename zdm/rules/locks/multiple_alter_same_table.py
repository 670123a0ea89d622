"""Several statements that read all rows of one table."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.impact import YES
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Name
from zdm.model.statement import Action, ActionKind, Fact
from zdm.schema.impact import of


def check(site: Site) -> Iterator[Violation]:
    """Another ALTER TABLE of the file has read or rewritten the table."""
    if site.action.index or not _is_alter(site.action):
        return
    now = {t.relation for t in site.whole.touches if YES in (t.rewrites, t.scans)}
    both = sorted(name for name in now if not site.is_new(name) and _is_read(site, name))
    if both:
        yield Violation(
            message=f"all rows of {both[0]} are read again, as by an earlier ALTER TABLE",
            remedy="write both as one ALTER TABLE, save SET NOT NULL and the DROP of its proof",
        )


def _is_read(site: Site, name: Name) -> bool:
    """Whether an earlier ALTER TABLE of the file reads all its rows."""
    file = site.action.source.file
    return any(
        t.relation == name and YES in (t.rewrites, t.scans)
        for done in site.done.on(name)
        if done.action.source.file == file and _is_alter(done.action)
        for t in done.touches
    )


def _is_alter(action: Action) -> bool:
    fact = action.fact
    if not isinstance(fact, Fact) or fact.kind is ActionKind.VALIDATE_CONSTRAINT:
        return False
    return fact.kind in of.ALTER_TABLE


RULE = Rule(
    slug="multiple-alter-same-table",
    severity=Severity.WARN,
    planned=Planned.YES,
    title="Several statements that read all rows of one table",
    problem="The table is read or written once for each statement.",
    postgres="The sub-commands of one ALTER TABLE share one rewrite or scan (14 to 18).",
    instead=(
        "One ALTER TABLE with several sub-commands; but never SET NOT NULL beside the "
        "DROP of the CHECK that proves it."
    ),
    allow="The table is small.",
    check=check,
)
