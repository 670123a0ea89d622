"""Storage parameters and attributes that ALTER TABLE sets, as values, and the sub-command that
sets them back."""

from collections.abc import Iterable, Mapping
from typing import Any

from zdm.model.schema import Name
from zdm.model.statement import Action
from zdm.parse import trees

Command = Mapping[str, Any]  # the parser's tree of one sub-command
_Tree = Command
_RESETS = frozenset({"AT_ResetRelOptions", "AT_ResetOptions"})


def of(action: Action) -> Command:
    """The sub-command of ALTER TABLE that the Action is."""
    return action.tree


def options(command: _Tree) -> dict[str, str | None]:
    """The parameters that a sub-command sets, with their values; None: it resets them."""
    items = command.get("def", {}).get("List", {}).get("items", [])
    resets = command.get("subtype") in _RESETS
    found = (item["DefElem"] for item in items if "DefElem" in item)
    return {_name(one): None if resets else _value(one.get("arg")) for one in found}


def word(command: _Tree) -> str:
    """The one word or number that it sets: storage, compression, statistics target."""
    found = command.get("def", {})
    if "Integer" in found:
        return str(found["Integer"].get("ival", 0))
    return str(found.get("String", {}).get("sval", ""))


def _name(item: _Tree) -> str:
    space = item.get("defnamespace", "")
    return f"{space}.{item['defname']}" if space else str(item["defname"])


def _value(arg: _Tree | None) -> str:
    """As PostgreSQL stores it; a parameter without a value is true."""
    if arg is None:
        return "true"
    if "TypeName" in arg:
        return ".".join(trees.strings(arg["TypeName"].get("names")))
    ((kind, node),) = arg.items()
    if kind == "Integer":
        return str(node.get("ival", 0))
    if kind == "Boolean":
        return "true" if node.get("boolval") else "false"
    return str(node.get("fval", node.get("sval", "")))


def written(command: _Tree, relation: Name, *, only: bool = False) -> str:
    """ALTER TABLE with this sub-command alone."""
    place: dict[str, Any] = {
        "schemaname": relation.schema,
        "relname": relation.name,
        "relpersistence": "p",
    }
    place |= {} if only else {"inh": True}
    tree = {
        "relation": place,
        "cmds": [{"AlterTableCmd": dict(command)}],
        "objtype": "OBJECT_TABLE",
    }
    return trees.deparse("AlterTableStmt", tree)


def back(command: _Tree, former: Iterable[str]) -> tuple[_Tree, ...]:
    """Sub-commands that give the parameters that it changes the values of `former`, a list as
    reloptions has it: first those that had one, then those that had none."""
    values = dict(one.split("=", 1) for one in former)
    named = tuple(options(command))
    of_column = command.get("subtype") in ("AT_SetOptions", "AT_ResetOptions")
    start = {"name": command["name"]} if "name" in command else {}
    result: list[_Tree] = []
    for subtype, names in (
        ("AT_SetOptions", [n for n in named if n in values]),
        ("AT_ResetOptions", [n for n in named if n not in values]),
    ):
        items = [{"DefElem": _element(name, values.get(name))} for name in names]
        if items:
            result.append(
                {
                    "subtype": subtype
                    if of_column
                    else subtype.replace("_Set", "_SetRel").replace("_Reset", "_ResetRel"),
                    "def": {"List": {"items": items}},
                    "behavior": "DROP_RESTRICT",
                    **start,
                }
            )
    return tuple(result)


def _element(name: str, value: str | None) -> _Tree:
    arg = {} if value is None else {"arg": {"String": {"sval": value}}}
    return {"defname": name, "defaction": "DEFELEM_UNSPEC", **arg}


def with_word(command: _Tree, word: str) -> _Tree:
    """The same sub-command with another word or number."""
    if command.get("subtype") == "AT_SetStatistics":
        return {**command, "def": {"Integer": {"ival": int(word)}}}
    return {**command, "def": {"String": {"sval": word}}}


def merged(former: tuple[str, ...], command: _Tree) -> tuple[str, ...]:
    """The list of parameters after it."""
    values: dict[str, str] = dict(one.split("=", 1) for one in former)
    for name, value in options(command).items():
        values.pop(name, None)
        if value is not None and "." not in name:  # those of the TOAST table are not shown
            values[name] = value
    return tuple(f"{name}={value}" for name, value in values.items())
