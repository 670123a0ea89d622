"""What an Action says, as values: one reader for each kind of node.

Everything that recipes and operations know of a statement beyond its Fact is read here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from zdm.model.commands import Command
from zdm.model.expression import Expression, Words
from zdm.model.syntax import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    Assignment,
    ChangeType,
    CommentOn,
    CreateTable,
    CreateTableAs,
    Insert,
    Like,
    Other,
    Read,
    Said,
    SetDefault,
    Update,
)
from zdm.parse import expressions, trees, types
from zdm.parse.readers import changed_objects, commands, definitions, new_objects, relations

_Tree = Mapping[str, Any]
_WRITES = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
_COMMENTED = {
    "OBJECT_TABLE": "table",
    "OBJECT_COLUMN": "column",
    "OBJECT_TABCONSTRAINT": "constraint",
    "OBJECT_TRIGGER": "trigger",
    "OBJECT_INDEX": "index",
    "OBJECT_VIEW": "view",
    "OBJECT_MATVIEW": "view",
    "OBJECT_SEQUENCE": "sequence",
    "OBJECT_POLICY": "policy",
    "OBJECT_RULE": "rule",
}
_LIKE = (  # in the order of their bits
    "comments",
    "compression",
    "constraints",
    "defaults",
    "generated",
    "identity",
    "indexes",
    "statistics",
    "storage",
)
_COLUMN_COMMANDS = frozenset(  # which their Fact tells whole
    {
        "AT_DropColumn",
        "AT_SetNotNull",
        "AT_DropNotNull",
        "AT_DropConstraint",
        "AT_ValidateConstraint",
    }
)
_BESIDE = ("fromClause", "withClause", "returningList", "returningClause")


def read(node: str, tree: _Tree) -> Said | Command:
    """The value of one node: a sub-command of ALTER TABLE, or a whole statement."""
    reader = _READERS.get(node)
    return Other() if reader is None else reader(tree)


def writes(tree: _Tree) -> bool:
    """Whether the tree holds a statement that changes rows."""
    return any(key in _WRITES for key, _ in trees.walk({"root": tree}))


def _command(tree: _Tree) -> Said | Command:
    column = str(tree.get("name", ""))
    match tree.get("subtype"):
        case "AT_AddColumn":
            return AddColumn(column=definitions.column(tree["def"]["ColumnDef"]))
        case "AT_AddConstraint":
            return AddConstraint(constraint=definitions.constraint(tree["def"]["Constraint"]))
        case "AT_AlterColumnType":
            return _type_change(column, tree["def"]["ColumnDef"])
        case "AT_ColumnDefault":
            found = tree.get("def")
            return SetDefault(
                column=column, expression=None if found is None else Expression(found)
            )
        case subtype if subtype not in _COLUMN_COMMANDS:
            return commands.change(tree)
    return AlterColumn()


def _type_change(column: str, definition: _Tree) -> ChangeType:
    using = definition.get("raw_default")
    return ChangeType(
        column=column,
        type=types.read(definition["typeName"]),
        using=None if using is None else Expression(using),
        collation=definitions.collation(definition),
    )


def _create_table(tree: _Tree) -> CreateTable:
    elements = tree.get("tableElts", [])
    columns = tuple(definitions.column(e["ColumnDef"]) for e in elements if "ColumnDef" in e)
    own = tuple(definitions.constraint(e["Constraint"]) for e in elements if "Constraint" in e)
    left, right = iter(columns), iter(own)
    return CreateTable(
        table=relations.read(tree["relation"]),
        columns=columns,
        constraints=own,
        elements=tuple(
            next(left) if "ColumnDef" in e else next(right)
            for e in elements
            if e.keys() & {"ColumnDef", "Constraint"}
        ),
        likes=tuple(_like(e["TableLikeClause"]) for e in elements if "TableLikeClause" in e),
        parents=tuple(relations.read(p["RangeVar"]) for p in tree.get("inhRelations", [])),
        bound=commands.bound(tree["partbound"]) if "partbound" in tree else None,
        is_partitioned="partspec" in tree,
        partition_columns=_partition_columns(tree),
        by_expression=any("expr" in key for key in _partition_keys(tree)),
    )


def _partition_keys(tree: _Tree) -> list[_Tree]:
    return [k["PartitionElem"] for k in tree.get("partspec", {}).get("partParams", [])]


def _partition_columns(tree: _Tree) -> tuple[str, ...]:
    keys = _partition_keys(tree)
    named = [key["name"] for key in keys if "name" in key]
    inside = [
        c for k in keys if "expr" in k for c in expressions.columns(Expression(k["expr"]))
    ]
    return tuple(dict.fromkeys([*named, *inside]))


def _like(tree: _Tree) -> Like:
    options = int(tree.get("options", 0))
    including = {word for bit, word in enumerate(_LIKE) if options & 1 << bit}
    return Like(relation=relations.read(tree["relation"]), including=frozenset(including))


def _create_table_as(tree: _Tree) -> Said:
    if tree.get("objtype") == "OBJECT_TABLE":
        return CreateTableAs(
            table=relations.read(tree["into"]["rel"]), query=Expression(tree["query"])
        )
    return new_objects.read("CreateTableAsStmt", tree)


def _update(tree: _Tree) -> Update:
    targets = [item["ResTarget"] for item in tree.get("targetList", [])]
    where = tree.get("whereClause")
    return Update(
        table=relations.read(tree["relation"]),
        assignments=tuple(
            Assignment(
                column=target["name"],
                value=Expression(target["val"]),
                plain="indirection" not in target,
            )
            for target in targets
        ),
        where=None if where is None else Expression(where),
        plain=not any(tree.get(key) for key in _BESIDE),
        features=expressions.features_of(tree),
    )


def _insert(tree: _Tree) -> Insert:
    source = tree.get("selectStmt")
    conflict = tree.get("onConflictClause", {}).get("action", "")
    return Insert(
        table=relations.read(tree["relation"]),
        columns=tuple(item["ResTarget"]["name"] for item in tree.get("cols", [])),
        written_out=source is None or bool(source.get("SelectStmt", {}).get("valuesLists")),
        on_conflict={"ONCONFLICT_UPDATE": "update", "ONCONFLICT_NOTHING": "nothing"}.get(
            conflict, ""
        ),
    )


def _comment(tree: _Tree) -> CommentOn:
    found: Words = trees.strings(tree.get("object", {}).get("List", {}).get("items", []))
    return CommentOn(
        kind=_COMMENTED.get(tree.get("objtype", ""), ""),
        words=found,
        text=tree.get("comment"),
    )


def _select(tree: _Tree) -> Read:
    into = any("intoClause" in node for _, node in trees.walk({"root": tree}))
    locking = any(
        key == "lockingClause" for _, node in trees.walk({"root": tree}) for key in node
    )
    return Read(query=Expression(tree), into=into, writes=writes(tree), locking=locking)


_READERS: Mapping[str, Callable[[_Tree], Said | Command]] = {
    **commands.READERS,
    "AlterTableCmd": _command,
    "CreateStmt": _create_table,
    "CreateTableAsStmt": _create_table_as,
    "IndexStmt": definitions.index,
    "UpdateStmt": _update,
    "InsertStmt": _insert,
    "CommentStmt": _comment,
    "SelectStmt": _select,
    "CreateTrigStmt": new_objects.trigger,
    "DropStmt": changed_objects.drop,
    "RenameStmt": changed_objects.rename,
    "AlterEnumStmt": changed_objects.enum,
    **{node: new_objects.reader(node) for node in new_objects.NODES},
}
