"""What each statement leaves in the schema: the only place that knows it.

Pure, and asked for refused statements as well as for planned ones, so that what follows is
judged on the right schema. Relations, columns, constraints, indexes, enum labels and the names
that PostgreSQL chooses are known. Texts of expressions, columns of views, what extensions and
DO blocks make are not: then `Snapshot.opaque` or `Table.opaque` is set, and what is missing
there may exist. A statement that the server would refuse leaves the schema as it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from zdm.model.schema import Snapshot
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import (
    ChangeEnum,
    CommentOn,
    CreateObject,
    CreateTable,
    CreateTableAs,
    DropObjects,
    RenameObject,
)
from zdm.schema import columns, constraints, indexes, objects, tables

_Effect = Callable[[Snapshot, Action], Snapshot]
_OF_ROWS = frozenset(
    {
        ActionKind.INSERT,
        ActionKind.UPDATE,
        ActionKind.DELETE,
        ActionKind.TRUNCATE,
        ActionKind.SELECT,
        ActionKind.SET,
        ActionKind.TRANSACTION,
        ActionKind.GRANT,
        ActionKind.ALTER_SEQUENCE,
        ActionKind.VALIDATE_CONSTRAINT,
    }
)


def apply(snapshot: Snapshot, action: Action) -> Snapshot:
    """The Snapshot after the Action."""
    found = _BY_STATEMENT.get(type(action.said))
    if found is not None:
        return found(snapshot, action)
    if not isinstance(action.fact, Fact):
        return replace(snapshot, opaque=True)
    effect = _BY_KIND.get(action.fact.kind)
    if effect is None:
        if action.fact.kind in _OF_ROWS:
            return snapshot
        return replace(snapshot, opaque=True)
    return effect(snapshot, action)


_BY_STATEMENT: Mapping[type, _Effect] = {
    CreateTable: tables.create,
    CreateTableAs: tables.create_as,
    CreateObject: objects.create,
    DropObjects: objects.drop,
    RenameObject: objects.rename,
    ChangeEnum: objects.change_enum,
    CommentOn: objects.comment,
}
_BY_KIND: Mapping[ActionKind, _Effect] = {
    ActionKind.ADD_COLUMN: columns.add,
    ActionKind.DROP_COLUMN: columns.drop,
    ActionKind.CHANGE_TYPE: columns.change_type,
    ActionKind.SET_DEFAULT: columns.set_default,
    ActionKind.DROP_DEFAULT: columns.set_default,
    ActionKind.SET_NOT_NULL: columns.set_not_null,
    ActionKind.DROP_NOT_NULL: columns.drop_not_null,
    ActionKind.ADD_CONSTRAINT: constraints.add,
    ActionKind.DROP_CONSTRAINT: constraints.drop,
    ActionKind.VALIDATE_CONSTRAINT: constraints.validate,
    ActionKind.CREATE_INDEX: indexes.create,
    ActionKind.SET_SCHEMA: tables.set_schema,
    ActionKind.CREATE_TRIGGER: tables.create_trigger,
    ActionKind.ALTER_TABLE_OTHER: tables.other,
}
