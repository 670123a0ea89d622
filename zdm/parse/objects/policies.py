"""CREATE POLICY and ALTER POLICY, and what ALTER TABLE says about row security."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from zdm.model.expression import Words
from zdm.model.schema import Name
from zdm.model.statement import Action
from zdm.model.syntax import RelationName
from zdm.parse import libpg_query, trees
from zdm.parse.readers import relations

_Tree = Mapping[str, Any]
_SECURITY = {
    "AT_EnableRowSecurity": "enable",
    "AT_DisableRowSecurity": "disable",
    "AT_ForceRowSecurity": "force",
    "AT_NoForceRowSecurity": "no force",
}
_SETTING = ("current_setting",)
_TOTAL = frozenset({*_SETTING, "lower", "upper", "now", "length", "btrim"})


def name(action: Action) -> str:
    """Its name."""
    return str(action.tree.get("policy_name", ""))


def creates(action: Action) -> bool:
    """CREATE POLICY; else ALTER POLICY."""
    return "cmd_name" in action.tree


def is_permissive(action: Action) -> bool:
    """Of CREATE POLICY: it shows rows, and does not hide any."""
    return bool(action.tree.get("permissive"))


def permits(definition: str) -> bool:
    """The same of a printed CREATE POLICY."""
    (parsed,) = libpg_query.statements(definition.encode())
    return bool(parsed.tree.get("permissive"))


def definition(action: Action, table: Name) -> str:
    """The CREATE POLICY with the table's whole name."""
    place = {**action.tree["table"], "schemaname": table.schema, "relname": table.name}
    return trees.deparse("CreatePolicyStmt", {**action.tree, "table": place})


def renamed(definition: str, name: str) -> str:
    """A printed CREATE POLICY with another name."""
    (parsed,) = libpg_query.statements(definition.encode())
    return trees.deparse("CreatePolicyStmt", {**parsed.tree, "policy_name": name})


def security(action: Action) -> str:
    """enable, disable, force, no force; empty for another sub-command."""
    return _SECURITY.get(action.tree.get("subtype", ""), "")


class Reading(Struct, frozen=True, kw_only=True):
    """What the expressions of a policy read. `on_select`: it applies to the rows that a query
    reads; `roles`: empty for PUBLIC; `strict`: settings that must be there; `partial`: a value
    may be one that it fails for."""

    on_select: bool
    roles: frozenset[str]
    relations: tuple[RelationName, ...]
    functions: tuple[Words, ...]
    strict: frozenset[str]
    partial: bool


def reading(action: Action) -> Reading:
    """Of CREATE POLICY."""
    return _reading(action.tree)


def read_by(definition: str) -> Reading:
    """The same of a printed CREATE POLICY."""
    (parsed,) = libpg_query.statements(definition.encode())
    return _reading(parsed.tree)


def _reading(tree: _Tree) -> Reading:
    inner = {name: tree[name] for name in ("qual", "with_check") if name in tree}
    nodes = list(trees.walk({"root": inner}))
    roles = [one["RoleSpec"] for one in tree.get("roles", ())]
    public = any(one.get("roletype") == "ROLESPEC_PUBLIC" for one in roles)
    return Reading(
        on_select=tree.get("cmd_name", "all") in ("all", "select"),
        roles=frozenset(() if public else (one.get("rolename", "") for one in roles)),
        relations=relations.mentioned(inner),
        functions=trees.functions(inner),
        strict=frozenset(_strict(nodes)),
        partial=any(_is_partial(key, node) for key, node in nodes),
    )


def _strict(nodes: Iterable[tuple[str, _Tree]]) -> Iterator[str]:
    """Settings of an extension or the application that a call fails without."""
    for key, node in nodes:
        if key != "FuncCall" or trees.strings(node.get("funcname"))[-1:] != _SETTING:
            continue
        args = node.get("args", ())
        name = args[0].get("A_Const", {}).get("sval", {}).get("sval", "") if args else ""
        if len(args) == 1 and "." in name:
            yield name


def _is_partial(key: str, node: _Tree) -> bool:
    """A cast of what is no constant may fail, and a function that is not known to be total."""
    if key == "TypeCast":
        return "A_Const" not in node.get("arg", {})
    return key == "FuncCall" and trees.strings(node.get("funcname"))[-1] not in _TOTAL
