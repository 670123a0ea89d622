"""Values of which some fields are not shown: what may hold a password, the parser's trees."""

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar

from msgspec import Struct


class Hiding(Struct, frozen=True):
    """A value whose `repr` leaves out the fields in `hidden`."""

    hidden: ClassVar[tuple[str, ...]]

    def __repr__(self) -> str:
        shown = [f"{name}={getattr(self, name)!r}" for name in _shown(type(self))]
        return f"{type(self).__name__}({', '.join(shown)})"


class Carrying(Hiding, frozen=True, eq=False):
    """A value that is equal to one with other hidden fields."""

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        read = _reader(type(self))
        return bool(read(self) == read(other))

    def __hash__(self) -> int:
        return hash(_reader(type(self))(self))


def _shown(kind: type[Hiding]) -> list[str]:
    return [name for name in kind.__struct_fields__ if name not in kind.hidden]


@cache
def _reader(kind: type[Carrying]) -> Callable[[object], Any]:
    return attrgetter(*_shown(kind))
