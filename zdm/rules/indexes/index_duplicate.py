"""An index like one that exists."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Index
from zdm.model.syntax import IndexDefinition
from zdm.parse import rewrite


def check(site: Site) -> Iterator[Violation]:
    """The same columns, order and condition."""
    said, fact = site.action.said, site.fact
    if not isinstance(said, IndexDefinition) or fact is None or fact.table is None:
        return
    table = site.before.table(fact.table)
    if table is None:
        return
    new = _form(rewrite.create_index(said, table.name, "x"))
    for old in table.indexes:
        if old.valid and old.name != said.name and new == _form_of(old):
            if said.unique and not old.unique:
                continue
            yield Violation(
                message=f"{old.name} already indexes the same of {table.name}, so every write"
                " pays twice",
                remedy="leave one of them out",
            )
            return


def _form(definition: str) -> str:
    """What it indexes and how: the definition without names."""
    return definition.partition(" USING ")[2] or definition.partition(" (")[2]


def _form_of(index: Index) -> str:
    if index.definition:
        return _form(index.definition)
    return f"btree ({', '.join(str(key) for key in index.keys)})"


RULE = Rule(
    slug="index-duplicate",
    severity=Severity.WARN,
    planned=Planned.NO,
    title="An index like one that exists",
    problem="Every write maintains both, and no query gains.",
    postgres="The server does not notice that two indexes are alike (14 to 18).",
    instead="Leave one of them out.",
    allow="The old one is dropped in the next migration.",
    on=(IndexDefinition,),
    check=check,
)
