"""A right that a role does not get: one that a trigger of the train needs of who fires it, or
USAGE of the schema to which an object moves.

Rights are checked against what all statements of the train leave, as a GRANT may follow the
trigger.
"""

from collections.abc import Iterator, Sequence

from zdm.model.catalog.indexed import named
from zdm.model.commands import SetSchema
from zdm.model.findings import Finding
from zdm.model.schema import Function, Name, Snapshot, Table, View
from zdm.model.sql import ident
from zdm.model.statement import Action, ActionKind, Fact
from zdm.parse.objects import rights
from zdm.planning.classify import Placed
from zdm.recipes.access import fired_rights, usable
from zdm.recipes.access.fired_rights import Lack
from zdm.recipes.reading import refuse, statements
from zdm.schema import lookup, routines

_MAKES = frozenset({ActionKind.CREATE_TRIGGER, ActionKind.CREATE_FUNCTION})


def conflicts(placed: Sequence[Placed], after: Snapshot) -> Iterator[Finding]:
    """Each right that a role lacks; `after` is the schema that the train leaves."""
    actions = [action for place in placed for action in place.actions]
    given = frozenset(_usages(actions))
    for place in placed:
        yield from _moved(place, given)
    makes = [a for a in actions if isinstance(a.fact, Fact) and a.fact.kind in _MAKES]
    if not makes:
        return
    for lack in fired_rights.lacking(after, given):
        naming = [a for a in makes if lack.function.name in statements.words(a)]
        yield _finding((naming or makes)[-1], lack)


def _moved(place: Placed, given: frozenset[tuple[str, str]]) -> Iterator[Finding]:
    """Who uses an object in its former schema, and could not in the other."""
    action, snapshot = place.actions[0], place.context.snapshot
    said = action.said
    if not isinstance(said, SetSchema) or action.statement.vouched:
        return
    one = _meant(action, said, snapshot)
    if one is None:
        return
    mine = frozenset(role for schema, role in given if schema == said.schema)
    lack = tuple(usable.without_usage(one, said.schema, snapshot, mine))
    if lack:
        yield _unusable(action, one.name, said.schema, lack)


def _meant(
    action: Action, said: SetSchema, snapshot: Snapshot
) -> Table | View | Function | None:
    """What is in use and moves."""
    settings, relation = action.statement.settings, lookup.relation(said.words)
    if said.kind == "function":
        names = lookup.Names(snapshot.functions)
        name = lookup.among(relation, names, snapshot, settings)
        found = routines.named(snapshot, name, said.arguments, settings)
        return found[0] if found else None
    name = lookup.found(relation, snapshot, settings)
    table = snapshot.table(name)
    if table is not None:
        return None if table.created else table
    return next(iter(named(snapshot.views, name)), None)


def _unusable(action: Action, name: Name, schema: str, lack: tuple[str, ...]) -> Finding:
    who = ", ".join(role or "PUBLIC" for role in lack)
    to = ", ".join(ident(role) if role else "PUBLIC" for role in lack)
    return refuse.finding(
        action,
        "right_missing",
        f"{who} can use {name} now, and has no USAGE on schema {schema}, so each statement of"
        " the new version that names it there would fail",
        f"write `GRANT USAGE ON SCHEMA {ident(schema)} TO {to};` in this migration",
    )


def _usages(actions: Sequence[Action]) -> Iterator[tuple[str, str]]:
    """Schemas, and the roles to which the train gives USAGE of them."""
    for action in actions:
        said = rights.read(action)
        if said is None or said.revokes or said.kind != "schema":
            continue
        if not said.privileges or {"USAGE", "ALL"} & {p for p, _ in said.privileges}:
            for one in said.objects:
                for role in said.roles:
                    yield one.words[-1], "" if role == rights.PUBLIC else role


def _finding(action: Action, lack: Lack) -> Finding:
    role = lack.role or "PUBLIC"
    return refuse.finding(
        action,
        "right_missing",
        f"{lack.function} has the rights of the role that writes {lack.table}, and {role} has"
        f" no {lack.right} on {lack.of}, so each of its writes that fires the trigger would"
        " fail",
        f"write `{lack.grant};` in this migration; or make the function SECURITY DEFINER, with"
        " SET search_path",
    )
