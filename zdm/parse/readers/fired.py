"""What an UPDATE, DELETE or INSERT fires: triggers and rules, read from what makes them."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from zdm.parse import libpg_query, trees
from zdm.parse.readers import texts

_BEFORE = 1 << 1  # TRIGGER_TYPE_BEFORE
_INSERT = 1 << 2  # TRIGGER_TYPE_INSERT
_DELETE = 1 << 3  # TRIGGER_TYPE_DELETE
_UPDATE = 1 << 4  # TRIGGER_TYPE_UPDATE
_MANNER = (
    "row", "timing", "args", "isconstraint", "deferrable", "initdeferred", "constrrel",
    "transitionRels",
)  # fmt: skip


class TriggerText(Struct, frozen=True, kw_only=True):
    """`columns`: those of UPDATE OF; none: an UPDATE of any column fires it. `before`: it may
    change the row that is written; `keeps`: it may keep a row from being deleted.
    `arguments`: every name in them; `always`: it has no WHEN; `transitions`: the names under
    which it gives its function the rows."""

    on_update: bool
    per_row: bool
    columns: tuple[str, ...]
    before: bool = True
    arguments: frozenset[str] = frozenset()
    on_delete: bool = True
    on_insert: bool = True
    always: bool = False
    keeps: bool = True
    transitions: tuple[str, ...] = ()


class RuleText(Struct, frozen=True, kw_only=True):
    """`replaces`: it is done instead of the statement, whatever the row."""

    name: str
    on_update: bool
    replaces: bool
    on_delete: bool = False
    on_insert: bool = False


def trigger(definition: str) -> TriggerText:
    """What a CREATE TRIGGER says; an empty one may be anything."""
    tree = _tree(definition)
    if tree is None:
        return TriggerText(on_update=True, per_row=True, columns=())
    before = bool(tree.get("row")) and bool(int(tree.get("timing", 0)) & _BEFORE)
    return TriggerText(
        on_update=bool(int(tree.get("events", 0)) & _UPDATE),
        per_row=bool(tree.get("row")),
        columns=trees.strings(tree.get("columns")),
        before=before and bool(int(tree.get("events", 0)) & (_INSERT | _UPDATE)),
        arguments=frozenset(
            name for text in trees.strings(tree.get("args")) for name in _words_of(text)
        ),
        on_delete=bool(int(tree.get("events", 0)) & _DELETE),
        on_insert=bool(int(tree.get("events", 0)) & _INSERT),
        always="whenClause" not in tree,
        keeps=before and bool(int(tree.get("events", 0)) & _DELETE),
        transitions=tuple(
            str(one["TriggerTransition"]["name"]) for one in tree.get("transitionRels", ())
        ),
    )


def fires_as(former: str, new: str) -> bool:
    """Whether the trigger `new` fires at most when `former` does, and in the same way."""
    old, tree = _tree(former), _tree(new)
    if old is None or tree is None:
        return False
    had, has = (int(one.get("events", 0)) for one in (old, tree))
    when = old.get("whenClause")
    return (
        not has & ~had
        and _within(trees.strings(old.get("columns")), trees.strings(tree.get("columns")))
        and (when is None or trees.same(when, tree.get("whenClause")))
        and all(trees.same(old.get(key), tree.get(key)) for key in _MANNER)
    )


def share_an_event(one: str, other: str) -> bool:
    """Whether a write may fire both triggers."""
    trees_of = (_tree(one), _tree(other))
    events = [int(tree.get("events", 0)) if tree is not None else ~0 for tree in trees_of]
    return bool(events[0] & events[1])


def _within(former: tuple[str, ...], new: tuple[str, ...]) -> bool:
    """Whether UPDATE OF the columns fires for no other; none: of any column."""
    return not former or (bool(new) and set(new) <= set(former))


def _words_of(argument: str) -> frozenset[str]:
    return texts.names(argument) | {argument}


def rule(definition: str) -> RuleText:
    """What a CREATE RULE says."""
    tree = _tree(definition) or {}
    return RuleText(
        name=str(tree.get("rulename", "")),
        on_update=tree.get("event") == "CMD_UPDATE",
        replaces=bool(tree.get("instead")) and "whereClause" not in tree,
        on_delete=tree.get("event") == "CMD_DELETE",
        on_insert=tree.get("event") == "CMD_INSERT",
    )


def _tree(definition: str) -> Mapping[str, Any] | None:
    parsed = libpg_query.statements(definition.encode())
    return parsed[0].tree if parsed else None
