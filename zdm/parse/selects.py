"""Statements that give rows: the tables whose rows they read, and whether a SELECT may change
anything."""

from collections.abc import Collection, Mapping
from typing import Any

from zdm.model.expression import Expression
from zdm.model.statement import Action
from zdm.parse import libpg_query, trees
from zdm.parse.libpg_query import Parsed

_WRITES = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
_RELATIONS = frozenset({"RangeVar", "relation"})  # the second is what a statement writes
_CATALOGS = frozenset({"pg_catalog", "information_schema"})
_SESSION = frozenset(
    {
        "VariableSetStmt", "VariableShowStmt", "DeallocateStmt", "DiscardStmt", "FetchStmt",
        "ClosePortalStmt", "ListenStmt", "UnlistenStmt", "ExplainStmt", "PrepareStmt",
        "ConstraintsSetStmt",
    }
)  # fmt: skip
# Volatile, but without an effect that outlives the statement or that a schema holds.
_HARMLESS = frozenset(
    {
        "random", "clock_timestamp", "timeofday", "gen_random_uuid", "pg_sleep", "set_config",
        "pg_advisory_lock", "pg_advisory_xact_lock", "pg_try_advisory_lock",
        "pg_try_advisory_xact_lock", "pg_advisory_unlock", "pg_advisory_unlock_all",
        "pg_backend_pid", "coalesce", "nullif",
    }
)  # fmt: skip


def query(parsed: Parsed) -> Expression | None:
    """A plain SELECT, also of one inside DECLARE CURSOR; None for all else."""
    tree = parsed.tree
    if parsed.node == "DeclareCursorStmt":
        tree = tree["query"]["SelectStmt"]
    elif parsed.node != "SelectStmt":
        return None
    if "intoClause" in tree or any(key in _WRITES for key, _ in trees.walk({"root": tree})):
        return None
    return Expression(tree)


def gives_rows(parsed: Parsed) -> Expression | None:
    """A statement whose rows the client gets: a SELECT, or what has RETURNING."""
    tree = parsed.tree
    if parsed.node == "DeclareCursorStmt":
        tree = tree["query"]["SelectStmt"]
    is_select = parsed.node == "SelectStmt" or parsed.node == "DeclareCursorStmt"
    if is_select and "intoClause" not in tree:
        return Expression(tree)
    returns = "returningList" in tree or "returningClause" in tree
    return Expression(tree) if parsed.node in _WRITES and returns else None


def is_session(parsed: Parsed) -> bool:
    """Whether it concerns the session only, and changes nothing in the database."""
    return parsed.node in _SESSION


def acts(select: Expression, read_only: Collection[str]) -> bool:
    """Whether a SELECT calls a function that may do more than compute."""
    for name in trees.functions(select.tree):
        builtin = len(name) == 1 or name[0] == "pg_catalog"
        if not builtin or (name[-1] not in read_only and name[-1] not in _HARMLESS):
            return True
    return False


def tables(select: Expression) -> tuple[str, ...]:
    """Names of the tables of the user's that a statement reads or writes, sorted."""
    nodes = list(trees.walk({"root": select.tree}))
    own = {node.get("ctename") for key, node in nodes if key == "CommonTableExpr"}
    found = set()
    for key, node in nodes:
        schema, name = node.get("schemaname", ""), node.get("relname", "")
        if key not in _RELATIONS or not name or schema in _CATALOGS:
            continue
        if not schema and (name in own or name.startswith("pg_")):
            continue
        found.add(f"{schema}.{name}" if schema else name)
    return tuple(sorted(found))


def only_adds_columns(old: str, action: Action) -> bool:
    """Whether CREATE OR REPLACE VIEW gives the rows of the old statement, with columns more at
    their end."""
    try:
        (parsed,) = libpg_query.statements(old.encode())
    except (libpg_query.NotSqlError, ValueError):
        return False
    before, now = _view(parsed.tree), _view(action.tree)
    if before is None or now is None or before[1] != now[1]:
        return False
    return now[0][: len(before[0])] == before[0]


def _view(tree: Mapping[str, Any]) -> tuple[list[Any], Any] | None:
    """The columns of a view, and all else of its statement; None where a column more may give
    other rows, or is an aggregate."""
    query = tree.get("query", {}).get("SelectStmt", {})
    if not query.get("targetList") or query.keys() & {"distinctClause", "groupClause", "larg"}:
        return None
    rest = {key: value for key, value in query.items() if key != "targetList"}
    view = {key: value for key, value in tree.items() if key not in ("query", "replace")}
    plain = trees.strip([query["targetList"], [view, rest]])
    targets = list(plain[0])
    simple = all("ColumnRef" in t.get("ResTarget", {}).get("val", {}) for t in targets)
    return (targets, plain[1]) if simple else None
