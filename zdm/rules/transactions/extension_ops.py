"""CREATE EXTENSION."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import CreateObject


def check(site: Site) -> Iterator[Violation]:
    """CREATE EXTENSION."""
    said = site.action.said
    if isinstance(said, CreateObject) and said.kind == "extension":
        yield Violation(
            message="the script of the extension may lock or change anything",
            remedy="put it into a migration of its own",
        )


RULE = Rule(
    slug="extension-ops",
    severity=Severity.WARN,
    planned=Planned.NO,
    title="CREATE EXTENSION",
    problem="Its script may lock or change anything.",
    postgres=(
        "The script of the extension runs in the transaction of the statement, usually with "
        "the rights of a superuser (14 to 18)."
    ),
    instead="Create it in a migration of its own, or outside of migrations.",
    allow="The script was looked at.",
    on=(CreateObject,),
    check=check,
)
