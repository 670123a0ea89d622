"""How functions and procedures are called, and which of them are one for PostgreSQL.

CREATE OR REPLACE keeps the return type, the names of parameters and the defaults, or fails
(manual, CREATE FUNCTION). A call finds the function by name, number and types of its arguments,
where a constant of no type fits many (chapter 10.3).
"""

from msgspec import Struct

from zdm.model.schema import Function, Snapshot
from zdm.model.statement import Setting
from zdm.model.syntax import CreateObject, Parameter, Routine
from zdm.parse.readers import authority
from zdm.schema import type_names

_INPUT = frozenset({"in", "inout", "variadic"})
_OUTPUT = frozenset({"out", "inout", "table"})
_INTEGERS = ("smallint", "integer", "bigint")


class Signature(Struct, frozen=True, kw_only=True):
    """`names`, `types`, `defaults` of its input; `result`: its return type, or its output."""

    procedure: bool
    names: tuple[str, ...]
    types: tuple[str, ...]
    defaults: tuple[bool, ...]
    variadic: bool
    result: tuple[str, ...]

    def may_be_called_as(self, other: "Signature") -> bool:
        """Whether a number of arguments exists with which both can be called."""
        low, high = self._arity
        other_low, other_high = other._arity
        return low <= other_high and other_low <= high

    @property
    def _arity(self) -> tuple[int, int]:
        most = len(self.names)
        needed = most - sum(self.defaults) - self.variadic
        return needed, 1_000_000 if self.variadic else most


def of(said: CreateObject, snapshot: Snapshot, settings: tuple[Setting, ...]) -> Signature:
    """That of a CREATE FUNCTION or CREATE PROCEDURE."""
    routine = said.routine or Routine()

    def named(one: Parameter) -> str:
        return f"{one.name} {type_names.canonical(one.type, snapshot, settings)}"

    read = [one for one in routine.parameters if one.mode in _INPUT]
    given = tuple(named(one) for one in routine.parameters if one.mode in _OUTPUT)
    if routine.returns is not None and not given:  # else `record` says no more
        given = (type_names.canonical(routine.returns, snapshot, settings),)
    return Signature(
        procedure=said.kind == "procedure",
        names=tuple(one.name for one in read),
        types=tuple(type_names.canonical(one.type, snapshot, settings) for one in read),
        defaults=tuple(one.has_default for one in read),
        variadic=any(one.mode == "variadic" for one in read),
        result=("SETOF" if routine.returns_set else "", *given),
    )


def said(function: Function) -> CreateObject | None:
    """What makes it; None for an aggregate."""
    for action in authority.of_step(function.definition, (), ("public",)):
        if isinstance(action.said, CreateObject):
            return action.said
    return None


def of_function(function: Function, snapshot: Snapshot) -> Signature | None:
    """That of one that is there."""
    made = said(function)
    return None if made is None else of(made, snapshot, ())


def problem(old: Signature, new: Signature) -> str:
    """Why PostgreSQL refuses to replace the one by the other; empty where it does not."""
    if old.procedure is not new.procedure:
        return "one is a procedure and the other a function"
    if old.result != new.result:
        return "the two return different types"
    for before, after in zip(old.names, new.names, strict=True):
        if before and before != after:
            return f"the parameter {before} has another name"
    for had, has in zip(old.defaults, new.defaults, strict=True):
        if had and not has:
            return "a parameter loses its default"
    return ""


def takes_each_call(new: Signature, old: Signature) -> bool:
    """Whether each call of the one, by position or by name, is one of the other, which gives
    the same type: further parameters have defaults, and an integer type may be wider, to which
    PostgreSQL casts by itself (manual, chapter 10.3)."""
    known = len(old.names)
    return (
        old.procedure is new.procedure
        and old.result == new.result
        and not old.variadic
        and not new.variadic
        and known <= len(new.names)
        and all(was in ("", now) for was, now in zip(old.names, new.names, strict=False))
        and all(map(_fits, old.types, new.types))
        and all(now or not was for was, now in zip(old.defaults, new.defaults, strict=False))
        and all(new.defaults[known:])
    )


def _fits(old: str, new: str) -> bool:
    if old in _INTEGERS and new in _INTEGERS:
        return _INTEGERS.index(old) <= _INTEGERS.index(new)
    return old == new
