"""Statements that touch no table, by the parser's word for them."""

from collections.abc import Callable, Mapping
from typing import Any

from zdm.model.commands import NoRelation
from zdm.model.syntax import Other
from zdm.parse.readers import relations

_Tree = Mapping[str, Any]
_STATEMENTS = {  # known whole, so that nothing is hidden
    "VariableSetStmt": "SET",
    "VariableShowStmt": "SHOW",
    "ConstraintsSetStmt": "SET CONSTRAINTS",
    "NotifyStmt": "NOTIFY",
    "ListenStmt": "LISTEN",
    "UnlistenStmt": "UNLISTEN",
    "DeallocateStmt": "DEALLOCATE",
    "ClosePortalStmt": "CLOSE",
    "CheckPointStmt": "CHECKPOINT",
    "CreateRoleStmt": "CREATE ROLE",
    "AlterRoleStmt": "ALTER ROLE",
    "AlterRoleSetStmt": "ALTER ROLE",
    "DropRoleStmt": "DROP ROLE",
    "AlterDatabaseStmt": "ALTER DATABASE",
    "AlterDatabaseSetStmt": "ALTER DATABASE",
    "AlterDefaultPrivilegesStmt": "ALTER DEFAULT PRIVILEGES",
    "AlterOwnerStmt": "ALTER … OWNER TO",
    "CreateFdwStmt": "CREATE FOREIGN DATA WRAPPER",
    "AlterFdwStmt": "ALTER FOREIGN DATA WRAPPER",
    "CreateForeignServerStmt": "CREATE SERVER",
    "AlterForeignServerStmt": "ALTER SERVER",
    "CreateUserMappingStmt": "CREATE USER MAPPING",
    "AlterUserMappingStmt": "ALTER USER MAPPING",
    "DropUserMappingStmt": "DROP USER MAPPING",
    "AlterCollationStmt": "ALTER COLLATION",
}
_HIDING = (  # that they touch no table is all that is known of them
    "LoadStmt", "AlterFunctionStmt", "CreateEventTrigStmt", "AlterEventTrigStmt",
    "CreateCastStmt", "CreateOpClassStmt", "CreateOpFamilyStmt", "AlterOpFamilyStmt",
    "AlterOperatorStmt", "AlterTypeStmt", "CreateConversionStmt", "AlterTSDictionaryStmt",
    "AlterTSConfigurationStmt", "CreateAmStmt", "CreatePLangStmt", "CreateTransformStmt",
)  # fmt: skip
_OUTSIDE = {  # of a transaction block
    "AlterSystemStmt": "ALTER SYSTEM",
    "CreatedbStmt": "CREATE DATABASE",
    "DropdbStmt": "DROP DATABASE",
    "CreateTableSpaceStmt": "CREATE TABLESPACE",
    "DropTableSpaceStmt": "DROP TABLESPACE",
    "CreateSubscriptionStmt": "CREATE SUBSCRIPTION",
    "DropSubscriptionStmt": "DROP SUBSCRIPTION",
}


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
    **{node: _always(NoRelation(statement=words)) for node, words in _STATEMENTS.items()},
    **dict.fromkeys(_HIDING, _always(NoRelation())),
    **{
        node: _always(NoRelation(statement=words, outside_transaction=True))
        for node, words in _OUTSIDE.items()
    },
}
