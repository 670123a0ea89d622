"""Whether a CHECK tells what a partition holds, so that no row of it must be read.

PostgreSQL takes a validated CHECK that implies the bound, and NOT NULL of the key (measured
11-18). Only constants that are written alike, or numbers, are compared here; where a CHECK is
about the key and cannot be compared, the answer is Unknown. It is so where the key or a
constant is cast to another type: PostgreSQL then finds no proof, and reads the rows.
"""

import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from zdm.model.expression import Expression
from zdm.model.impact import NO, UNKNOWN, YES, Answer
from zdm.model.schema import Table
from zdm.model.syntax import PartitionBound
from zdm.parse import comparisons, expressions, names
from zdm.parse.comparisons import Comparison
from zdm.schema import not_null_proof, type_names

_BEYOND = {">=": "<", "<": ">="}
_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
_WHOLE = frozenset({"smallint", "integer", "bigint"})
_TEXTS = frozenset({"text", "character varying"})
_KEY = re.compile(r"(\w+) \((\w+|\"(?:[^\"]|\"\")+\")\)")


def key(parent: Table) -> str | None:
    """The one column by whose value alone rows come to its partitions."""
    found = _KEY.fullmatch(parent.partition_key or "")
    return None if found is None else names.qualified(found[2]).name


def unproven(bound: PartitionBound, parent: Table, child: Table) -> Answer:
    """Whether the rows of a table must be read before it becomes a partition."""
    column = key(parent)
    tests = [*_tests(child)]
    if bound.kind in ("hash", "default") or column is None or None in _conditions(child):
        return UNKNOWN if _conditions(child) else YES
    if parent.partition_of is not None:  # the bounds above it must hold as well
        return UNKNOWN if tests else YES
    about = [t for t in tests if column in expressions.columns(t)]
    if not about:
        return YES
    not_null = not_null_proof.missing(child, column)
    numbers = _is_number(child, column)
    alike = [t for t in about if _is_alike(t, child, column)]
    implied = [_implied(wanted, alike, numbers=numbers) for wanted in _wanted(bound, column)]
    if not_null is NO and implied and all(implied):
        return NO
    return UNKNOWN


def not_excluded(bound: PartitionBound | None, parent: Table, default: Table) -> Answer:
    """Whether the rows of the DEFAULT partition must be read: a validated CHECK there may tell
    that none of them belongs to the bound."""
    column = key(parent)
    tests = [*_tests(default)]
    if column is None or None in _conditions(default):
        return UNKNOWN if _conditions(default) else YES
    about = [t for t in tests if column in expressions.columns(t)]
    wanted = [] if bound is None else _wanted(bound, column)
    numbers = _is_number(default, column)
    alike = [t for t in about if _is_alike(t, default, column)]
    if any(_excludes(test, wanted, numbers=numbers) for test in alike):
        return NO
    return UNKNOWN if about else YES


def _excludes(test: Expression, wanted: Sequence[Comparison | None], *, numbers: bool) -> bool:
    """Whether no row that passes belongs to the bound: each of the alternatives contradicts
    one of its sides, as `k < a` contradicts `k >= a`."""
    beyond = [
        replace(side, operator=_BEYOND[side.operator])
        for side in wanted
        if side is not None and side.operator in _BEYOND
    ]
    return bool(beyond) and all(
        expressions.null_test(one) == (beyond[0].column, False)
        or any(_implied(side, [one], numbers=numbers) for side in beyond)
        for one in comparisons.alternatives(test)
    )


def _conditions(table: Table) -> list[Expression | None]:
    """What its validated CHECKs say; None for one that cannot be read."""
    checks = [c for c in table.constraints if c.kind == "check" and c.validated]
    return [not_null_proof.condition(c.definition) for c in checks]


def _tests(table: Table) -> Iterator[Expression]:
    for condition in _conditions(table):
        if condition is not None:
            yield from not_null_proof.every(condition)


def _wanted(bound: PartitionBound, column: str) -> list[Comparison | None]:
    if bound.kind == "list":
        values = [comparisons.constants(value) for value in bound.values]
        if None in values:
            return [None]
        found = tuple(text for texts in values if texts for text in texts)
        return [Comparison(column=column, operator="=", values=found)]
    sides = ((">=", bound.lower), ("<", bound.upper))
    return [_side(operator, side, column) for operator, side in sides if not is_open(side)]


def is_open(side: tuple[Expression, ...]) -> bool:
    """MINVALUE or MAXVALUE, which the parser reads as columns."""
    names = [expressions.column(one) for one in side]
    return all(name is not None and name.lower() in ("minvalue", "maxvalue") for name in names)


def _side(operator: str, side: tuple[Expression, ...], column: str) -> Comparison | None:
    values = comparisons.constants(side[0]) if len(side) == 1 else None
    return (
        None if values is None else Comparison(column=column, operator=operator, values=values)
    )


def _is_number(table: Table, column: str) -> bool:
    """Whether its constants are ordered as numbers: as texts, '10' is before '9'."""
    found = table.column(column)
    return found is not None and found.type.startswith(_NUMBERS)


def _is_alike(test: Expression, table: Table, column: str) -> bool:
    """Whether it compares values of the key's own type. Of a type that is not built in, the
    casts say nothing."""
    found = table.column(column)
    type_, _ = type_names.split("" if found is None else found.type)
    if "." in type_:
        return True
    fitting = {type_}
    for kinds in (_WHOLE, _TEXTS):
        fitting |= kinds if type_ in kinds else frozenset()
    fitting |= _WHOLE if type_ == "numeric" else frozenset()
    return {_cast_to(cast.type.words[-1]) for cast in expressions.casts(test)} <= fitting


def _cast_to(word: str) -> str:
    return type_names.CANONICAL.get(word, word)


def _implied(wanted: Comparison | None, tests: list[Expression], *, numbers: bool) -> bool:
    found = [comparisons.read(test) for test in tests]
    return wanted is not None and any(
        f is not None and f.column == wanted.column and _implies(f, wanted, numbers=numbers)
        for f in found
    )


def _implies(known: Comparison, wanted: Comparison, *, numbers: bool) -> bool:
    if known.operator == wanted.operator == "=":
        return set(known.values) <= set(wanted.values)
    if known.operator == wanted.operator and known.values == wanted.values:
        return True
    if not numbers or len(known.values) != 1 or len(wanted.values) != 1:
        return False
    try:
        one, other = float(known.values[0]), float(wanted.values[0])
    except ValueError:
        return False
    if wanted.operator == ">=":
        return known.operator in (">=", ">", "=") and one >= other
    if wanted.operator != "<":
        return False
    strict = known.operator == "<" and one <= other
    return strict or (known.operator in ("<=", "=") and one < other)
