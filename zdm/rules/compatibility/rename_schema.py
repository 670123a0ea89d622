"""ALTER SCHEMA … RENAME."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import RenameObject


def check(site: Site) -> Iterator[Violation]:
    """ALTER SCHEMA … RENAME."""
    said = site.action.said
    if not isinstance(said, RenameObject) or said.kind != "schema":
        return
    made = said.part in site.before.schemas and said.part not in site.released.schemas
    if not made:
        yield Violation(
            message=f"application versions that still use {said.part} in a name or a"
            " search_path fail",
            remedy="create the new schema, move one relation after the other, and leave views"
            " under the old names",
        )


RULE = Rule(
    slug="rename-schema",
    severity=Severity.ERROR,
    planned=Planned.PHASES,
    title="ALTER SCHEMA … RENAME",
    problem=(
        "Every query that names the schema fails, and a search_path that names it finds "
        "nothing."
    ),
    postgres="The old name is gone with the commit; no table is locked (14 to 18).",
    instead="Leave views in the old schema until no version uses it.",
    allow="No running version names it.",
    on=(RenameObject,),
    check=check,
)
