"""Sequences in the defaults of columns, and what their options mean together."""

from typing import Literal

from msgspec.structs import replace

from zdm.model.expression import Call, Constant
from zdm.model.schema import Name, Sequence
from zdm.model.sql import literal
from zdm.model.syntax import SequenceOptions
from zdm.parse import expressions, names

_HIGHEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
_Bound = Literal["minimum", "maximum"]


def default(name: Name) -> str:
    """The default of a column that takes its values from the sequence."""
    return f"nextval({literal(name.sql)}::regclass)"


def uses(text: str, sequence: Name) -> bool:
    """Whether the default takes its values from it; a name without schema may be it."""
    if "nextval" not in text or not _may_name(text, sequence.name):
        return False
    form = expressions.form(expressions.read(text))
    if not isinstance(form, Call) or form.function[-1] != "nextval" or not form.arguments:
        return False
    named = expressions.form(expressions.without_cast(form.arguments[0]))
    if not isinstance(named, Constant) or named.value is None:
        return False
    found = names.qualified(named.value)
    return found.name == sequence.name and found.schema in ("", sequence.schema)


def _may_name(text: str, name: str) -> bool:
    """Whether the name is in the text, so that it is worth reading; a quoted one may be."""
    return not name.replace("_", "a").isalnum() or name.lower() in text.lower()


def made(name: Name, said: SequenceOptions) -> Sequence:
    """That of CREATE SEQUENCE with these options."""
    of = said.type or "bigint"
    increment = 1 if said.increment is None else said.increment
    blank = Sequence(name=name, type=of, start=1, increment=increment, minimum=0, maximum=0)
    without = {bound for bound in ("minimum", "maximum") if getattr(said, bound) is None}
    whole = altered(blank, replace(said, without=frozenset(without)))
    if said.start is not None:
        return whole
    return replace(whole, start=whole.minimum if increment > 0 else whole.maximum)


def altered(one: Sequence, said: SequenceOptions) -> Sequence:
    """After ALTER SEQUENCE with these options (init_params of PostgreSQL's sequence.c)."""
    changed = replace(
        one,
        type=said.type or one.type,
        increment=one.increment if said.increment is None else said.increment,
        start=one.start if said.start is None else said.start,
        cache=one.cache if said.cache is None else said.cache,
        cycle=one.cycle if said.cycle is None else said.cycle,
    )
    bounds: tuple[_Bound, ...] = ("minimum", "maximum")
    low, high = (_bound(bound, one, changed, said) for bound in bounds)
    return replace(changed, minimum=low, maximum=high)


def _bound(bound: _Bound, one: Sequence, changed: Sequence, said: SequenceOptions) -> int:
    """A bound that was the end of the former type is the end of the new one."""
    written: int | None = getattr(said, bound)
    if written is not None:
        return written
    follows = bool(said.type) and getattr(one, bound) == _end(bound, one.type)
    if not follows and bound not in said.without:
        return int(getattr(one, bound))
    towards = changed.increment > 0 if bound == "maximum" else changed.increment < 0
    if follows or towards:
        return _end(bound, changed.type)
    return -1 if bound == "maximum" else 1


def _end(bound: _Bound, type_: str) -> int:
    highest = _HIGHEST[type_]
    return highest if bound == "maximum" else -highest - 1


def problem(one: Sequence) -> str:
    """Why the server refuses these options together; empty: it does not."""
    of = f"{one.minimum} to {one.maximum}"
    if one.increment == 0:
        return "INCREMENT is 0"
    if one.cache <= 0:
        return "CACHE is less than 1"
    if one.minimum >= one.maximum:
        return f"MINVALUE {one.minimum} is not less than MAXVALUE {one.maximum}"
    if one.minimum < _end("minimum", one.type) or one.maximum > _end("maximum", one.type):
        return f"{of} is more than {one.type} holds"
    inside = one.minimum <= one.start <= one.maximum
    return "" if inside else f"START {one.start} is not in {of}"
