"""Functions and procedures: by name and types of arguments, and what their text names.

PostgreSQL does not know what a body in a string means before it runs, so a name in it is found
by its tokens (manual, chapter 5.15).
"""

import re
from collections.abc import Iterable

from msgspec.structs import replace

from zdm.model.expression import TypeName
from zdm.model.schema import Function, Name, Snapshot
from zdm.model.statement import Setting
from zdm.model.syntax import DropObjects
from zdm.parse.readers import assigned, authority, texts
from zdm.schema import type_names

Arguments = tuple[TypeName, ...] | None  # None: not written


def named(
    snapshot: Snapshot,
    name: Name,
    arguments: Arguments,
    settings: tuple[Setting, ...] = (),
) -> tuple[Function, ...]:
    """Those of the name, and of these arguments where they are given."""
    found = tuple(f for f in snapshot.functions if f.name == name)
    if arguments is None:
        return found
    wanted = tuple(type_names.canonical(_bare(a), snapshot, settings) for a in arguments)
    return tuple(f for f in found if types(f, snapshot) == wanted)


def types(function: Function, snapshot: Snapshot) -> tuple[str, ...]:
    """The types of its arguments, as format_type prints them."""
    (action,) = authority.of_step(f"DROP FUNCTION x({function.arguments})", (), ("public",))
    if not isinstance(action.said, DropObjects):
        return ()
    (arguments,) = action.said.arguments
    return tuple(type_names.canonical(_bare(a), snapshot) for a in arguments or ())


def _bare(argument: TypeName) -> TypeName:
    """A length is no part of an argument's type."""
    return replace(argument, modifiers=(), has_modifiers=False)


_EXECUTE = re.compile(r"\bEXECUTE\b(?!\s+(?:FUNCTION|PROCEDURE)\b)", re.IGNORECASE)
_OF_ROWS = re.compile(
    r"\bTG_ARGV\b|\bTG_NARGS\b|_populate_record\b|\b(?:to_jsonb?|row_to_json|hstore)\s*\(",
    re.IGNORECASE,
)
_AS = re.compile(r"\bAS\s+(?=[$'E])")
_QUOTED = re.compile(r"\$(\w*)\$(.*)\$\1\$", re.DOTALL)
_STRING = re.compile(r"'((?:[^']|'')*)'")
_BUILT_IN = frozenset({"c", "internal"})


def body_names(function: Function) -> frozenset[str]:
    """Every name that its body may mean."""
    return texts.names(_body(function), function.language)


def _body(function: Function) -> str:
    """What follows AS; all of a definition that has no body in a string."""
    found = _AS.search(function.definition)
    return function.definition if found is None else function.definition[found.end() :]


def body(function: Function) -> str:
    """Its text where it is in a string, of SQL or plpgsql; else nothing."""
    return _in_string(_body(function)) or "" if function.language in ("sql", "plpgsql") else ""


def calculates(function: Function, column: str) -> bool:
    """Whether its text has the column, alone or as the first argument of a call, before an
    operator of arithmetic, by which a value at the type's edge becomes one beyond."""
    name = re.escape(column)
    found = rf'(?<!\w){name}"?(?:\s*,[^()]*\))?\s*[-+*](?!-)'
    return re.search(found, body(function), re.IGNORECASE) is not None


def counts(function: Function, column: str) -> bool:
    """Whether it sets the column of NEW, and calculates with it."""
    set_ = rf'\bNEW\s*\.\s*"?{re.escape(column)}"?\s*:?='
    found = re.search(set_, body(function), re.IGNORECASE)
    return found is not None and calculates(function, column)


def always_set(function: Function) -> dict[str, str]:
    """The columns that it sets in every row, as the function of a BEFORE trigger."""
    body = _text(function)
    return {} if body is None else assigned.always(body)


def may_keep(function: Function) -> bool:
    """Whether it may keep a row from being deleted, as the function of a BEFORE trigger."""
    body = _text(function)
    return function.language == "plpgsql" and (body is None or assigned.may_keep(body))


def may_skip(function: Function, *, writes: bool, deletes: bool) -> bool:
    """Whether it may leave out a row, or what is written to it, as the function of a BEFORE
    trigger."""
    body = _text(function)
    return body is None or assigned.may_skip(body, writes=writes, deletes=deletes)


def _text(function: Function) -> str | None:
    """Its body in plpgsql; None where it is in another language, or a string with escapes."""
    return _in_string(_body(function)) if function.language == "plpgsql" else None


def _in_string(text: str) -> str | None:
    """What is in the string that the text begins with, unless it has escapes."""
    if found := _QUOTED.match(text):
        return found[2]
    found = _STRING.match(text)
    return None if found is None else found[1].replace("''", "'")


def names(function: Function) -> frozenset[str]:
    """The same, with those of its arguments."""
    return body_names(function) | texts.names(function.arguments)


def reached(snapshot: Snapshot, start: Iterable[Name]) -> tuple[Function, ...]:
    """The functions of these names, and those that they name, at all depths."""
    found: dict[Name, list[Function]] = {}
    left = set(start)
    while left:
        here = [f for f in snapshot.functions if f.name in left]
        for function in here:
            found.setdefault(function.name, []).append(function)
        words = frozenset[str]().union(*map(body_names, here)) if here else frozenset[str]()
        left = {
            f.name for f in snapshot.functions if f.name.name in words and f.name not in found
        }
    return tuple(f for functions in found.values() for f in functions)


def is_dynamic(function: Function, *, rows: bool) -> bool:
    """Whether it runs SQL that it makes; `rows`: or takes a row of a trigger apart by names
    that it makes."""
    if function.language in _BUILT_IN:
        return False
    if function.language not in ("sql", "plpgsql"):
        return True
    body = _body(function)
    found = _EXECUTE.search(body) if function.language == "plpgsql" else None
    return found is not None or (rows and _OF_ROWS.search(body) is not None)
