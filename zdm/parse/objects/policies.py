"""CREATE POLICY and ALTER POLICY, and what ALTER TABLE says about row security."""

from collections.abc import Mapping
from typing import Any

from zdm.model.schema import Name
from zdm.model.statement import Action
from zdm.parse import libpg_query, trees

_Tree = Mapping[str, Any]
_SECURITY = {
    "AT_EnableRowSecurity": "enable",
    "AT_DisableRowSecurity": "disable",
    "AT_ForceRowSecurity": "force",
    "AT_NoForceRowSecurity": "no force",
}


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


def security(action: Action) -> str:
    """enable, disable, force, no force; empty for another sub-command."""
    return _SECURITY.get(action.tree.get("subtype", ""), "")
