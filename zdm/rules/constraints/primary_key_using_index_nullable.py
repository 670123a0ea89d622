"""PRIMARY KEY USING INDEX over a column that may be NULL."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Table
from zdm.model.statement import ActionKind, Fact
from zdm.model.syntax import AddConstraint
from zdm.rules import reading
from zdm.schema import not_null_proof


def check(site: Site) -> Iterator[Violation]:
    """A column of the index without NOT NULL or proof."""
    found = reading.added_constraint(site, "primary key")
    if found is None or not found[1].using_index:
        return
    table, constraint = found
    index = next((i for i in table.indexes if i.name == constraint.using_index), None)
    if index is None and table.opaque:
        yield Violation(
            message=f"the columns of {constraint.using_index} are not known: if one may be"
            f" NULL, all rows of {table.name} are read while all its queries wait",
            remedy="make sure that its columns are NOT NULL, and ignore this with that reason",
        )
    for column in index.keys if index is not None else ():
        if column is None or not not_null_proof.missing(table, column).possible:
            continue
        if _is_set(site, table, column):
            continue
        waiting = not_null_proof.unvalidated(table, column)
        why = f"; as {waiting.name} is NOT VALID, it fails (18)" if waiting is not None else ""
        yield Violation(
            message=f"nothing proves that {column} holds no NULL, so all rows of {table.name}"
            f" are read while all its queries wait{why}",
            remedy=f"ADD CONSTRAINT … CHECK ({column} IS NOT NULL) NOT VALID, VALIDATE it, then"
            " SET NOT NULL, first",
        )


def _is_set(site: Site, table: Table, column: str) -> bool:
    """Whether this release made it NOT NULL, of a table whose columns no file has."""
    facts = (done.action.fact for done in site.done if table.opaque)
    return any(
        isinstance(fact, Fact)
        and (fact.kind, fact.table, fact.name) == (ActionKind.SET_NOT_NULL, table.name, column)
        for fact in facts
    )


RULE = Rule(
    slug="primary-key-using-index-nullable",
    severity=Severity.ERROR,
    planned=Planned.SCHEMA,
    title="PRIMARY KEY USING INDEX over a column that may be NULL",
    problem="All queries of the table wait while every row is read for NULL.",
    postgres=(
        "USING INDEX is instant over NOT NULL columns; others are read under ACCESS "
        "EXCLUSIVE unless a validated CHECK proves them (14 to 18). Over a NOT NULL that "
        "is NOT VALID it fails (18)."
    ),
    instead="Make the columns NOT NULL by a validated CHECK first.",
    allow="The table is small, and a lock_timeout is set.",
    on=(AddConstraint,),
    check=check,
)
