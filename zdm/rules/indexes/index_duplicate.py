"""An index like one that exists."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Index, Table
from zdm.model.syntax import AddConstraint, IndexDefinition
from zdm.parse import rewrite

_KEYS = ("unique", "primary key")


def check(site: Site) -> Iterator[Violation]:
    """The same columns, order and condition."""
    found = _new(site)
    if found is None:
        return
    table, name, new, unique = found
    for old in table.indexes:
        if old.valid and old.name != name and new == _form_of(old):
            if unique and not old.unique:
                continue
            yield Violation(
                message=f"{old.name} already indexes the same of {table.name}, so every write"
                " pays twice",
                remedy="leave one of them out"
                if isinstance(site.action.said, IndexDefinition)
                else f"ADD CONSTRAINT … USING INDEX takes {old.name} over",
            )
            return


def _new(site: Site) -> tuple[Table, str, str, bool] | None:
    """The table, and of the index that the statement builds there the name, the form, and
    whether it is unique."""
    said, fact = site.action.said, site.fact
    table = None if fact is None or fact.table is None else site.before.table(fact.table)
    if table is None:
        return None
    match said:
        case IndexDefinition() if any(_may_be_like(said, old) for old in table.indexes):
            form = _form(rewrite.create_index(said, table.name, "x"))
            return table, said.name, form, said.unique
        case AddConstraint(constraint=key) if key.kind in _KEYS and not key.using_index:
            form = f"btree ({', '.join(key.columns)})"
            form += f" INCLUDE ({', '.join(key.including)})" if key.including else ""
            form += " NULLS NOT DISTINCT" if key.nulls_not_distinct else ""
            return table, "", form, True
    return None


def _may_be_like(new: IndexDefinition, old: Index) -> bool:
    """Without their texts, which take time to write."""
    return tuple(one.column or None for one in new.elements) == old.keys


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
    on=(AddConstraint, IndexDefinition),
    check=check,
)
