"""Statements that touch no table."""

from collections.abc import Callable, Mapping
from typing import Any

from zdm.model.commands import NoRelation
from zdm.model.syntax import Other
from zdm.parse.readers import command_names, relations

_Tree = Mapping[str, Any]
_KNOWN = (  # whole, so that nothing is hidden
    "VariableShowStmt", "ConstraintsSetStmt", "NotifyStmt", "ListenStmt", "UnlistenStmt",
    "DeallocateStmt", "ClosePortalStmt", "CheckPointStmt", "CreateRoleStmt", "AlterRoleStmt",
    "DropRoleStmt", "AlterDatabaseStmt", "AlterDefaultPrivilegesStmt", "AlterOwnerStmt",
    "CreateFdwStmt", "AlterFdwStmt", "CreateForeignServerStmt", "AlterForeignServerStmt",
    "CreateUserMappingStmt", "AlterUserMappingStmt", "DropUserMappingStmt",
    "AlterCollationStmt",
)  # fmt: skip
_IN_SHORT = {
    "VariableSetStmt": "SET",
    "AlterRoleSetStmt": "ALTER ROLE",
    "AlterDatabaseSetStmt": "ALTER DATABASE",
}
_HIDING = (  # that they touch no table is all that is known of them
    "LoadStmt", "AlterFunctionStmt", "CreateEventTrigStmt", "AlterEventTrigStmt",
    "CreateCastStmt", "CreateOpClassStmt", "CreateOpFamilyStmt", "AlterOpFamilyStmt",
    "AlterOperatorStmt", "AlterTypeStmt", "CreateConversionStmt", "AlterTSDictionaryStmt",
    "AlterTSConfigurationStmt", "CreateAmStmt", "CreatePLangStmt", "CreateTransformStmt",
)  # fmt: skip
_OUTSIDE = (  # of a transaction block
    "AlterSystemStmt", "CreatedbStmt", "DropdbStmt", "CreateTableSpaceStmt",
    "DropTableSpaceStmt", "CreateSubscriptionStmt", "DropSubscriptionStmt",
)  # fmt: skip


def _always(found: NoRelation) -> Callable[[_Tree], NoRelation]:
    return lambda _tree: found


def _discard(tree: _Tree) -> NoRelation:
    all_of_it = tree.get("target") == "DISCARD_ALL"
    return NoRelation(statement="DISCARD", outside_transaction=all_of_it)


def _transaction(tree: _Tree) -> NoRelation:
    """ROLLBACK of a whole transaction is known; what a part of one undoes is not."""
    return NoRelation(statement="ROLLBACK" if tree.get("kind") == "TRANS_STMT_ROLLBACK" else "")


def _membership(tree: _Tree) -> NoRelation:
    return NoRelation(statement="GRANT" if tree.get("is_grant") else "REVOKE")


def _explain(tree: _Tree) -> NoRelation | Other:
    """EXPLAIN alone runs nothing; with ANALYZE it does what its statement does."""
    options = [item["DefElem"]["defname"] for item in tree.get("options", [])]
    if "analyze" in options:
        return Other(reads=relations.mentioned(tree))
    return NoRelation(statement="EXPLAIN")


READERS: Mapping[str, Callable[[_Tree], NoRelation | Other]] = {
    "DefineStmt": _always(NoRelation(makes=True)),
    "DiscardStmt": _discard,
    "TransactionStmt": _transaction,
    "GrantRoleStmt": _membership,
    "ExplainStmt": _explain,
    **{node: _always(NoRelation(statement=words)) for node, words in _IN_SHORT.items()},
    **{node: _always(NoRelation(statement=command_names.of(node, {}))) for node in _KNOWN},
    **dict.fromkeys(_HIDING, _always(NoRelation())),
    **{
        node: _always(
            NoRelation(statement=command_names.of(node, {}), outside_transaction=True)
        )
        for node in _OUTSIDE
    },
}
