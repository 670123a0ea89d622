"""What a statement about a table that the train itself made leaves in the Snapshot.

Later statements of the train are recognised on it, so names and columns must be right; the
rest may be left out, because nothing on such a table needs care.
"""

from collections.abc import Callable
from dataclasses import replace

from zdm.model.schema import Index, Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import AddColumn, AddConstraint, ChangeType, CommentOn, IndexDefinition
from zdm.schema import default_name, edits, new_table, type_names

_Effect = Callable[[Snapshot, Table, Fact, Action], Snapshot]


def after(snapshot: Snapshot, action: Action) -> Snapshot:
    """The Snapshot after the Action."""
    fact = action.fact
    if not isinstance(fact, Fact) or fact.table is None:
        return snapshot
    table = snapshot.table(fact.table)
    effect = _EFFECTS.get(fact.kind)
    if table is None or effect is None:
        return snapshot
    return effect(snapshot, table, fact, action)


def _add_column(snapshot: Snapshot, table: Table, fact: Fact, action: Action) -> Snapshot:
    if table.column(fact.name) is not None or not isinstance(action.said, AddColumn):
        return snapshot
    return new_table.column_after(snapshot, table.name, action.said.column)


def _drop_column(snapshot: Snapshot, table: Table, fact: Fact, _: Action) -> Snapshot:
    return edits.drop_column(snapshot, table.name, fact.name)


def _change_type(snapshot: Snapshot, table: Table, fact: Fact, action: Action) -> Snapshot:
    column = table.column(fact.name)
    says = action.said
    if column is None or not isinstance(says, ChangeType):
        return snapshot
    text = type_names.canonical(says.type, snapshot, action.statement.settings)
    return edits.put_column(snapshot, table.name, replace(column, type=text))


def _not_null(snapshot: Snapshot, table: Table, fact: Fact, _: Action) -> Snapshot:
    column = table.column(fact.name)
    if column is None:
        return snapshot
    wanted = fact.kind is ActionKind.SET_NOT_NULL
    return edits.put_column(snapshot, table.name, replace(column, not_null=wanted))


def _rename_column(snapshot: Snapshot, table: Table, fact: Fact, _: Action) -> Snapshot:
    def new(name: str) -> str:
        return fact.new_name if name == fact.name else name

    renamed = replace(
        table,
        columns=tuple(replace(c, name=new(c.name)) for c in table.columns),
        constraints=tuple(
            replace(c, columns=tuple(map(new, c.columns))) for c in table.constraints
        ),
        indexes=tuple(
            replace(
                i,
                columns=tuple(map(new, i.columns)),
                keys=tuple(new(k) if k else k for k in i.keys),
            )
            for i in table.indexes
        ),
    )
    return edits.put_table(snapshot, renamed)


def _add_constraint(snapshot: Snapshot, table: Table, _: Fact, action: Action) -> Snapshot:
    if not isinstance(action.said, AddConstraint):
        return snapshot
    says = action.said.constraint
    return new_table.add_constraint(snapshot, table.name, says, says.columns)


def _drop_constraint(snapshot: Snapshot, table: Table, fact: Fact, _: Action) -> Snapshot:
    return edits.drop_constraint(snapshot, table.name, fact.name)


def _create_index(snapshot: Snapshot, table: Table, fact: Fact, action: Action) -> Snapshot:
    says = action.said
    if not isinstance(says, IndexDefinition):
        return snapshot
    index = Index(
        name=fact.name or default_name.chosen(says, table.name, snapshot) or "",
        definition="",
        keys=tuple(e.column or None for e in says.elements),
        columns=tuple(dict.fromkeys(e.column for e in says.elements if e.column)),
        unique=says.unique,
    )
    return edits.put_index(snapshot, table.name, index)


def _move(snapshot: Snapshot, table: Table, fact: Fact, _: Action) -> Snapshot:
    if fact.kind is ActionKind.RENAME_TABLE:
        name = Name(table.name.schema, fact.new_name)
    else:
        name = Name(fact.new_name, table.name.name)
    moved = edits.drop_table(snapshot, table.name)
    return edits.put_table(moved, replace(table, name=name))


def _drop_table(snapshot: Snapshot, table: Table, _: Fact, action: Action) -> Snapshot:
    del action
    return edits.drop_table(snapshot, table.name)


def _comment(snapshot: Snapshot, table: Table, _: Fact, action: Action) -> Snapshot:
    says = action.said
    if not isinstance(says, CommentOn) or says.kind != "table":
        return snapshot
    return edits.put_table(snapshot, replace(table, comment=says.text))


_EFFECTS: dict[ActionKind, _Effect] = {
    ActionKind.ADD_COLUMN: _add_column,
    ActionKind.DROP_COLUMN: _drop_column,
    ActionKind.CHANGE_TYPE: _change_type,
    ActionKind.SET_NOT_NULL: _not_null,
    ActionKind.DROP_NOT_NULL: _not_null,
    ActionKind.RENAME_COLUMN: _rename_column,
    ActionKind.ADD_CONSTRAINT: _add_constraint,
    ActionKind.DROP_CONSTRAINT: _drop_constraint,
    ActionKind.CREATE_INDEX: _create_index,
    ActionKind.RENAME_TABLE: _move,
    ActionKind.SET_SCHEMA: _move,
    ActionKind.DROP_TABLE: _drop_table,
    ActionKind.COMMENT: _comment,
}
