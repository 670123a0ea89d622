"""A view under the old name of a table."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import CreateObject, RenameObject


def check(site: Site) -> Iterator[Violation]:
    """RENAME and CREATE VIEW in one transaction."""
    said, block = site.action.said, site.block
    if not isinstance(said, CreateObject) or said.kind != "view" or block is None:
        return
    earlier = (done.action.said for done in block.earlier.saying(RenameObject))
    renamed = [said for said in earlier if isinstance(said, RenameObject)]
    name = said.words[-1]
    if any(r.kind == "table" and r.words[-1] == name for r in renamed):
        yield Violation(
            message=f"what views refuse fails through {name}: ON CONFLICT ON CONSTRAINT, COPY,"
            " TRUNCATE, foreign keys, MERGE up to 16; and pg_get_serial_sequence gives NULL",
            remedy="see that no running version does that, and GRANT on the view again",
        )


RULE = Rule(
    slug="compat-view-limits",
    severity=Severity.WARN,
    planned=Planned.SCHEMA,
    title="A view under the old name of a table",
    problem=(
        "Some statements of the old version fail through the view, and its grants are not"
        " those of the table."
    ),
    postgres=(
        "SELECT, INSERT, UPDATE, DELETE and ON CONFLICT (columns) work through a view of "
        "one table; ON CONFLICT ON CONSTRAINT, COPY, TRUNCATE, and MERGE up to 16 do not "
        "(14 to 18)."
    ),
    instead="See that no running version does what a view refuses; GRANT on the view.",
    allow="No running version does.",
    on=(CreateObject,),
    check=check,
)
