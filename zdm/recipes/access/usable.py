"""Who can name an object in one schema and not in another.

Nobody finds an object in a schema without USAGE of it, whatever their rights on the object are
(manual, chapter 5.8). A role that has no USAGE of the former schema does not name it today.
"""

from collections.abc import Iterator

from zdm.model import acl
from zdm.model.schema import Function, Snapshot, Table, View
from zdm.recipes.reading import held


def without_usage(
    one: Table | View | Function, schema: str, snapshot: Snapshot, given: frozenset[str]
) -> Iterator[str]:
    """The roles that use the object and could not where it moves to, empty for PUBLIC; `given`:
    those to which the train gives USAGE of that schema."""
    former = held.schema_grants(one.name.schema, snapshot)
    now = held.schema_grants(schema, snapshot)
    for role in sorted(_users(one)):
        roles = {role, *held.groups(role, snapshot)} if role else set[str]()
        may = held.has(now, "USAGE", roles, public=schema == "public")
        if may or given & {"", *roles}:
            continue
        public = one.name.schema == "public"
        if role and not held.has(former, "USAGE", roles, public=public):
            continue
        if role or any(map(_is_usage, former)) or public:
            yield role


def _users(one: Table | View | Function) -> set[str]:
    items = list(one.grants)
    if isinstance(one, Table):
        items += [item for column in one.columns for item in column.grants]
    if isinstance(one, View):
        items += [item for _, grants in one.column_grants for item in grants]
    found = {e.grantee for e in map(acl.parse, items) if e.privileges}
    if isinstance(one, Function) and not any(acl.parse(i).grantee == "" for i in items):
        found.add("")  # EXECUTE, by default
    return found


def _is_usage(item: str) -> bool:
    return "USAGE" in {privilege.name for privilege in acl.parse(item).privileges}
