"""SECURITY DEFINER without search_path."""

from collections.abc import Iterator

from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import CreateObject


def check(site: Site) -> Iterator[Violation]:
    """SECURITY DEFINER without search_path."""
    said = site.action.said
    if isinstance(said, CreateObject) and said.open_definer:
        yield Violation(
            message=f"callers of {said.words[-1]} choose by their search_path what its names"
            " mean, with its owner's rights",
            remedy="add SET search_path = pg_catalog, pg_temp, or the schemas that it needs",
        )


RULE = Rule(
    slug="security-definer-search-path",
    severity=None,
    planned=Planned.NO,
    title="SECURITY DEFINER without search_path",
    problem="A caller who may create objects runs code with the rights of the owner.",
    postgres=(
        "The function runs with the rights of its owner and the search_path of its caller"
        " (14 to 18)."
    ),
    instead="SET search_path in CREATE FUNCTION.",
    allow="Only trusted roles may call it.",
    on=(CreateObject,),
    check=check,
)
