"""What is in libpg_query's tree: each statement as its sub-commands, each with a Fact.

A kind with no entry in the tables below is Unknown, and the reason names the statement.
"""

from collections.abc import Callable, Mapping
from typing import Any

from zdm.model.schema import Name
from zdm.model.sql import MAX_NAME_BYTES
from zdm.model.statement import ActionKind as Kind
from zdm.model.statement import Fact, Unknown
from zdm.parse import session, trees
from zdm.parse.readers import changed_objects, command_names

Tree = Mapping[str, Any]
Path = tuple[str, ...]  # the search_path in force

_CONSTRAINTS = {
    "CONSTR_CHECK": "check",
    "CONSTR_UNIQUE": "unique",
    "CONSTR_PRIMARY": "primary key",
    "CONSTR_FOREIGN": "foreign key",
    "CONSTR_EXCLUSION": "exclusion",
    "CONSTR_NOTNULL": "not null",
}
_COMMANDS = {
    "AT_DropColumn": Kind.DROP_COLUMN,
    "AT_AlterColumnType": Kind.CHANGE_TYPE,
    "AT_SetNotNull": Kind.SET_NOT_NULL,
    "AT_DropNotNull": Kind.DROP_NOT_NULL,
    "AT_DropConstraint": Kind.DROP_CONSTRAINT,
    "AT_ValidateConstraint": Kind.VALIDATE_CONSTRAINT,
}
_RENAMES = {
    "OBJECT_COLUMN": Kind.RENAME_COLUMN,
    "OBJECT_TABLE": Kind.RENAME_TABLE,
    "OBJECT_TABCONSTRAINT": Kind.RENAME_CONSTRAINT,
    "OBJECT_INDEX": Kind.RENAME_INDEX,
}
_DROPS = {
    "OBJECT_TABLE": Kind.DROP_TABLE,
    "OBJECT_INDEX": Kind.DROP_INDEX,
    "OBJECT_VIEW": Kind.DROP_VIEW,
    "OBJECT_MATVIEW": Kind.DROP_VIEW,
    "OBJECT_SEQUENCE": Kind.DROP_SEQUENCE,
    "OBJECT_TYPE": Kind.DROP_TYPE,
    "OBJECT_DOMAIN": Kind.DROP_TYPE,
    "OBJECT_FUNCTION": Kind.DROP_FUNCTION,
    "OBJECT_PROCEDURE": Kind.DROP_FUNCTION,
    "OBJECT_TRIGGER": Kind.DROP_TRIGGER,
}
_PARTS = frozenset({"OBJECT_TRIGGER", "OBJECT_POLICY", "OBJECT_RULE"})
_NOT_FOR_NEW = frozenset({'"$user"', "$user", "pg_catalog", "pg_temp"})
_TYPES = ("CreateEnumStmt", "CompositeTypeStmt", "CreateRangeStmt")
_PUBLICATIONS = ("CreatePublicationStmt", "AlterPublicationStmt")
_POLICIES = ("CreatePolicyStmt", "AlterPolicyStmt")
_WRITES = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
_TEMPORARY = {
    what: Unknown(reason=f"a temporary {what} does not outlive its connection")
    for what in ("table", "view", "sequence")
}
_HIDDEN_WRITE = Unknown(reason="a WITH clause writes, so one statement makes two changes")
_MARKS = frozenset({"BEGIN", "START", "COMMIT", "SAVEPOINT", "RELEASE"})
_OPAQUE = {
    "DoStmt": "a DO block runs code that no reader sees",
    "CallStmt": "a procedure call runs code that no reader sees",
    "ExecuteStmt": "EXECUTE runs a statement that was prepared elsewhere",
    "CopyStmt": "COPY moves data that is not in the statement",
}


def folded(name: str) -> str:
    """The name as PostgreSQL keeps it: cut to 63 bytes (libpg_query has folded its case)."""
    return name.encode()[:MAX_NAME_BYTES].decode(errors="ignore")


def qualified(schema: str, name: str, path: Path) -> Name | Unknown:
    """The name with its schema, from the search_path where it has none."""
    if schema:
        return Name(folded(schema), folded(name))
    usable = [item for item in path if item not in _NOT_FOR_NEW and item[:8] != "pg_temp_"]
    if not usable:
        return Unknown(reason=f"`{name}` has no schema, and the search_path in force is empty")
    return Name(usable[0], folded(name))


def relation(node: Tree, path: Path) -> Name | Unknown:
    """A RangeVar's name."""
    return qualified(node.get("schemaname", ""), node.get("relname", ""), path)


def _fact(kind: Kind, table: Name | Unknown | None, **details: Any) -> Fact | Unknown:
    if isinstance(table, Unknown):
        return table
    return Fact(kind=kind, table=table, **details)


def _listed(parts: tuple[str, ...], path: Path) -> Name | Unknown:
    schema = parts[-2] if len(parts) > 1 else ""
    return qualified(schema, parts[-1] if parts else "", path)


def commands(node: str, tree: Tree, path: Path) -> list[tuple[str, Tree, Fact | Unknown]]:
    """(node name, tree, fact) of each sub-command; one item for all but ALTER TABLE."""
    if node == "AlterTableStmt" and tree.get("objtype") == "OBJECT_TABLE":
        table = relation(tree["relation"], path)
        only = not tree["relation"].get("inh", False)
        return [
            ("AlterTableCmd", command, _command(command, table, only=only))
            for command in (item["AlterTableCmd"] for item in tree["cmds"])
        ]
    if node in _OPAQUE:
        return [(node, tree, Unknown(reason=_OPAQUE[node]))]
    reader = _STATEMENTS.get(node)
    if reader is None:
        return [(node, tree, Unknown(reason=command_names.unknown(node, tree)))]
    return [(node, tree, reader(tree, path))]


def _command(tree: Tree, table: Name | Unknown, *, only: bool) -> Fact | Unknown:
    subtype = tree["subtype"]
    details: dict[str, Any] = {
        "only": only,
        "name": folded(tree.get("name", "")),
        "cascade": tree.get("behavior") == "DROP_CASCADE",
        "if_exists": bool(tree.get("missing_ok")),
    }
    match subtype:
        case "AT_AddColumn":
            details["name"] = folded(tree["def"]["ColumnDef"]["colname"])
            return _fact(Kind.ADD_COLUMN, table, **details)
        case "AT_AddConstraint":
            constraint = tree["def"]["Constraint"]
            return _fact(
                Kind.ADD_CONSTRAINT,
                table,
                only=only,
                name=folded(constraint.get("conname", "")),
                constraint_kind=_CONSTRAINTS.get(constraint["contype"], constraint["contype"]),
                not_valid=bool(constraint.get("skip_validation")),
            )
        case "AT_ColumnDefault":
            kind = Kind.SET_DEFAULT if "def" in tree else Kind.DROP_DEFAULT
            return _fact(kind, table, **details)
    return _fact(_COMMANDS.get(subtype, Kind.ALTER_TABLE_OTHER), table, **details)


def _rename(tree: Tree, path: Path) -> Fact | Unknown:
    rename_type = tree.get("renameType", "")
    kind = _RENAMES.get(rename_type)
    table_like = tree.get("relationType", "OBJECT_TABLE") in (
        "OBJECT_TABLE",
        "OBJECT_ACCESS_METHOD",
    )
    if tree.get("renameType") in _PARTS:
        details = {"name": tree["subname"], "new_name": folded(tree["newname"])}
        return _fact(Kind.OTHER, relation(tree["relation"], path), **details)
    if (
        kind is None
        or "relation" not in tree
        or not (table_like or kind is not Kind.RENAME_COLUMN)
    ):
        return Fact(kind=Kind.OTHER, name=folded(tree.get("subname", "")))
    of_index = kind is Kind.RENAME_INDEX
    name = tree["relation"]["relname"] if of_index else tree.get("subname", "")
    return _fact(
        kind,
        None if of_index else relation(tree["relation"], path),
        name=folded(name),
        new_name=folded(tree["newname"]),
        if_exists=bool(tree.get("missing_ok")),
    )


def _index(tree: Tree, path: Path) -> Fact | Unknown:
    return _fact(
        Kind.CREATE_INDEX,
        relation(tree["relation"], path),
        name=folded(tree.get("idxname", "")),
        concurrently=bool(tree.get("concurrent")),
        if_exists=bool(tree.get("if_not_exists")),
        only=not tree["relation"].get("inh", False),
    )


def _drop(tree: Tree, path: Path) -> Fact | Unknown:
    objects = tree.get("objects", [])
    kind = _DROPS.get(tree.get("removeType", ""), Kind.OTHER)
    details: dict[str, Any] = {
        "cascade": tree.get("behavior") == "DROP_CASCADE",
        "if_exists": bool(tree.get("missing_ok")),
        "concurrently": bool(tree.get("concurrent")),
    }
    if len(objects) != 1:
        return Fact(kind=Kind.OTHER, name="DROP of several objects", **details)
    parts = changed_objects.words(objects[0])
    if kind is Kind.DROP_TABLE:
        return _fact(kind, _listed(parts, path), **details)
    if tree.get("removeType") in ("OBJECT_POLICY", "OBJECT_TRIGGER"):
        return _fact(kind, _listed(parts[:-1], path), name=parts[-1], **details)
    return Fact(kind=kind, name=".".join(parts), **details)


def _comment(tree: Tree, path: Path) -> Fact | Unknown:
    parts = changed_objects.words(tree.get("object", {}))
    match tree.get("objtype"):
        case "OBJECT_TABLE":
            return _fact(Kind.COMMENT, _listed(parts, path), name="table")
        case "OBJECT_COLUMN" | "OBJECT_TABCONSTRAINT":
            return _fact(Kind.COMMENT, _listed(parts[:-1], path), name=folded(parts[-1]))
    return Fact(kind=Kind.COMMENT, name=".".join(parts))


def _statistics(tree: Tree, path: Path) -> Fact | Unknown:
    nodes = tree.get("relations", [])
    if len(nodes) != 1 or "RangeVar" not in nodes[0]:
        return Fact(kind=Kind.OTHER, name="CREATE STATISTICS")  # the server refuses it
    table = relation(nodes[0]["RangeVar"], path)
    return _fact(Kind.OTHER, table, if_exists=bool(tree.get("if_not_exists")))


def _part(kind: Kind, key: str, name: str) -> Callable[[Tree, Path], Fact | Unknown]:
    return lambda tree, path: _fact(kind, relation(tree[key], path), name=tree[name])


def _writes_inside(tree: Tree) -> bool:
    return any(key in _WRITES for key, _ in trees.walk(tree))


def _on_relation(kind: Kind) -> Callable[[Tree, Path], Fact | Unknown]:
    def read(tree: Tree, path: Path) -> Fact | Unknown:
        if _writes_inside(tree):
            return _HIDDEN_WRITE
        return _fact(kind, relation(tree["relation"], path))

    return read


def _create_table(tree: Tree, path: Path) -> Fact | Unknown:
    if tree["relation"].get("relpersistence") == "t":
        return _TEMPORARY["table"]
    return _fact(
        Kind.CREATE_TABLE,
        relation(tree["relation"], path),
        if_exists=bool(tree.get("if_not_exists")),
    )


def _truncate(tree: Tree, path: Path) -> Fact | Unknown:
    relations = tree.get("relations", [])
    if len(relations) != 1:
        return Fact(kind=Kind.OTHER, name="TRUNCATE of several tables")
    cascade = tree.get("behavior") == "DROP_CASCADE"
    return _fact(Kind.TRUNCATE, relation(relations[0]["RangeVar"], path), cascade=cascade)


def _select(tree: Tree, path: Path) -> Fact | Unknown:
    del path
    if "intoClause" in tree:
        return Unknown(reason="SELECT INTO makes a table from data")
    if _writes_inside(tree):
        return _HIDDEN_WRITE
    change = session.read("SelectStmt", tree)
    if change is not None:
        return _setting(change.name)
    return Fact(kind=Kind.SELECT, name=",".join(".".join(f) for f in trees.functions(tree)))


def _named(kind: Kind, key: str) -> Callable[[Tree, Path], Fact | Unknown]:
    def read(tree: Tree, path: Path) -> Fact | Unknown:
        del path
        value = tree.get(key, "")
        name = value if isinstance(value, str) else ".".join(trees.strings(value))
        return Fact(kind=kind, name=name, if_exists=bool(tree.get("if_not_exists")))

    return read


def _setting(name: str) -> Fact | Unknown:
    if not name or name in session.MEANINGFUL or name in session.HARMLESS:
        return Fact(kind=Kind.SET, name=name)
    return Unknown(reason=f"zdm cannot apply the setting {name} to the statements below it")


def _set(tree: Tree, path: Path) -> Fact | Unknown:
    del path
    if tree.get("kind") == "VAR_SET_VALUE" and session.read("VariableSetStmt", tree) is None:
        return Unknown(reason="the value of this setting is not a constant")
    return _setting(str(tree.get("name", "")).lower())


def _transaction(tree: Tree, path: Path) -> Fact | Unknown:
    del path
    kind = str(tree.get("kind", "")).removeprefix("TRANS_STMT_")
    if kind in _MARKS:
        return Fact(kind=Kind.TRANSACTION, name=kind)
    words = kind.replace("_", " ")
    return Unknown(reason=f"{words} undoes or postpones the statements above it")


def _schema(tree: Tree, path: Path) -> Fact | Unknown:
    if "schemaElts" in tree:
        return Unknown(reason="CREATE SCHEMA creates more than the schema")
    return _named(Kind.CREATE_SCHEMA, "schemaname")(tree, path)


def _view(tree: Tree, path: Path) -> Fact | Unknown:
    if tree["view"].get("relpersistence") == "t":
        return _TEMPORARY["view"]
    return _fact(Kind.CREATE_VIEW, relation(tree["view"], path))


def _create_as(tree: Tree, path: Path) -> Fact | Unknown:
    if tree.get("objtype") != "OBJECT_MATVIEW":
        return Unknown(reason="CREATE TABLE AS makes a table from data")
    there = bool(tree.get("if_not_exists"))
    return _fact(Kind.CREATE_VIEW, relation(tree["into"]["rel"], path), if_exists=there)


def _sequence(kind: Kind) -> Callable[[Tree, Path], Fact | Unknown]:
    def read(tree: Tree, path: Path) -> Fact | Unknown:
        if tree["sequence"].get("relpersistence") == "t":
            return _TEMPORARY["sequence"]
        name = relation(tree["sequence"], path)
        if isinstance(name, Unknown):
            return name
        return Fact(kind=kind, name=f"{name.schema}.{name.name}")

    return read


def _maintained(tree: Tree, path: Path) -> Fact | Unknown:
    """VACUUM, ANALYZE, CLUSTER, REINDEX: of one table, or of several, all, or an index."""
    nodes = [item["VacuumRelation"]["relation"] for item in tree.get("rels", [])]
    nodes += [tree["relation"]] if "relation" in tree else []
    if len(nodes) != 1 or tree.get("kind") == "REINDEX_OBJECT_INDEX":
        return Fact(kind=Kind.OTHER)
    return _fact(Kind.OTHER, relation(nodes[0], path))


def _grant(tree: Tree, path: Path) -> Fact | Unknown:
    objects = tree.get("objects", [])
    if tree.get("objtype") == "OBJECT_TABLE" and len(objects) == 1 and "RangeVar" in objects[0]:
        return _fact(Kind.GRANT, relation(objects[0]["RangeVar"], path))
    return Fact(kind=Kind.GRANT)


def _schema_move(tree: Tree, path: Path) -> Fact | Unknown:
    if tree.get("objectType") == "OBJECT_TABLE" and "relation" in tree:
        return _fact(
            Kind.SET_SCHEMA,
            relation(tree["relation"], path),
            new_name=folded(tree["newschema"]),
            if_exists=bool(tree.get("missing_ok")),
        )
    return Fact(kind=Kind.OTHER, name="SET SCHEMA")


_STATEMENTS: Mapping[str, Callable[[Tree, Path], Fact | Unknown]] = {
    "AlterTableStmt": _named(Kind.OTHER, "objtype"),  # of an index, view, sequence …
    "RenameStmt": _rename,
    "IndexStmt": _index,
    "DropStmt": _drop,
    "CreateStmt": _create_table,
    "InsertStmt": _on_relation(Kind.INSERT),
    "UpdateStmt": _on_relation(Kind.UPDATE),
    "DeleteStmt": _on_relation(Kind.DELETE),
    "TruncateStmt": _truncate,
    "SelectStmt": _select,
    "CommentStmt": _comment,
    "CreateTrigStmt": _part(Kind.CREATE_TRIGGER, "relation", "trigname"),
    "ViewStmt": _view,
    "CreateSeqStmt": _sequence(Kind.CREATE_SEQUENCE),
    "AlterSeqStmt": _sequence(Kind.ALTER_SEQUENCE),
    **dict.fromkeys(_TYPES, _named(Kind.CREATE_TYPE, "typeName")),
    "AlterEnumStmt": _named(Kind.ALTER_TYPE, "typeName"),
    "CreateDomainStmt": _named(Kind.CREATE_DOMAIN, "domainname"),
    "CreateExtensionStmt": _named(Kind.CREATE_EXTENSION, "extname"),
    "CreateSchemaStmt": _schema,
    "CreateFunctionStmt": _named(Kind.CREATE_FUNCTION, "funcname"),
    "GrantStmt": _grant,
    "CreateStatsStmt": _statistics,
    **dict.fromkeys(_POLICIES, _part(Kind.OTHER, "table", "policy_name")),
    **dict.fromkeys(_PUBLICATIONS, _named(Kind.OTHER, "pubname")),
    "AlterObjectSchemaStmt": _schema_move,
    "AlterDomainStmt": _named(Kind.OTHER, "typeName"),
    "AlterOwnerStmt": _named(Kind.OTHER, "objectType"),
    "VariableSetStmt": _set,
    "TransactionStmt": _transaction,
    "CreateTableAsStmt": _create_as,
    "RefreshMatViewStmt": _on_relation(Kind.OTHER),
    **dict.fromkeys(("VacuumStmt", "ClusterStmt", "ReindexStmt"), _maintained),
    "NotifyStmt": _named(Kind.OTHER, "conditionname"),
}
