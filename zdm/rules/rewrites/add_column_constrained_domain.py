"""ADD COLUMN of a domain with CHECK or NOT NULL."""

import re
from collections.abc import Iterator

from zdm.model.expression import TypeName
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn
from zdm.rules import reading
from zdm.schema import type_change, type_names

_OF_EXTENSIONS = frozenset(
    re.findall(
        r"\w+",
        """citext cube geography geometry halfvec hstore isbn isbn13 issn lquery ltree ltxtquery
        raster seg semver sparsevec vector""",
    )
)


def check(site: Site) -> Iterator[Violation]:
    """A type that is a domain with a constraint."""
    found = reading.added_column(site)
    if found is None:
        return
    table, column = found
    text = type_names.canonical(column.type, site.before, site.action.statement.settings)
    if type_change.is_constrained(text, site.before):
        yield Violation(
            message=f"{column.name} is of the domain {text}, which is checked for each row, so"
            f" {table.name} is rewritten while all its queries wait",
            remedy="use the domain's base type, and ADD CONSTRAINT … CHECK … NOT VALID",
        )
    elif not _is_known(text, column.type, site):
        yield Violation(
            message=f"the type {text} of {column.name} is in no file; if it is a domain with a"
            f" constraint, {table.name} is rewritten while all its queries wait",
            remedy="give the schema with --snapshot, or ignore this if it is no such domain",
        )


def _is_known(text: str, said: TypeName, site: Site) -> bool:
    """An array is none; names of types that extensions bring are treated as such."""
    if said.dimensions or type_names.is_serial(said):
        return True
    return type_change.is_known(text, site.before) or said.words[-1] in _OF_EXTENSIONS


RULE = Rule(
    slug="add-column-constrained-domain",
    severity=Severity.ERROR,
    planned=Planned.SCHEMA,
    title="ADD COLUMN of a domain with CHECK or NOT NULL",
    problem=(
        "All queries of the table wait while every row is written again, or the statement "
        "fails."
    ),
    postgres=(
        "The constraint of a domain is checked for each row of the new column: rewrite "
        "under ACCESS EXCLUSIVE (14 to 18)."
    ),
    instead="Add the column with the domain's base type and a table CHECK NOT VALID.",
    allow="The table is small, and a lock_timeout is set.",
    on=(AddColumn,),
    check=check,
)
