"""Less and less of a world, while it still fails in the same way."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from tests.adversary.world import Table, World

T = TypeVar("T")
TRIES = 120


def smaller(world: World) -> Iterator[World]:
    """Each world with one piece less, large pieces first."""
    if len(world.changes) > 1:
        yield from (replace(world, changes=less) for less in _each(world.changes))
    if len(world.tables) > 1:
        yield from (replace(world, tables=less) for less in _each(world.tables))
    if world.settings:
        yield replace(world, settings={})
    if world.writers:
        yield replace(world, writers=False)
    for n, table in enumerate(world.tables):
        for less in _tables(table):
            yield replace(world, tables=(*world.tables[:n], less, *world.tables[n + 1 :]))


def _tables(table: Table) -> Iterator[Table]:
    if len(table.rows) > 1:
        yield replace(table, rows=table.rows[: len(table.rows) // 2])
    for n in range(len(table.extras)):
        yield replace(table, extras=_without(table.extras, n))
    for n in range(len(table.constraints)):
        yield replace(table, constraints=_without(table.constraints, n))
    for n in range(1, len(table.columns)):
        column = table.columns[n]
        place = len([c for c in table.columns[:n] if not c.computed])
        rows = table.rows if column.computed else [_without(r, place) for r in table.rows]
        yield replace(table, columns=_without(table.columns, n), rows=tuple(rows))
        if column.rest and not column.computed:
            plain = replace(column, rest="")
            columns = (*table.columns[:n], plain, *table.columns[n + 1 :])
            yield replace(table, columns=columns)


def _each(items: Sequence[T]) -> Iterator[tuple[T, ...]]:
    return (_without(items, n) for n in range(len(items)))


def _without(items: Sequence[T], number: int) -> tuple[T, ...]:
    return (*items[:number], *items[number + 1 :])


def small(world: World, fails: Callable[[World], bool], tries: int = TRIES) -> World:
    """The least that still fails."""
    while tries > 0:
        for less in smaller(world):
            tries -= 1
            if tries <= 0 or fails(less):
                break
        else:
            return world
        if tries <= 0:
            return world
        world = less
    return world


def saved(world: World, folder: Path) -> None:
    """As the files of a case."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "before.sql").write_text(world.said + world.before, encoding="utf-8")
    (folder / "migration.sql").write_text(world.migration, encoding="utf-8")
