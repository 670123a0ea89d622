"""The SQL words of statements that have no Fact, by the parser's node for them."""

import re
from collections.abc import Mapping
from typing import Any

_Tree = Mapping[str, Any]
_NAMES = {
    "AlterCollationStmt": "ALTER COLLATION",
    "AlterDatabaseRefreshCollStmt": "ALTER DATABASE … REFRESH COLLATION VERSION",
    "AlterDatabaseSetStmt": "ALTER DATABASE … SET",
    "AlterDatabaseStmt": "ALTER DATABASE",
    "AlterDefaultPrivilegesStmt": "ALTER DEFAULT PRIVILEGES",
    "AlterEventTrigStmt": "ALTER EVENT TRIGGER",
    "AlterExtensionContentsStmt": "ALTER EXTENSION … ADD",
    "AlterExtensionStmt": "ALTER EXTENSION … UPDATE",
    "AlterFdwStmt": "ALTER FOREIGN DATA WRAPPER",
    "AlterForeignServerStmt": "ALTER SERVER",
    "AlterFunctionStmt": "ALTER FUNCTION",
    "AlterObjectDependsStmt": "ALTER … DEPENDS ON EXTENSION",
    "AlterOpFamilyStmt": "ALTER OPERATOR FAMILY",
    "AlterOperatorStmt": "ALTER OPERATOR",
    "AlterOwnerStmt": "ALTER … OWNER TO",
    "AlterRoleSetStmt": "ALTER ROLE … SET",
    "AlterRoleStmt": "ALTER ROLE",
    "AlterStatsStmt": "ALTER STATISTICS",
    "AlterSubscriptionStmt": "ALTER SUBSCRIPTION",
    "AlterSystemStmt": "ALTER SYSTEM",
    "AlterTSConfigurationStmt": "ALTER TEXT SEARCH CONFIGURATION",
    "AlterTSDictionaryStmt": "ALTER TEXT SEARCH DICTIONARY",
    "AlterTableMoveAllStmt": "ALTER … ALL IN TABLESPACE",
    "AlterTableSpaceOptionsStmt": "ALTER TABLESPACE",
    "AlterTypeStmt": "ALTER TYPE … SET",
    "AlterUserMappingStmt": "ALTER USER MAPPING",
    "CheckPointStmt": "CHECKPOINT",
    "ClosePortalStmt": "CLOSE",
    "ConstraintsSetStmt": "SET CONSTRAINTS",
    "CreateAmStmt": "CREATE ACCESS METHOD",
    "CreateCastStmt": "CREATE CAST",
    "CreateConversionStmt": "CREATE CONVERSION",
    "CreateEventTrigStmt": "CREATE EVENT TRIGGER",
    "CreateFdwStmt": "CREATE FOREIGN DATA WRAPPER",
    "CreateForeignServerStmt": "CREATE SERVER",
    "CreateForeignTableStmt": "CREATE FOREIGN TABLE",
    "CreateOpClassStmt": "CREATE OPERATOR CLASS",
    "CreateOpFamilyStmt": "CREATE OPERATOR FAMILY",
    "CreatePLangStmt": "CREATE LANGUAGE",
    "CreateRoleStmt": "CREATE ROLE",
    "CreateSubscriptionStmt": "CREATE SUBSCRIPTION",
    "CreateTableSpaceStmt": "CREATE TABLESPACE",
    "CreateTransformStmt": "CREATE TRANSFORM",
    "CreateUserMappingStmt": "CREATE USER MAPPING",
    "CreatedbStmt": "CREATE DATABASE",
    "DeallocateStmt": "DEALLOCATE",
    "DeclareCursorStmt": "DECLARE",
    "DiscardStmt": "DISCARD",
    "DropOwnedStmt": "DROP OWNED",
    "DropRoleStmt": "DROP ROLE",
    "DropSubscriptionStmt": "DROP SUBSCRIPTION",
    "DropTableSpaceStmt": "DROP TABLESPACE",
    "DropUserMappingStmt": "DROP USER MAPPING",
    "DropdbStmt": "DROP DATABASE",
    "ExplainStmt": "EXPLAIN",
    "FetchStmt": "FETCH",
    "ImportForeignSchemaStmt": "IMPORT FOREIGN SCHEMA",
    "ListenStmt": "LISTEN",
    "LoadStmt": "LOAD",
    "LockStmt": "LOCK",
    "MergeStmt": "MERGE",
    "NotifyStmt": "NOTIFY",
    "PrepareStmt": "PREPARE",
    "ReassignOwnedStmt": "REASSIGN OWNED",
    "RuleStmt": "CREATE RULE",
    "SecLabelStmt": "SECURITY LABEL",
    "UnlistenStmt": "UNLISTEN",
    "VariableShowStmt": "SHOW",
}
_DEFINED = {
    "OBJECT_AGGREGATE": "CREATE AGGREGATE",
    "OBJECT_COLLATION": "CREATE COLLATION",
    "OBJECT_OPERATOR": "CREATE OPERATOR",
    "OBJECT_TSCONFIGURATION": "CREATE TEXT SEARCH CONFIGURATION",
    "OBJECT_TSDICTIONARY": "CREATE TEXT SEARCH DICTIONARY",
    "OBJECT_TSPARSER": "CREATE TEXT SEARCH PARSER",
    "OBJECT_TSTEMPLATE": "CREATE TEXT SEARCH TEMPLATE",
    "OBJECT_TYPE": "CREATE TYPE",
}
_FIRST = re.compile(  # the verb, and the kind of object
    r"\b(?:materialized\s+view|event\s+trigger|access\s+method|text\s+search\s+\w+"
    r"|foreign\s+(?:table|data\s+wrapper)|operator\s+(?:class|family)|[a-z]+)\b",
    re.IGNORECASE,
)
_ROUTINES = {"OBJECT_PROCEDURE": "ALTER PROCEDURE", "OBJECT_ROUTINE": "ALTER ROUTINE"}


def first_words(sql: str) -> str:
    """What it does to which kind of object, in lower case: `alter materialized view`."""
    return " ".join(" ".join(_FIRST.findall(sql)[:2]).lower().split())


def unknown(node: str, tree: _Tree) -> str:
    """Why nothing is planned for it."""
    return f"zdm does not know the statement {of(node, tree)}"


def of(node: str, tree: _Tree) -> str:
    """The words with which the statement begins; `…` where its object's name is."""
    match node:
        case "DefineStmt":
            return _DEFINED[tree["kind"]]
        case "GrantRoleStmt":
            return "GRANT" if tree.get("is_grant") else "REVOKE"
        case "AlterFunctionStmt":
            return _ROUTINES.get(tree.get("objtype", ""), _NAMES[node])
        case "AlterExtensionContentsStmt" if tree.get("action", 0) < 0:
            return "ALTER EXTENSION … DROP"
        case "FetchStmt" if tree.get("ismove"):
            return "MOVE"
    return _NAMES[node]
