"""Options of CREATE and ALTER SEQUENCE."""

from collections.abc import Mapping
from typing import Any

from zdm.model.expression import Words
from zdm.model.syntax import SequenceOptions
from zdm.parse import trees

_Tree = Mapping[str, Any]
_INTEGERS = {"int2": "smallint", "int4": "integer", "int8": "bigint"}
_BOUNDS = {"minvalue": "minimum", "maxvalue": "maximum"}


def options(tree: _Tree) -> SequenceOptions:
    """All but OWNED BY and RESTART."""
    said = {item["DefElem"]["defname"]: item["DefElem"] for item in tree.get("options", [])}
    numbers = {name: _number(one.get("arg", {})) for name, one in said.items()}
    return SequenceOptions(
        type=_type(said.get("as", {})),
        increment=numbers.get("increment"),
        minimum=numbers.get("minvalue"),
        maximum=numbers.get("maxvalue"),
        start=numbers.get("start"),
        cache=numbers.get("cache"),
        cycle=_truth(said["cycle"]) if "cycle" in said else None,
        without=frozenset(
            word for name, word in _BOUNDS.items() if name in said and "arg" not in said[name]
        ),
    )


def owner(tree: _Tree) -> Words:
    """The words of OWNED BY; none for OWNED BY NONE."""
    words = _owned_by(tree)
    return () if words == ("none",) else words


def disowns(tree: _Tree) -> bool:
    """Whether it says OWNED BY NONE."""
    return _owned_by(tree) == ("none",)


def restarts(tree: _Tree) -> bool:
    """Whether it says RESTART."""
    return any(item["DefElem"]["defname"] == "restart" for item in tree.get("options", []))


def _owned_by(tree: _Tree) -> Words:
    found = [item["DefElem"] for item in tree.get("options", [])]
    owned: _Tree = next((o for o in found if o["defname"] == "owned_by"), {})
    return trees.strings(owned.get("arg", {}).get("List", {}).get("items"))


def _type(option: _Tree) -> str:
    words = trees.strings(option.get("arg", {}).get("TypeName", {}).get("names"))
    return _INTEGERS.get(words[-1], "") if words else ""


def _number(argument: _Tree) -> int | None:
    if "Float" in argument:
        text = str(argument["Float"].get("fval", ""))
        return int(text) if text.lstrip("-").isdigit() else None
    return int(argument["Integer"].get("ival", 0)) if "Integer" in argument else None


def _truth(option: _Tree) -> bool:
    return bool(option.get("arg", {}).get("Boolean", {}).get("boolval"))
