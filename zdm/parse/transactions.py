"""BEGIN, COMMIT and the like, which control transactions and leave the schema as it is."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from zdm.model.statement import Action, ActionKind, Fact
from zdm.parse import libpg_query
from zdm.parse.libpg_query import Parsed


class Kind(StrEnum):
    """What it does to a transaction."""

    BEGIN = "begin"
    COMMIT = "commit"
    ROLLBACK = "rollback"
    SAVEPOINT = "savepoint"
    ROLLBACK_TO = "rollback to savepoint"
    RELEASE = "release savepoint"
    PREPARE = "prepare transaction"
    FINISH_PREPARED = "commit or roll back a prepared transaction"


class Control(Struct, frozen=True, kw_only=True):
    """One statement that controls a transaction; `chain`: AND CHAIN begins the next one."""

    kind: Kind
    savepoint: str = ""
    chain: bool = False


_KINDS = {
    "TRANS_STMT_BEGIN": Kind.BEGIN,
    "TRANS_STMT_START": Kind.BEGIN,
    "TRANS_STMT_COMMIT": Kind.COMMIT,
    "TRANS_STMT_ROLLBACK": Kind.ROLLBACK,
    "TRANS_STMT_SAVEPOINT": Kind.SAVEPOINT,
    "TRANS_STMT_ROLLBACK_TO": Kind.ROLLBACK_TO,
    "TRANS_STMT_RELEASE": Kind.RELEASE,
    "TRANS_STMT_PREPARE": Kind.PREPARE,
    "TRANS_STMT_COMMIT_PREPARED": Kind.FINISH_PREPARED,
    "TRANS_STMT_ROLLBACK_PREPARED": Kind.FINISH_PREPARED,
}


def control(parsed: Parsed) -> Control | None:
    """What the statement does to a transaction; None where it does something else."""
    if parsed.node != "TransactionStmt":
        return None
    return _of_tree(parsed.tree)


def _of_tree(tree: Mapping[str, Any]) -> Control:
    return Control(
        kind=_KINDS[tree["kind"]],
        savepoint=tree.get("savepoint_name", ""),
        chain=bool(tree.get("chain")),
    )


def adds_label(sql: str) -> bool:
    """Whether the text is ALTER TYPE … ADD VALUE, whose label is usable after its commit."""
    parsed = libpg_query.statements(sql.encode())
    return len(parsed) == 1 and (
        parsed[0].node == "AlterEnumStmt" and "oldVal" not in parsed[0].tree
    )


def is_control(sql: str) -> bool:
    """Whether the text is one statement that controls a transaction and nothing more."""
    parsed = libpg_query.statements(sql.encode())
    return len(parsed) == 1 and control(parsed[0]) is not None


def control_of(action: Action) -> Control | None:
    """The same of an Action that may be Unknown, as ROLLBACK is to a plan."""
    kind = action.tree.get("kind")
    return _of_tree(action.tree) if isinstance(kind, str) and kind in _KINDS else None


def said(action: Action) -> Control | None:
    """What an Action does to a transaction."""
    fact = action.fact
    if not isinstance(fact, Fact) or fact.kind is not ActionKind.TRANSACTION:
        return None
    return _of_tree(action.tree)
