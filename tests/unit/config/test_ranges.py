"""Every number and every duration of the settings has a range, and is refused outside of it."""

import copy
import itertools
import json
import re
import tomllib
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest
from msgspec import Struct
from msgspec.structs import fields

from zdm.config import settings as config
from zdm.config.settings import Settings
from zdm.errors import InputError
from zdm.model.ranges import Range
from zdm.rollout import registry
from zdm.serialize import codec

DOCS = Path(__file__).parents[3] / "docs"
NUMBERS = (int, float, timedelta)
CODECS = {timedelta: codec.DURATION}
Place = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Number:
    """A place in the settings where a number or a duration is written."""

    place: Place
    kind: type
    bounds: Range | None
    default: Any

    @property
    def key(self) -> str:
        return codec.MisfitError(self.place, "").key

    def __str__(self) -> str:
        return self.key


# any finite number may be a limit: what a query gives may be below nothing
UNBOUNDED = {
    f"backfill.gates.{name}"
    for name in ("sql_above", "sql_resume", "prometheus_above", "prometheus_resume")
}


def numbers(kind: Any, place: Place = ()) -> Iterator[Number]:
    """All of them in a value of that type, by its fields."""
    for field in fields(kind):
        default = field.default if isinstance(field.default, NUMBERS) else None
        for each, bounds, inner in leaves(field.type, (*place, field.name)):
            if isinstance(each, type) and issubclass(each, Struct):
                yield from numbers(each, inner)
            elif each in NUMBERS:
                yield Number(place=inner, kind=each, bounds=bounds, default=default)


def leaves(kind: Any, place: Place) -> Iterator[tuple[Any, Range | None, Place]]:
    """The types that a field's type is made of, each with its range."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        bounds = next((each for each in args[1:] if isinstance(each, Range)), None)
        yield from ((each, bounds or own, inner) for each, own, inner in leaves(args[0], place))
    elif origin in (typing.Union, types.UnionType):
        for each in args:
            yield from leaves(each, place)
    elif origin is tuple:
        for each in set(args) - {...}:
            yield from leaves(each, (*place, 0))
    else:
        yield kind, None, place


ALL: list[Number] = [
    *numbers(Settings),
    *(
        number
        for name, kind in registry.tables().items()
        for number in numbers(kind, ("rollout", name))
    ),
]


def complete() -> dict[str, Any]:
    """Settings that lack nothing: each driver's table as its page shows it."""
    gates = {
        "sql": "SELECT 1",
        "sql_above": 1.0,
        "prometheus": "http://p",
        "prometheus_query": "q",
    }
    data: dict[str, Any] = {"backfill": {"gates": {**gates, "prometheus_above": 1.0}}}
    rollout = data.setdefault("rollout", {})
    for name in registry.tables():
        page = (DOCS / "drivers" / f"{name}.md").read_text(encoding="utf-8")
        example = tomllib.loads(re.findall(r"```toml\n(.*?)```", page, re.DOTALL)[0])
        rollout[name] = example["rollout"][name]
    return data


def toml(value: Any) -> str:
    match value:
        case dict():
            return (
                "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
            )
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
        case float():
            return str(value)
    return json.dumps(value)


def load(folder: Path, place: Place, value: Any) -> Settings:
    """The settings of a complete file in which one place holds this value."""
    data = copy.deepcopy(complete())
    inner: Any = data
    for part in place[:-1]:
        inner = inner[part] if isinstance(part, int) else inner.setdefault(part, {})
    inner[place[-1]] = value
    file = folder / "zdm.toml"
    file.write_text("".join(f"{name} = {toml(table)}\n" for name, table in data.items()))
    return config.load(directory=folder, environ={}, drivers=registry.tables())


BAD = {
    int: (-1, 10**30, float("nan"), float("inf"), 1.5),
    float: (-1, 1e300, 10**400, float("nan"), float("inf"), float("-inf")),
    timedelta: ("-1s", "876000h", "9" * 5_000 + "h", -1, float("nan"), float("inf")),
}
HARMLESS = {-1, 1e300}  # as a limit of one's own query


@pytest.mark.parametrize("number", ALL, ids=str)
def test_what_cannot_be_meant_is_refused_by_its_key(tmp_path: Path, number: Number) -> None:
    refused = set(BAD[number.kind]) - (HARMLESS if number.key in UNBOUNDED else set())
    for value in refused:
        with pytest.raises(InputError, match=re.escape(f"zdm.toml: {number.key} must be")):
            load(tmp_path, number.place, value)


def test_all_but_the_limits_of_own_queries_have_a_range(tmp_path: Path) -> None:
    unbounded = [number for number in ALL if number.bounds is None]
    for number, value in itertools.product(unbounded, HARMLESS):
        load(tmp_path, number.place, value)

    assert {number.key for number in unbounded} == UNBOUNDED


@pytest.mark.parametrize("number", [n for n in ALL if n.bounds], ids=str)
def test_the_default_and_both_ends_of_a_range_are_accepted(
    tmp_path: Path, number: Number
) -> None:
    assert number.bounds is not None
    for value in (number.bounds.least, number.default, number.bounds.most):
        if value is not None:
            load(tmp_path, number.place, codec.to_plain(value, CODECS))


def test_no_poll_would_switch_the_gate_off(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"rollout\.polls must be at least 1, not 0"):
        load(tmp_path, ("rollout", "polls"), 0)


@pytest.mark.parametrize(
    ("table", "name"), [("kubernetes", "namespaces"), ("local", "command")]
)
def test_a_list_that_needs_an_item_is_not_empty(tmp_path: Path, table: str, name: str) -> None:
    with pytest.raises(InputError, match=rf"rollout\.{table}\.{name} must not be empty"):
        load(tmp_path, ("rollout", table, name), [])
