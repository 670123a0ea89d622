"""What each statement leaves in the schema: the only place that knows it.

Pure, and asked for refused statements as well as for planned ones, so that what follows is
judged on the right schema. Relations, columns, constraints, indexes, enum labels and the names
that PostgreSQL chooses are known. Texts of expressions, columns of views, what extensions and
DO blocks make are not: then `Snapshot.opaque` or `Table.opaque` is set, and what is missing
there may exist. A statement that the server would refuse leaves the schema as it is.
"""

from collections.abc import Callable, Mapping

from zdm.model.commands import (
    AlterDomain,
    AlterRelation,
    AlterSequence,
    AlterTable,
    Change,
    NoRelation,
    SetSchema,
    Work,
    WorkOn,
)
from zdm.model.schema import Snapshot, Volatility
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import (
    ChangeEnum,
    CommentOn,
    CreateObject,
    CreateTable,
    CreateTableAs,
    CreateTrigger,
    DropObjects,
    Read,
    RenameObject,
)
from zdm.parse import expressions
from zdm.schema import edits, rights
from zdm.schema.effects import (
    columns,
    comments,
    constraints,
    drops,
    indexes,
    objects,
    owners,
    parents,
    policies,
    publications,
    renames,
    settings,
    statistics,
    tables,
)

_Effect = Callable[[Snapshot, Action], Snapshot]


def apply(snapshot: Snapshot, action: Action) -> Snapshot:
    """The Snapshot after the Action."""
    effect = _BY_STATEMENT.get(type(action.said))
    if effect is None and isinstance(action.fact, Fact):
        effect = _BY_KIND.get(action.fact.kind)
    return edits.unknown(snapshot, action) if effect is None else effect(snapshot, action)


def _nothing(snapshot: Snapshot, _action: Action) -> Snapshot:
    return snapshot


def _read(snapshot: Snapshot, action: Action) -> Snapshot:
    """A SELECT changes the schema only by INTO, or by a function that does."""
    said = action.said
    if not isinstance(said, Read) or said.into:
        return edits.unknown(snapshot, action)
    own = {f.name.name for f in snapshot.functions if f.volatility is Volatility.VOLATILE}
    called = {words[-1] for words in expressions.functions(said.query)}
    return edits.unknown(snapshot, action) if own & called else snapshot


def _alter(snapshot: Snapshot, action: Action) -> Snapshot:
    """A sub-command of ALTER TABLE; most keep every name, type and NOT NULL."""
    change = action.said.change if isinstance(action.said, AlterTable) else Change.OTHER
    if change is Change.OTHER:
        return edits.unknown(snapshot, action)
    return _BY_CHANGE.get(change, _nothing)(snapshot, action)


def _set_identity(snapshot: Snapshot, action: Action) -> Snapshot:
    """The kind of the identity, and the options of its sequence."""
    return objects.change_sequence(columns.change_identity(snapshot, action), action)


def _alter_relation(snapshot: Snapshot, action: Action) -> Snapshot:
    """ALTER INDEX, VIEW, SEQUENCE … ; a foreign table gets columns as tables do."""
    said = action.said
    foreign = isinstance(said, AlterRelation) and said.kind == "foreign table"
    return edits.unknown(snapshot, action) if foreign else owners.change(snapshot, action)


def _work(snapshot: Snapshot, action: Action) -> Snapshot:
    """Of what is done with whole relations, rights and policies are part of the schema."""
    work = action.said.work if isinstance(action.said, WorkOn) else None
    if work is Work.POLICY:
        return policies.create(snapshot, action)
    if work is Work.CREATE_STATISTICS:
        return statistics.create(snapshot, action)
    if work is Work.PUBLICATION:
        return publications.create(snapshot, action)
    return rights.apply(snapshot, action) if work in _GRANTS else snapshot


_GRANTS = frozenset({Work.GRANT, Work.GRANT_IN_SCHEMA})


def _no_relation(snapshot: Snapshot, action: Action) -> Snapshot:
    if isinstance(action.said, NoRelation) and action.said.statement in ("GRANT", "REVOKE"):
        return rights.apply(snapshot, action)
    makes = isinstance(action.said, NoRelation) and action.said.makes
    return edits.unknown(snapshot, action) if makes else owners.change(snapshot, action)


_BY_STATEMENT: Mapping[type, _Effect] = {
    CreateTable: tables.create,
    CreateTableAs: tables.create_as,
    CreateTrigger: tables.create_trigger,
    CreateObject: objects.create,
    DropObjects: drops.drop,
    RenameObject: renames.rename,
    SetSchema: renames.move,
    ChangeEnum: objects.change_enum,
    AlterSequence: objects.change_sequence,
    CommentOn: comments.comment,
    AlterTable: _alter,
    AlterRelation: _alter_relation,
    AlterDomain: _nothing,
    WorkOn: _work,
    NoRelation: _no_relation,
    Read: _read,
}
_BY_CHANGE: Mapping[Change, _Effect] = {
    Change.ADD_IDENTITY: columns.change_identity,
    Change.SET_IDENTITY: _set_identity,
    Change.DROP_IDENTITY: columns.change_identity,
    Change.DROP_EXPRESSION: columns.drop_expression,
    Change.INHERIT: parents.change,
    Change.NO_INHERIT: parents.change,
    Change.ATTACH_PARTITION: parents.change,
    Change.DETACH_PARTITION: parents.change,
    Change.REPLICA_IDENTITY: tables.replica_identity,
    Change.TRIGGER: tables.toggle_trigger,
    Change.ROW_SECURITY: policies.secure,
    Change.SET_OPTIONS: settings.apply,
    Change.SET_STATISTICS: settings.apply,
    Change.SET_STORAGE: settings.apply,
    Change.SET_COMPRESSION: settings.apply,
    Change.SET_COLUMN_OPTIONS: settings.apply,
    Change.CLUSTER_ON: settings.apply,
    Change.OWNER: owners.change,
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
    ActionKind.INSERT: _nothing,
    ActionKind.UPDATE: _nothing,
    ActionKind.DELETE: _nothing,
}
