"""What one version of the application knows of each table, as values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.ten_tables.writers import Writer

Make = Callable[["Writer"], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One table: its key, the fields that the version writes, and what refers to its rows."""

    key: tuple[str, ...]
    fields: Mapping[str, Make]
    drawn: bool = True  # the table makes the key; else it is among the fields
    optional: frozenset[str] = frozenset()  # left out of some INSERTs
    fixed: frozenset[str] = frozenset()  # set by INSERT only
    upsert: tuple[str, ...] = ()  # the columns of ON CONFLICT, where the version uses it
    together: tuple[frozenset[str], ...] = ()  # set by the same UPDATE, as hazards ask

    def but(self, *without: str, **fields: Make) -> "Shape":
        """With other fields, and without some."""
        kept = {name: make for name, make in self.fields.items() if name not in without}
        return replace(self, fields={**kept, **fields})


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of the application: its tables, and statements of other kinds."""

    tables: Mapping[str, Shape]
    reads: tuple[str, ...] = ()  # queries without parameters
    also: tuple[Callable[["Writer"], None], ...] = field(default=())

    def but(self, **tables: Shape) -> "Version":
        """With other tables."""
        return replace(self, tables={**self.tables, **tables})
