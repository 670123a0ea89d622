"""No application_name."""

from collections.abc import Iterator

from zdm.model.rule import Planned, Rule, Site, Violation


def check(site: Site) -> Iterator[Violation]:
    """A lock that blocks writes, and no SET application_name in the file before it."""
    if site.action.index:
        return
    strong = any(
        t.lock.blocks_writes and not site.is_new(t.relation) for t in site.whole.touches
    )
    named = (site.action.source.file, "application_name") in site.done.settings
    if strong and not named:
        yield Violation(
            message="a session that blocks others looks like one of the application",
            remedy="SET application_name = 'migration' first",
        )


RULE = Rule(
    slug="missing-application-name",
    severity=None,
    planned=Planned.YES,
    title="No application_name",
    problem="When the migration blocks others, its session cannot be found.",
    postgres="pg_stat_activity shows the application_name of each session (14 to 18).",
    instead="SET application_name first, or in the connection's settings.",
    allow="The runner sets it.",
    check=check,
    once=True,
)
