"""Functions and procedures by name and types of arguments."""

from dataclasses import replace

from zdm.model.expression import TypeName
from zdm.model.schema import Function, Name, Snapshot
from zdm.model.statement import Setting
from zdm.model.syntax import DropObjects
from zdm.parse import facts
from zdm.schema import type_names

Arguments = tuple[TypeName, ...] | None  # None: not written


def named(
    snapshot: Snapshot,
    name: Name,
    arguments: Arguments,
    settings: tuple[Setting, ...] = (),
) -> tuple[Function, ...]:
    """Those of the name, and of these arguments where they are given."""
    found = tuple(f for f in snapshot.functions if f.name == name)
    if arguments is None:
        return found
    wanted = tuple(type_names.canonical(_bare(a), snapshot, settings) for a in arguments)
    return tuple(f for f in found if _types(f, snapshot) == wanted)


def _types(function: Function, snapshot: Snapshot) -> tuple[str, ...]:
    (action,) = facts.of_step(f"DROP FUNCTION x({function.arguments})", (), ("public",))
    if not isinstance(action.said, DropObjects):
        return ()
    (arguments,) = action.said.arguments
    return tuple(type_names.canonical(_bare(a), snapshot) for a in arguments or ())


def _bare(argument: TypeName) -> TypeName:
    """A length is no part of an argument's type."""
    return replace(argument, modifiers=(), has_modifiers=False)
