"""What on a column refuses rows of a version that does not write the column.

Such a version leaves it NULL or at its default in every row, and what other versions wrote
stays when it updates a row. So a CHECK, a unique or exclusion constraint over several columns
may refuse what it writes to the others, and a unique one its second row.
"""

from collections.abc import Iterator
from enum import Enum, auto

from zdm.model.expression import Call, Expression
from zdm.model.schema import Column, Constraint, Index, Name, Snapshot, Table, Volatility
from zdm.parse import expressions
from zdm.parse.readers import nulls, printed
from zdm.schema import not_null_proof, type_change

_CASES = frozenset({"lower", "upper"})
_TEXT = ("text", "character varying")
_PLAIN = (*_TEXT, "boolean", "smallint", "integer", "bigint", "uuid")


class Omitted(Enum):
    """What a column holds in the rows of a version that does not write it."""

    NULL = auto()
    SAME = auto()  # one value in several rows
    EACH = auto()  # another value in each row


def omitted(column: Column, snapshot: Snapshot) -> Omitted:
    """By the column's default, or its domain's."""
    if column.identity:
        return Omitted.EACH
    if column.generated:
        return Omitted.SAME
    if column.default is not None:
        volatile = column.default_volatility is Volatility.VOLATILE
        return Omitted.EACH if volatile else Omitted.SAME
    return Omitted.SAME if type_change.domain_default(column.type, snapshot) else Omitted.NULL


def null_refused(column: Column, snapshot: Snapshot) -> bool:
    """Whether the column's domain may refuse the NULL of rows without it."""
    return not all(
        nulls.of_domain(d.definition)[0] for d in type_change.domains(column.type, snapshot)
    )


def checks(
    table: Table, column: str, value: Omitted, leaving: frozenset[str]
) -> tuple[Constraint, ...]:
    """The CHECKs with the column that may refuse a row; `leaving`: columns that the version
    does not write, this one among them."""
    return tuple(
        c
        for c in table.constraints
        if c.kind == "check"
        and column in c.columns
        and not (value is Omitted.NULL and _passes(c, column, leaving))
    )


def _passes(check: Constraint, column: str, leaving: frozenset[str]) -> bool:
    condition = not_null_proof.condition(check.definition)
    if condition is None or not set(check.columns) <= leaving:
        return False
    return nulls.passes(condition, frozenset({column}))


def unique(
    table: Table, column: str, value: Omitted, leaving: frozenset[str]
) -> tuple[Index, ...]:
    """The unique and exclusion indexes with the column that may refuse a row which PostgreSQL
    takes once the column is gone."""
    return tuple(
        i
        for i in table.indexes
        if column in i.columns
        and (i.unique or _excludes(table, i))
        and not _harmless(i, column, value, leaving)
        and not implied(i, table, leaving)
    )


def _excludes(table: Table, index: Index) -> bool:
    found = table.constraint(index.constraint) if index.constraint is not None else None
    return found is not None and found.kind == "exclusion"


def _harmless(index: Index, column: str, value: Omitted, leaving: frozenset[str]) -> bool:
    """Rows that differ by the column's value, or are not compared for its NULL."""
    if not set(index.columns) <= leaving or value is Omitted.SAME:
        return False
    if value is Omitted.EACH:
        return column in index.keys
    if "NULLS NOT DISTINCT" in index.definition:
        return False
    return column in index.keys or any(
        nulls.is_null(key, frozenset({column})) for key in nulls.of_index(index.definition)
    )


def implied(index: Index, table: Table, leaving: frozenset[str]) -> bool:
    """Another unique index, without the columns that leave, refuses all that it refuses."""
    return implying(index, table, leaving) is not None


def implying(index: Index, table: Table, leaving: frozenset[str]) -> Index | None:
    """That other index: of no more keys, and not of fewer rows."""
    if not index.unique or "NULLS NOT DISTINCT" in index.definition:
        return None
    return next(
        (
            other
            for other in table.indexes
            if other.name != index.name and other.unique and other.valid
            if not leaving & set(other.columns)
            if " COLLATE " not in index.definition + other.definition
            if _equal_keys(index, other, table) and _all_rows(index, other, table)
        ),
        None,
    )


def _equal_keys(index: Index, other: Index, table: Table) -> bool:
    """Whether rows with the keys of the one have those of the other."""
    names = [key for key in other.keys if key is not None]
    made = nulls.of_index(other.definition) if len(names) < len(other.keys) else ()
    return (
        set(names) <= set(index.keys)
        and len(names) + len(made) == len(other.keys)
        and all(_of_key(key, index, table) for key in made)
    )


def _of_key(key: Expression, index: Index, table: Table) -> bool:
    """Whether it is lower(c) or upper(c) of a key: equal where that is, and not NULL."""
    form = expressions.form(key)
    if not isinstance(form, Call) or form.function[-1] not in _CASES or len(form.function) > 1:
        return False
    names = [expressions.column(argument) for argument in form.arguments]
    column = table.column(names[0]) if len(names) == 1 and names[0] is not None else None
    return column is not None and column.name in index.keys and _is_text(column)


def _is_text(column: Column) -> bool:
    """Whether equal values are the same bytes."""
    return column.collation is None and column.type.startswith(_TEXT)


def _all_rows(index: Index, other: Index, table: Table) -> bool:
    """Whether the other one has each row that it has: by a part of the same condition."""
    if other.predicate is None:
        return True
    if index.predicate is None:
        return False
    mine = _tests(index.predicate)
    return all(
        any(printed.alike(test, one) for one in mine) and _is_read_alike(test, table)
        for test in _tests(other.predicate)
    )


def _tests(predicate: str) -> list[Expression]:
    every = not_null_proof.every(expressions.read(predicate))
    return [expressions.read(expressions.bare(test)) for test in every]


def _is_read_alike(test: Expression, table: Table) -> bool:
    """Whether a constant beside its columns means the same with and without a cast."""
    found = [table.column(name) for name in expressions.columns(test)]
    return all(column is not None and column.type.startswith(_PLAIN) for column in found)


def covered(index: Index, keys: tuple[str | None, ...]) -> bool:
    """A unique index with these keys refuses all that it refuses."""
    new = Index(name=f"{index.name}, new", definition="", keys=keys, columns=(), unique=True)
    return bool(keys) and implied(index, Table(name=Name("", ""), indexes=(new,)), frozenset())


def foreign_keys(table: Table, column: str, leaving: frozenset[str]) -> tuple[Constraint, ...]:
    """Foreign keys of the column together with others that the version writes."""
    return tuple(
        c
        for c in table.constraints
        if c.kind == "foreign key" and column in c.columns and not set(c.columns) <= leaving
    )


def words(table: Table, found: tuple[Index, ...]) -> Iterator[str]:
    """Indexes in words: by their constraint, where there is one."""
    for index in found:
        constraint = table.constraint(index.constraint) if index.constraint else None
        if constraint is not None:
            yield f"{constraint.kind} constraint {constraint.name}"
        else:
            yield f"unique index {index.name}"
