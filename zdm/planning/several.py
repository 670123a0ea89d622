"""DROP INDEX of several indexes becomes one statement for each, in their order.

They depend on nothing of each other, and each is dropped CONCURRENTLY by itself, which takes
no list (measured 14-18).
"""

from collections.abc import Sequence

from msgspec.structs import replace

from zdm.model.sql import ident
from zdm.model.statement import Action, Fact
from zdm.model.syntax import DropObjects
from zdm.parse import facts


def split(action: Action, path: tuple[str, ...]) -> Sequence[Action]:
    """A DROP INDEX for each index of a list; the Action itself where it is none, or where its
    author lets it run as written."""
    said = _indexes(action)
    if said is None or action.statement.vouched or _concurrently(action):
        return (action,)
    words = "DROP INDEX IF EXISTS" if said.if_exists else "DROP INDEX"
    ending = " CASCADE" if said.cascade else ""
    texts = (f"{words} {'.'.join(map(ident, one))}{ending}" for one in said.objects)
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
