"""DROP INDEX or VIEW of several, and ANALYZE or VACUUM of several tables, becomes one statement
for each.

Each index is dropped CONCURRENTLY by itself, which takes no list (measured 14-18), and each
table waits for its own fills alone. A list of views may hold those that read others of it in
any order: they are dropped first.
"""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from zdm.model.expression import Words
from zdm.model.schema import Snapshot
from zdm.model.sql import ident
from zdm.model.statement import Action, Fact
from zdm.model.syntax import DropObjects
from zdm.parse import facts
from zdm.parse.objects import maintenance
from zdm.recipes.object import views


def split(action: Action, path: tuple[str, ...], snapshot: Snapshot) -> Sequence[Action]:
    """A statement for each of a list; the Action itself where it is none, or where its author
    lets it run as written."""
    if action.statement.vouched:
        return (action,)
    if len(maintenance.targets(action)) > 1:
        return _each(action, maintenance.each(action), path)
    if listed := _views(action, snapshot):
        return _each(action, map(_drop, listed), path)
    said = _indexes(action)
    if said is None or _concurrently(action):
        return (action,)
    listed = tuple(replace(said, objects=(one,)) for one in said.objects)
    return _each(action, map(_drop, listed), path)


def _drop(said: DropObjects) -> str:
    """The statement that drops one."""
    (name,) = said.objects
    words = f"DROP {said.kind.upper()}" + (" IF EXISTS" if said.if_exists else "")
    return f"{words} {'.'.join(map(ident, name))}" + (" CASCADE" if said.cascade else "")


def _views(action: Action, snapshot: Snapshot) -> Sequence[DropObjects]:
    """A DROP of each view of a list, those first that read others of it; empty for another
    statement."""
    said = action.said
    if not isinstance(said, DropObjects) or said.kind not in views.KINDS:
        return ()
    if len(said.objects) < 2:
        return ()
    found = {one: views.named(one, action, snapshot) for one in said.objects}
    ordered: list[Words] = []
    while left := [one for one in found if one not in ordered]:
        read = {name for one in left if (v := found[one]) for name, _ in v.uses}
        free = (one for one in left if not (v := found[one]) or v.name not in read)
        ordered.append(next(free, left[0]))
    return tuple(replace(said, objects=(one,)) for one in ordered)


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
