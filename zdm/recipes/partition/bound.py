"""The bound of a partition as a condition on its rows.

ATTACH PARTITION does not read the rows where a validated CHECK implies the bound and NOT NULL
of the key (measured 11-18). The constants are cast to the key's type, as in the bound itself.
"""

from zdm.model.expression import Expression
from zdm.model.schema import Table
from zdm.model.sql import ident
from zdm.model.syntax import PartitionBound
from zdm.parse import comparisons, expressions
from zdm.schema.impact import bounds


def condition(bound: PartitionBound, parent: Table) -> str | None:
    """True for the rows that belong to it, by bare names; None where zdm does not write one: a
    key of several columns or of an expression, HASH and DEFAULT, NULL in a list, and bounds
    that are no constants."""
    column = bounds.key(parent)
    if column is None or parent.partition_of is not None:
        return None
    found, type_ = ident(column), parent.require_column(column).type
    given = f"{found} IS NOT NULL"
    if bound.kind == "list":
        values = [_constant(value, type_) for value in bound.values]
        listed = ", ".join(value for value in values if value is not None)
        return None if None in values or not values else f"{given} AND {found} IN ({listed})"
    if bound.kind != "range":
        return None
    tests = [given]
    for operator, side in ((">=", bound.lower), ("<", bound.upper)):
        if bounds.is_open(side):
            continue
        value = _constant(side[0], type_)
        if value is None:
            return None
        tests.append(f"{found} {operator} {value}")
    return " AND ".join(tests)


def within(bound: PartitionBound, parent: Table) -> str:
    """An assignment that brings a row into it, to a value that the bound names; empty where
    there is none."""
    column = bounds.key(parent)
    first = bound.values if bound.kind == "list" else bound.lower
    if column is None or condition(bound, parent) is None or not first:
        return ""
    value = _constant(first[0], parent.require_column(column).type)
    return "" if value is None else f"{ident(column)} = {value}"


def outside(bound: PartitionBound, parent: Table) -> str | None:
    """True for the rows of a RANGE that do not belong to it, as `not_excluded` reads it; None
    where zdm does not write that."""
    column = bounds.key(parent)
    if column is None or bound.kind != "range" or condition(bound, parent) is None:
        return None
    tests = [
        f"{ident(column)} {operator} {expressions.bare(side[0])}"
        for operator, side in (("<", bound.lower), (">=", bound.upper))
        if not bounds.is_open(side)
    ]
    return " OR ".join(tests) or None


def _constant(value: Expression, type_: str) -> str | None:
    if comparisons.constants(value) is None:
        return None
    return f"CAST({expressions.bare(value)} AS {type_})"
