"""What sessions need for a policy of a table that has row security, lest their queries fail.

The expressions of a policy run with the rights and settings of the role that queries the table,
and those of all its permissive policies run, so one more that fails makes every query fail
(manual, CREATE POLICY): for a setting that the session has not (42704), a table or function for
which the role has no right (42501), or policies that read each other's tables (42P17). Measured
14, 18.
"""

from collections.abc import Iterator

from zdm.model.schema import Name, Snapshot, Table, View
from zdm.model.sql import ident
from zdm.model.statement import Action
from zdm.parse.objects import policies
from zdm.parse.objects.policies import Reading
from zdm.recipes.reading import held
from zdm.schema import lookup

_QUERIES = ("SELECT", "INSERT", "UPDATE", "DELETE")
_DATA = {"pg_read_all_data"}
_Line = tuple[str, str]  # fact and remedy


def problems(action: Action, table: Table, snapshot: Snapshot) -> Iterator[_Line]:
    """Of a CREATE POLICY on a table with row security."""
    found = policies.reading(action)
    settings = action.statement.settings
    named = dict.fromkeys(lookup.found(one, snapshot, settings) for one in found.relations)
    read = tuple(t for name in named if (t := snapshot.table(name)) is not None)
    yield from _settings(found, table)
    roles = tuple(_users(found, table, snapshot))
    relations: list[Table | View] = [*read]
    relations += [view for view in snapshot.views if view.name in named]
    for relation in relations:
        yield from _unreadable(relation, roles, snapshot)
    yield from _uncallable(found, roles, snapshot)
    if _comes_back(found, read, table, snapshot):
        yield (
            f"it reads {' and '.join(str(one.name) for one in read)}, whose policies read"
            f" {table.name} again, so queries would fail (infinite recursion, 42P17)",
            "read them in a function that is SECURITY DEFINER",
        )


def _settings(found: Reading, table: Table) -> Iterator[_Line]:
    known = {name for p in table.policies for name in policies.read_by(p.definition).strict}
    for name in sorted(found.strict - known):
        yield (
            f"current_setting('{name}') fails in every session that has not set {name}",
            f"write current_setting('{name}', true), which is NULL there; or, if every session"
            " of both versions sets it, put `-- zdm: run in expand -- reason` above it",
        )


def _users(found: Reading, table: Table, snapshot: Snapshot) -> Iterator[str]:
    """The roles that query the table and are those of the policy, empty for PUBLIC."""
    for role in held.writers(table, *_QUERIES):
        if not found.roles or {role, *held.groups(role, snapshot)} & found.roles:
            yield role


def _unreadable(
    other: Table | View, roles: tuple[str, ...], snapshot: Snapshot
) -> Iterator[_Line]:
    lists = [other.grants]
    if isinstance(other, Table):
        lists += [column.grants for column in other.columns]
    else:
        lists += [grants for _, grants in other.column_grants]
    for role in roles:
        every = {role, *held.groups(role, snapshot)}
        if every & _DATA or any(held.has(one, "SELECT", every) for one in lists):
            continue
        yield _lack(role, str(other.name), "SELECT", other.name.sql)


def _uncallable(found: Reading, roles: tuple[str, ...], snapshot: Snapshot) -> Iterator[_Line]:
    called = {words[-1] for words in found.functions}
    for function in snapshot.functions:
        name = function.name
        alone = sum(f.name.name == name.name for f in snapshot.functions) == 1
        for role in roles if alone and name.name in called else ():
            every = {role, *held.groups(role, snapshot)}
            if not held.has(function.grants, "EXECUTE", every, public=True):
                routine = f"FUNCTION {name.sql}({function.arguments})"
                yield _lack(role, f"function {name}", "EXECUTE", routine)


def _lack(role: str, of: str, right: str, on: str) -> _Line:
    grantee = ident(role) if role else "PUBLIC"
    return (
        f"{role or 'PUBLIC'} has no {right} on {of}, so queries of that role would fail",
        f"write `GRANT {right} ON {on} TO {grantee}` above it",
    )


def _comes_back(
    found: Reading, read: tuple[Table, ...], table: Table, snapshot: Snapshot
) -> bool:
    """Whether reading for the policy needs a policy of the table that reads once more."""
    seen: set[Name] = set()
    left = list(read)
    while left:
        one = left.pop()
        if one.name in seen or not one.row_security:
            continue
        seen.add(one.name)
        every = [policies.read_by(p.definition) for p in one.policies]
        if one.name == table.name:
            every.append(found)
        names = [r for p in every if p.on_select for r in p.relations]
        if one.name == table.name and names:
            return True
        others = (snapshot.table(Name(r.schema, r.name)) for r in names)
        left += [other for other in others if other is not None]
    return False
