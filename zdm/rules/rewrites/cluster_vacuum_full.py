"""CLUSTER and VACUUM FULL."""

from collections.abc import Iterator

from zdm.model.commands import Work, WorkOn
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """Both commands, of tables in use or of the whole database."""
    said = site.action.said
    if not isinstance(said, WorkOn) or said.work not in (Work.CLUSTER, Work.VACUUM_FULL):
        return
    names = [reading.named(site, relation) for relation in said.relations]
    used = [str(name) for name in names if not site.is_new(name)]
    if used or not names:
        yield Violation(
            message=f"{said.work.upper()} writes {', '.join(used) or 'every table'} again while"
            " all queries of it wait",
            remedy="remove it; use an online tool such as pg_repack",
        )


RULE = Rule(
    slug="cluster-vacuum-full",
    severity=Severity.ERROR,
    planned=Planned.NO,
    title="CLUSTER and VACUUM FULL",
    problem="All queries of the table wait while it is written again.",
    postgres="Both write the whole table and its indexes under ACCESS EXCLUSIVE (14 to 18).",
    instead="Use an online tool such as pg_repack, outside of migrations.",
    allow="Nothing uses the table.",
    on=(WorkOn,),
    check=check,
)
