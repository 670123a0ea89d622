"""A label is added to an enum type, and what speaks against a change of one.

ADD VALUE locks no table and is allowed in a transaction, but the label is usable only after its
commit (12-18; 55P04, measured). There is no way to remove it: what stays after a rollback is a
label that no row has.
"""

from collections.abc import Iterator

from msgspec import Struct

from zdm.model.operation import Context
from zdm.model.plan import BOTH, EnumLabel, Irreversible, Phase, RunSql
from zdm.model.schema import Name, Snapshot, Type
from zdm.model.sql import MAX_NAME_BYTES, literal
from zdm.model.statement import Action
from zdm.model.syntax import ChangeEnum
from zdm.parse import emit
from zdm.parse.emit import Constant, Part, Qualified
from zdm.recipes import run_sql
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes
from zdm.schema import enums, lookup

SHOWN = 5  # users of a type that are named
_STAYS = "PostgreSQL cannot remove a label; a version that does not write it never meets it"


class Label(Struct, frozen=True, kw_only=True):
    """A label to add, and where: after or before a neighbour, or at the end."""

    name: str
    neighbour: str = ""
    after: bool = True


def add(slug: str, enum: Type, label: Label, context: Context) -> RunSql:
    """The step that adds it, before the rollout."""
    parts: dict[str, Part] = {"n": Qualified(enum.name), "l": Constant(label.name)}
    place = ""
    if label.neighbour:
        place = f" {'AFTER' if label.after else 'BEFORE'} {{o}}"
        parts["o"] = Constant(label.neighbour)
    # a type of this train goes with the undo of its CREATE
    stays = Irreversible(reason=_STAYS, label=EnumLabel(type=enum.name, label=label.name))
    return run_sql.short_transaction(
        Owned(operation=slug, origin=context.origin),
        id=f"{enum.name}-{label.name}-add",
        phase=Phase.EXPAND,
        title=f"add {literal(label.name).strip()} to {enum.name}",
        sql=(emit.sql(f"ALTER TYPE {{n}} ADD VALUE IF NOT EXISTS {{l}}{place}", **parts),),
        locks=(),
        probe=probes.probe(probes.enum_label(enum.name, label.name)),
        undo=() if enum.created else stays,
        serves=BOTH,
        reason="Catalog only: no table is locked. A statement can use the label once this"
        " transaction is committed.",
    )


def hazards(
    enum: Name, labels: tuple[str, ...], snapshot: Snapshot
) -> Iterator[tuple[str, str]]:
    """What the old version may meet."""
    users = enums.users(snapshot, enum)
    if not users or not labels:
        return
    several = len(labels) > 1
    names = ", ".join(literal(label).strip() for label in labels)
    yield (
        f"the old version does not know the label{'s' * several} {names} of {enum}"
        f" ({shown(users)}): it may fail on the first row that the new version writes with"
        f" {'one of them' if several else 'it'}, also after a rollback",
        "deploy a version that reads the label first; or let the new version write it only"
        " when the old version is gone",
    )


def shown(users: tuple[str, ...]) -> str:
    """The first of them."""
    more = f" and {len(users) - SHOWN} more" if len(users) > SHOWN else ""
    return f"{', '.join(users[:SHOWN])}{more}"


def problem(said: ChangeEnum, action: Action, snapshot: Snapshot) -> tuple[str, str] | None:
    """Why PostgreSQL refuses the statement, and the remedy."""
    enum = enums.found(said.words, snapshot, action.statement.settings)
    if enum is None:
        return _unknown(said, action, snapshot)
    if enum.kind != "enum":
        return (
            f"{enum.name} is a {enum.kind}, not an enum, so this statement would fail",
            "name the enum type, or remove the statement",
        )
    return _wrong_label(said, enum)


def _unknown(said: ChangeEnum, action: Action, snapshot: Snapshot) -> tuple[str, str]:
    name = lookup.made(lookup.relation(said.words), snapshot, action.statement.settings)
    if snapshot.opaque:
        return (
            f"whether the type {name} exists is unknown after {snapshot.opaque}, whose effect"
            " zdm cannot see",
            "move it to a revision that is planned after this train is contracted",
        )
    return (
        f"there is no type {name} in the schema, so this statement would fail",
        "correct the name, or make a new snapshot of the database",
    )


def _wrong_label(said: ChangeEnum, enum: Type) -> tuple[str, str] | None:
    if len(said.label.encode()) > MAX_NAME_BYTES:
        return (
            f"the label {literal(said.label).strip()} is longer than {MAX_NAME_BYTES} bytes, so"
            " this statement would fail",
            "choose a shorter label",
        )
    if said.label in enum.labels and said.former:
        return (
            f"{enum.name} already has the label {literal(said.label).strip()}, so this"
            " statement would fail",
            "remove the statement",
        )
    if said.label in enum.labels and not said.if_not_exists:
        return (
            f"{enum.name} already has the label {literal(said.label).strip()}, so this"
            " statement would fail; a rollback of zdm leaves labels that its run added",
            "write ADD VALUE IF NOT EXISTS, or remove the statement",
        )
    there = said.former or said.neighbour
    if there and there not in enum.labels and said.label not in enum.labels:
        return (
            f"{enum.name} has no label {literal(there).strip()}, so this statement would fail",
            f"use one of {', '.join(literal(label).strip() for label in enum.labels)}",
        )
    return None
