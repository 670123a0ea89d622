"""A new object whose name has no schema."""

from collections.abc import Iterator

from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import CreateObject, CreateTable


def check(site: Site) -> Iterator[Violation]:
    """A new object whose name has no schema."""
    match site.action.said:
        case CreateTable(table=table) if table.persistence != "temporary":
            words = tuple(filter(None, (table.schema, table.name)))
        case CreateObject(kind=kind, words=words) if kind not in ("schema", "extension"):
            pass
        case _:
            return
    if len(words) == 1:
        yield Violation(
            message=f"where {words[0]} is made depends on the search_path",
            remedy=f"write public.{words[0]}, or the schema that is meant",
        )


RULE = Rule(
    slug="require-schema",
    severity=None,
    planned=Planned.NO,
    title="A new object whose name has no schema",
    problem="The same migration makes it in another schema for another role.",
    postgres=(
        "A name without schema is made in the first schema of the search_path that exists"
        " (14 to 18)."
    ),
    instead="Write the schema.",
    allow="The search_path is the same everywhere.",
    on=(
        CreateObject,
        CreateTable,
    ),
    check=check,
)
