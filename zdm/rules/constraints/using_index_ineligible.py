"""USING INDEX of an index that cannot be a constraint's."""

import re
from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Index, Table
from zdm.model.statement import ActionKind
from zdm.model.syntax import AddConstraint

_ORDERED = re.compile(r" DESC\b| NULLS FIRST\b")


def check(site: Site) -> Iterator[Violation]:
    """What the server refuses of an index that is known."""
    table, said = site.in_use(ActionKind.ADD_CONSTRAINT), site.action.said
    if table is None or not isinstance(said, AddConstraint):
        return
    wanted = said.constraint.using_index
    index = next((i for i in table.indexes if wanted and i.name == wanted), None)
    if index is None and not (wanted and table.kind == "partitioned table"):
        return
    why = "its table is partitioned" if index is None else _why_not(table, index)
    if why:
        yield Violation(
            message=f"{wanted} cannot become a constraint, as {why}, so the statement fails",
            remedy="build a plain unique index on the columns, and use that",
        )


def _why_not(table: Table, index: Index) -> str:
    reasons = {
        "its table is partitioned": table.kind == "partitioned table",
        "it is not unique": not index.unique,
        "it has a WHERE": index.predicate is not None,
        "it has an expression": None in index.keys,
        "it is INVALID": not index.valid,
        "it is not in ascending order": _ORDERED.search(index.definition) is not None,
        f"it belongs to the constraint {index.constraint}": index.constraint is not None,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


RULE = Rule(
    slug="using-index-ineligible",
    severity=Severity.ERROR,
    planned=Planned.SCHEMA,
    title="USING INDEX of an index that cannot be a constraint's",
    problem="The migration fails.",
    postgres=(
        "The index must be unique, valid, of plain columns in ascending order, without "
        "WHERE, and of a table that is not partitioned (14 to 18)."
    ),
    instead="CREATE UNIQUE INDEX CONCURRENTLY on the plain columns.",
    allow="Never: it fails.",
    on=(AddConstraint,),
    check=check,
)
