"""What ADD GENERATED … AS IDENTITY, SET of options and DROP IDENTITY say, and the first with
another kind, or for the column that an ADD COLUMN makes one."""

from collections.abc import Mapping
from typing import Any

from zdm.model.commands import AlterSequence
from zdm.model.schema import Name
from zdm.model.statement import Action
from zdm.model.syntax import ConstraintDefinition, RelationName, SequenceOptions
from zdm.parse.objects import settings
from zdm.parse.readers import new_objects

_Tree = Mapping[str, Any]
_WHEN = {"always": "a", "by default": "d"}


def options(action: Action) -> frozenset[str]:
    """The options of the sequence, as the parser names them: `start`, `sequence_name` …"""
    return _named(action.tree.get("def", {}).get("Constraint", {}))


def of_column(said: ConstraintDefinition) -> frozenset[str]:
    """The same of the column of an ADD COLUMN."""
    return _named(_tree(said))


def sequence(said: ConstraintDefinition) -> SequenceOptions:
    """The options of its sequence."""
    return new_objects.sequence_options(_tree(said))


def added(said: ConstraintDefinition, table: Name, column: str) -> str:
    """ADD GENERATED for the column, once it is there."""
    command: _Tree = {
        "subtype": "AT_AddIdentity",
        "name": column,
        "def": {"Constraint": _tree(said)},
        "behavior": "DROP_RESTRICT",
    }
    return settings.written(command, table)


def _tree(said: ConstraintDefinition) -> _Tree:
    if said.definition is None:
        raise TypeError(f"the {said.kind} was not read from a statement")
    return said.definition.tree


def _named(constraint: _Tree) -> frozenset[str]:
    return frozenset(item["DefElem"]["defname"] for item in constraint.get("options", []))


def of_kind(action: Action, kind: str) -> _Tree:
    """The sub-command for an identity of that kind: always, by default."""
    says = action.tree["def"]["Constraint"]
    said = {**says, "generated_when": _WHEN[kind]}
    return {**action.tree, "def": {"Constraint": said}}


def altered(action: Action, sequence: Name) -> AlterSequence:
    """SET INCREMENT, CACHE … of the column, as the ALTER SEQUENCE that it means."""
    tree = {"options": action.tree.get("def", {}).get("List", {}).get("items", [])}
    return AlterSequence(
        sequence=RelationName(schema=sequence.schema, name=sequence.name),
        options=new_objects.sequence_options(tree),
        restarts=new_objects.is_restarted(tree),
    )


def passes_over(action: Action) -> bool:
    """Whether DROP IDENTITY or DROP EXPRESSION says IF EXISTS."""
    return bool(action.tree.get("missing_ok"))
