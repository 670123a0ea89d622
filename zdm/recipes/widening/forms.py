"""What depends on the form of a value, where both types hold the same one in another form.

A numeric of a larger scale is equal and has more zeros; jsonb prints what json has in another
way. What zdm builds on both columns, or what a trigger does with the value before zdm's own,
must not see the difference. A shorter text is the very same one, but the column refuses a
longer one before a BEFORE trigger could cut it.
"""

import re
from collections.abc import Iterator

from zdm.model.expression import Expression
from zdm.model.schema import Constraint, Index
from zdm.parse import expressions
from zdm.recipes.column import dependents
from zdm.recipes.type.shared_types import Kind
from zdm.recipes.widening.group import Wide, Wider
from zdm.schema import not_null_proof, routines

_OF_JSON = re.compile(r"\bjson_\w+")


def stuck(wide: Wide, wider: Wider) -> Iterator[str]:
    """In words, what would see another form."""
    if wider.kind is Kind.WIDER:
        return
    yield from dependents.in_triggers(wide.site.snapshot, wide.table, wider.name)
    if wider.kind is Kind.SHORTER:
        return
    for check in wide.constraints("check"):
        if wider.name in check.columns and _check_sees(check, wider.name):
            yield f"check {check.name} (calls a function or casts the column)"
    for index in wide.indexes:
        if wider.name in index.columns and _index_sees(index, wider):
            yield f"index {index.name} (unique by an expression, or by a function of json)"
    yield from _functions(wide, wider)


def _check_sees(check: Constraint, column: str) -> bool:
    condition = not_null_proof.condition(check.definition)
    return condition is None or _sees(condition, column)


def _sees(condition: Expression, column: str) -> bool:
    cast = any(column in expressions.columns(one.of) for one in expressions.casts(condition))
    return cast or bool(expressions.functions(condition))


def _index_sees(index: Index, wider: Wider) -> bool:
    computed = None in index.keys or index.predicate is not None
    of_json = wider.kind is Kind.JSON and _OF_JSON.search(index.definition) is not None
    return computed and (index.unique or of_json)


def _functions(wide: Wide, wider: Wider) -> Iterator[str]:
    """Functions of json find no jsonb."""
    if wider.kind is not Kind.JSON:
        return
    for function in wide.site.snapshot.functions:
        named = {wide.site.name.name, wider.name} <= routines.names(function)
        if named and _OF_JSON.search(routines.body(function)):
            yield f"function {function.name} (calls a function of json)"
