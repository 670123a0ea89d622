"""Frozen values to plain data (dicts, lists, scalars) and back, by the types they declare.

Plan files and settings share it, so both are equally strict: an unknown key, a missing one
or a value of another type is a Misfit with the path to it, never a default. Fields that
hold their default are left out, so files stay short. Types that a person reads better as
one word (a duration, a place in a file) are given as codecs.
"""

import math
import re
import types
import typing
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar

from msgspec import NODEFAULT, Struct

from zdm.model.fields import declared
from zdm.model.ranges import Bound, NotEmpty, Range

T = TypeVar("T")
Path = tuple[str | int, ...]
_SHOWN_DIGITS = 40  # a longer number says nothing, and Python may refuse to write it
_SHOWN = 60  # characters of a text or a key in a message
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # no path, no name and no database holds it

_SCALARS: dict[type, tuple[str, str]] = {
    str: ("string", "text"),
    int: ("integer", "a whole number"),
    float: ("number", "a number"),
    bool: ("boolean", "true or false"),
}


class MisfitError(Exception):
    """Plain data that is not what the type asks for; callers name the file and the line."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message

    @property
    def key(self) -> str:
        """The path as a person writes it: `steps[2].locks[0].mode`."""
        text = ""
        for part in self.path:
            dot = "." if text else ""
            text += f"[{part}]" if isinstance(part, int) else f"{dot}{shortened(part)}"
        return text


class Codec(Struct, frozen=True, kw_only=True):
    """How a type is written in one piece; `decode` raises ValueError with a sentence."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]
    schema: Mapping[str, Any]  # JSON schema of the plain form


Codecs = Mapping[Any, Codec]  # by type

_DURATION = re.compile(r"([0-9]+)(us|ms|s|m|h)")
_UNITS = {
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
    "us": timedelta(microseconds=1),
}


def _encode_duration(value: timedelta) -> str:
    for unit, length in _UNITS.items():
        if value and value % length == timedelta(0):
            return f"{value // length}{unit}"
    return "0s"


def _decode_duration(data: Any) -> timedelta:
    match = _DURATION.fullmatch(data) if isinstance(data, str) else None
    if match is None:
        raise ValueError(f"must be a duration such as 200ms, 15s, 5m or 1h, not {words(data)}")
    try:
        return int(match[1]) * _UNITS[match[2]]
    except (OverflowError, ValueError):  # Python reads no number of more than 4,300 digits
        raise ValueError(f"must be a shorter duration than {data:.40}") from None


DURATION = Codec(  # the shortest exact form: 200ms, 15s, 5m
    encode=_encode_duration,
    decode=_decode_duration,
    schema={"type": "string", "pattern": f"^{_DURATION.pattern}$"},
)


def _decode_text(data: Any) -> str:
    if type(data) is not str:
        raise ValueError(f"must be text, not {words(data)}")
    if _UNSTORABLE.search(data):
        raise ValueError("must be text without NUL and surrogate characters")
    return data


TEXT = Codec(encode=str, decode=_decode_text, schema={"type": "string"})  # from outside


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def to_plain(value: Any, codecs: Codecs, *, skip: str = "") -> Any:
    """The value as dicts, lists and scalars; sets are sorted.

    Fields with the mark `skip` are left out.
    """
    kind: type = type(value)
    codec = codecs.get(kind)
    if codec is not None:
        return codec.encode(value)
    if kind in _SCALARS:
        return value
    if isinstance(value, Struct):
        return {
            name: to_plain(part, codecs, skip=skip)
            for name, default in declared.written(kind, skip)
            if (part := getattr(value, name)) != default
        }
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset):
        return sorted(to_plain(item, codecs, skip=skip) for item in value)
    if isinstance(value, tuple):
        return [to_plain(item, codecs, skip=skip) for item in value]
    return value


def from_plain(kind: type[T], data: Any, codecs: Codecs, path: Path = ()) -> T:
    """The value that `data` says, or a MisfitError."""
    return typing.cast(T, _decode(kind, data, codecs, path))


def _decode(kind: Any, data: Any, codecs: Codecs, path: Path) -> Any:
    origin = typing.get_origin(kind)
    if origin is Annotated:
        return _decode_bounded(typing.get_args(kind), data, codecs, path)
    if kind in codecs:
        return _decode_codec(codecs[kind], data, path)
    if _is_struct(kind):
        return _decode_object(kind, data, codecs, path)
    if origin in (typing.Union, types.UnionType):
        return _decode_union(typing.get_args(kind), data, codecs, path)
    if origin in (tuple, frozenset):
        return _decode_list(kind, data, codecs, path)
    if origin is Literal:
        return _decode_choice(typing.get_args(kind), data, path)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(_decode_choice(tuple(member.value for member in kind), data, path))
    return _decode_scalar(kind, data, path)


def _decode_scalar(kind: Any, data: Any, path: Path) -> Any:
    if kind is float and type(data) in (float, int):
        return _finite(data, path)
    if type(data) is kind:
        return data
    raise MisfitError(path, f"must be {_SCALARS[kind][1]}, not {words(data)}")


def _finite(data: float, path: Path) -> float:
    try:
        if math.isfinite(data):
            return data
    except OverflowError:  # a whole number that no float holds
        pass
    raise MisfitError(path, f"must be a finite number, not {words(data)}")


def _decode_bounded(args: tuple[Any, ...], data: Any, codecs: Codecs, path: Path) -> Any:
    value = _decode(args[0], data, codecs, path)
    for bound in args[1:]:
        fault = _fault(bound, value, codecs)
        if fault:
            raise MisfitError(path, f"must {fault}")
    return value


def _fault(bound: Bound, value: Any, codecs: Codecs) -> str:
    def plain(number: Any) -> str:
        return words(to_plain(number, codecs)).strip("'")

    match bound:
        case Range(least=least) if value < least:
            return f"be at least {plain(least)}, not {plain(value)}"
        case Range(most=most) if value > most:
            return f"be at most {plain(most)}, not {plain(value)}"
        case NotEmpty() if not value:
            return "not be empty"
    return ""


def _decode_codec(codec: Codec, data: Any, path: Path) -> Any:
    try:
        return codec.decode(data)
    except ValueError as error:
        raise MisfitError(path, str(error)) from error


def _decode_choice(allowed: tuple[Any, ...], data: Any, path: Path) -> Any:
    if data not in allowed:
        choice = ", ".join(str(item) for item in allowed)
        raise MisfitError(path, f"must be one of {choice}, not {words(data)}")
    return data


def _decode_list(kind: Any, data: Any, codecs: Codecs, path: Path) -> Any:
    if not isinstance(data, list):
        raise MisfitError(path, f"must be a list, not {words(data)}")
    args = typing.get_args(kind)
    repeated = len(args) == 1 or args[1] is Ellipsis
    if not repeated and len(data) != len(args):
        raise MisfitError(path, f"must have {len(args)} items, not {len(data)}")
    items = [
        _decode(args[0] if repeated else args[index], item, codecs, (*path, index))
        for index, item in enumerate(data)
    ]
    return frozenset(items) if typing.get_origin(kind) is frozenset else tuple(items)


def _decode_object(kind: type[Struct], data: Any, codecs: Codecs, path: Path) -> Any:
    if not isinstance(data, dict):
        raise MisfitError(path, f"must be a mapping, not {words(data)}")
    known = {field.name: field for field in declared.ordered(kind)}
    for key in data:
        if key not in known:
            raise MisfitError((*path, key), f"is not known here; known are {', '.join(known)}")
    values = {}
    for name, field in known.items():
        if name in data:
            values[name] = _decode(field.type, data[name], codecs, (*path, name))
        elif declared.default(field) is NODEFAULT:
            raise MisfitError(path, f"lacks the key {name}")
    return kind(**values)


def _decode_union(kinds: tuple[Any, ...], data: Any, codecs: Codecs, path: Path) -> Any:
    fitting = [kind for kind in kinds if _has_shape(kind, data, codecs)]
    tagged = [kind for kind in fitting if _is_struct(kind) and _tag(kind)]
    if len(tagged) > 1:
        tag = _decode_choice(
            tuple(_tag(kind) for kind in tagged),
            data.get(declared.DISCRIMINATOR),
            (*path, declared.DISCRIMINATOR),
        )
        fitting = [kind for kind in tagged if _tag(kind) == tag]
    if not fitting:
        raise MisfitError(path, f"cannot be {words(data)}")
    return None if fitting[0] is types.NoneType else _decode(fitting[0], data, codecs, path)


def _bare(kind: Any) -> Any:
    return typing.get_args(kind)[0] if typing.get_origin(kind) is Annotated else kind


def _tag(kind: Any) -> str:
    """The one word that tells this member of a union from the others."""
    for field in declared.ordered(kind):
        if declared.discriminates(field):
            return str(typing.get_args(field.type)[0])
    return ""


def _has_shape(kind: Any, data: Any, codecs: Codecs) -> bool:
    """Whether the type is written as such data: a mapping, a list, nothing, or one word."""
    kind = _bare(kind)
    if kind in codecs:
        shape = codecs[kind].schema.get("type", "string")
    elif _is_struct(kind):
        shape = "object"
    elif typing.get_origin(kind) in (tuple, frozenset):
        shape = "array"
    else:
        shape = "null" if kind is types.NoneType else "scalar"
    wanted = {dict: "object", list: "array", type(None): "null"}.get(type(data))
    return bool(shape == wanted if wanted else shape not in ("object", "array", "null"))


def shortened(text: str) -> str:
    """A text as a message quotes it."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def words(data: Any) -> str:
    """Plain data as a message quotes it."""
    if isinstance(data, dict):
        return "a mapping"
    if isinstance(data, list):
        return "a list"
    if isinstance(data, int) and abs(data) >= 10**_SHOWN_DIGITS:
        return f"a number of more than {_SHOWN_DIGITS} digits"
    return "nothing" if data is None else repr(shortened(data) if type(data) is str else data)


def json_schema(kind: type, codecs: Codecs) -> dict[str, Any]:
    """The JSON schema (2020-12) of the plain form of a type."""
    definitions: dict[str, Any] = {}
    root = json_schema_of(kind, codecs, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def json_schema_of(kind: Any, codecs: Codecs, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of one type; those with fields go to `definitions` and are referred to."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        return {**json_schema_of(args[0], codecs, definitions), **_bounds_schema(args)}
    if kind in codecs:
        return dict(codecs[kind].schema)
    if _is_struct(kind):
        return _object_schema(kind, codecs, definitions)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [json_schema_of(arg, codecs, definitions) for arg in args]}
    if origin in (tuple, frozenset):
        return _list_schema(args, codecs, definitions)
    return _scalar_schema(kind)


def _scalar_schema(kind: Any) -> dict[str, Any]:
    if typing.get_origin(kind) is Literal:
        return {"enum": list(typing.get_args(kind))}
    if issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    return {"type": "null" if kind is types.NoneType else _SCALARS[kind][0]}


def _bounds_schema(args: tuple[Any, ...]) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for bound in args[1:]:
        match bound:
            case Range(least=int() | float() as least, most=int() | float() as most):
                schema |= {"minimum": least, "maximum": most}
            case NotEmpty():
                schema |= {"minItems": 1}
    return schema


def _list_schema(
    args: tuple[Any, ...], codecs: Codecs, definitions: dict[str, Any]
) -> dict[str, Any]:
    if len(args) == 1 or args[1] is Ellipsis:
        return {"type": "array", "items": json_schema_of(args[0], codecs, definitions)}
    return {
        "type": "array",
        "prefixItems": [json_schema_of(arg, codecs, definitions) for arg in args],
        "minItems": len(args),
        "maxItems": len(args),
    }


def _object_schema(
    kind: type[Struct], codecs: Codecs, definitions: dict[str, Any]
) -> dict[str, Any]:
    reference = {"$ref": f"#/$defs/{kind.__name__}"}
    if kind.__name__ in definitions:
        return reference
    definition: dict[str, Any] = {"type": "object", "additionalProperties": False}
    definitions[kind.__name__] = definition
    if kind.__doc__:
        definition["description"] = " ".join(kind.__doc__.split())
    definition["properties"] = {
        field.name: json_schema_of(field.type, codecs, definitions)
        for field in declared.ordered(kind)
    }
    definition["required"] = [
        name for name, default in declared.written(kind) if default is NODEFAULT
    ]
    return reference
