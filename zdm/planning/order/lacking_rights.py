"""A trigger of the train that needs a right which a role that fires it does not get.

Rights are checked against what all statements of the train leave, as a GRANT may follow the
trigger.
"""

from collections.abc import Iterator, Sequence

from zdm.model.findings import Finding
from zdm.model.schema import Snapshot
from zdm.model.statement import Action, ActionKind, Fact
from zdm.parse.objects import rights
from zdm.planning.classify import Placed
from zdm.recipes.access import fired_rights
from zdm.recipes.access.fired_rights import Lack
from zdm.recipes.reading import refuse, statements

_MAKES = frozenset({ActionKind.CREATE_TRIGGER, ActionKind.CREATE_FUNCTION})


def conflicts(placed: Sequence[Placed], after: Snapshot) -> Iterator[Finding]:
    """Each right that a role lacks; `after` is the schema that the train leaves."""
    actions = [action for place in placed for action in place.actions]
    makes = [a for a in actions if isinstance(a.fact, Fact) and a.fact.kind in _MAKES]
    if not makes:
        return
    for lack in fired_rights.lacking(after, frozenset(_usages(actions))):
        named = [a for a in makes if lack.function.name in statements.words(a)]
        yield _finding((named or makes)[-1], lack)


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
