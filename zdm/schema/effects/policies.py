"""What CREATE POLICY, ALTER POLICY and ALTER TABLE … ROW LEVEL SECURITY leave."""

from msgspec.structs import replace

from zdm.model.commands import WorkOn
from zdm.model.schema import Name, Policy, Snapshot
from zdm.model.statement import Action
from zdm.parse.objects import policies
from zdm.schema import edits, lookup


def table_of(action: Action, snapshot: Snapshot) -> Name | None:
    """The table that the policy is on."""
    said = action.said
    if not isinstance(said, WorkOn) or not said.relations:
        return None
    return lookup.found(said.relations[0], snapshot, action.statement.settings)


def create(snapshot: Snapshot, action: Action) -> Snapshot:
    """A new policy; what an altered one says is not known, but its name stays."""
    name, policy = table_of(action, snapshot), policies.name(action)
    table = snapshot.table(name) if name is not None else None
    if table is None or not policies.creates(action):
        return snapshot
    if any(p.name == policy for p in table.policies):
        return snapshot
    made = Policy(name=policy, definition=policies.definition(action, table.name))
    every = sorted((*table.policies, made), key=lambda p: p.name)
    return edits.put_table(snapshot, replace(table, policies=tuple(every)))


def secure(snapshot: Snapshot, action: Action) -> Snapshot:
    """ENABLE, DISABLE, FORCE, NO FORCE; FORCE alone is not seen in a Snapshot."""
    table, said = lookup.table_of(snapshot, action), policies.security(action)
    if table is None:
        return snapshot
    was = table.row_security
    now = {
        "enable": was or "enabled",
        "disable": "",
        "force": "forced" if was else "",
        "no force": "enabled" if was else "",
    }.get(said, was)
    secured = bool(now) and (table.secured or not was)
    return edits.put_table(snapshot, replace(table, row_security=now, secured=secured))
