"""DROP INDEX of several indexes, and ANALYZE or VACUUM of several tables, becomes one statement
for each, in their order.

They depend on nothing of each other. Each index is dropped CONCURRENTLY by itself, which takes
no list (measured 14-18), and each table waits for its own fills alone.
"""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from zdm.model.sql import ident
from zdm.model.statement import Action, Fact
from zdm.model.syntax import DropObjects
from zdm.parse import facts
from zdm.parse.objects import maintenance


def split(action: Action, path: tuple[str, ...]) -> Sequence[Action]:
    """A statement for each of a list; the Action itself where it is none, or where its author
    lets it run as written."""
    if action.statement.vouched:
        return (action,)
    if len(maintenance.targets(action)) > 1:
        return _each(action, maintenance.each(action), path)
    said = _indexes(action)
    if said is None or _concurrently(action):
        return (action,)
    words = "DROP INDEX IF EXISTS" if said.if_exists else "DROP INDEX"
    ending = " CASCADE" if said.cascade else ""
    texts = (f"{words} {'.'.join(map(ident, one))}{ending}" for one in said.objects)
    return _each(action, texts, path)


def _each(action: Action, texts: Iterable[str], path: tuple[str, ...]) -> Sequence[Action]:
    return tuple(
        one
        for text in texts
        for one in facts.actions(replace(action.statement, sql=text), path)
    )


def problem(action: Action) -> tuple[str, str] | None:
    """Why PostgreSQL refuses a list, and the remedy."""
    if _indexes(action) is None or not _concurrently(action):
        return None
    return (
        "DROP INDEX CONCURRENTLY takes one index, so this statement would fail (0A000)",
        "write one DROP INDEX for each, with or without CONCURRENTLY",
    )


def _indexes(action: Action) -> DropObjects | None:
    said = action.said
    if isinstance(said, DropObjects) and said.kind == "index" and len(said.objects) > 1:
        return said
    return None


def _concurrently(action: Action) -> bool:
    return isinstance(action.fact, Fact) and action.fact.concurrently
