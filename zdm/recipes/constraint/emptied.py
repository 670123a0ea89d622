"""What a table has already that may refuse NULL in some of its columns, beside NOT NULL."""

from collections.abc import Iterator

from zdm.model.expression import Expression
from zdm.model.schema import Constraint, Index, Snapshot, Table
from zdm.parse import expressions
from zdm.parse.readers import nulls
from zdm.schema import not_null_proof, type_change


def refusing(table: Table, columns: frozenset[str], snapshot: Snapshot) -> str:
    """The first such thing in words, or nothing."""
    return next(_found(table, columns, snapshot), "")


def _found(table: Table, columns: frozenset[str], snapshot: Snapshot) -> Iterator[str]:
    for check in table.constraints:
        if check.kind == "check" and columns & {*check.columns} and not _passes(check, columns):
            yield f"the CHECK {check.name}"
    for index in table.indexes:
        if columns & {*index.columns} and _may_clash(index, table, columns):
            yield f"the unique index {index.name}"
    for name in sorted(columns):
        if not _taken(table.require_column(name).type, snapshot):
            yield f"the domain of {name}"


def _passes(check: Constraint, columns: frozenset[str]) -> bool:
    condition = not_null_proof.condition(check.definition)
    return condition is not None and nulls.passes(condition, columns)


def _may_clash(index: Index, table: Table, columns: frozenset[str]) -> bool:
    """Whether a row that has NULL there may be equal to another, or be compared only then."""
    of = table.constraint(index.constraint) if index.constraint is not None else None
    if not index.unique and (of is None or of.kind != "exclusion"):
        return False
    if index.predicate is not None:
        predicate = expressions.read(index.predicate)
        if any(_left_by(test, columns) for test in not_null_proof.every(predicate)):
            return False
        if columns & {*expressions.columns(predicate)}:
            return True
    return "NULLS NOT DISTINCT" in index.definition or None in index.keys


def _left_by(test: Expression, columns: frozenset[str]) -> bool:
    """Whether by it a row with NULL there is not in the index."""
    found = expressions.null_test(test)
    return found is not None and found[0] in columns and found[1]


def _taken(text: str, snapshot: Snapshot) -> bool:
    """Whether the type, where it is a domain, certainly takes NULL."""
    domain = type_change.found(text, snapshot, "domain")
    under = type_change.below(domain)
    if domain is None or under is None:
        return True
    return nulls.of_domain(domain.definition)[0] and _taken(under, snapshot)
