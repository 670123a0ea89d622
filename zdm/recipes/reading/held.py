"""Who may do what, by the access lists of a Snapshot. An owner is in none: it may do all."""

from zdm.model import acl
from zdm.model.schema import Snapshot, Table
from zdm.parse import names


def writers(table: Table, *rights: str) -> tuple[str, ...]:
    """The roles other than the owner that have one of these rights."""
    items = [*table.grants, *(item for c in table.columns for item in c.grants)]
    entries = map(acl.parse, items)
    return tuple(
        sorted(
            {
                e.grantee
                for e in entries
                if {*rights} & {privilege.name for privilege in e.privileges}
            }
        )
    )


def groups(role: str, snapshot: Snapshot) -> set[str]:
    """The roles that it is a member of, at all depths."""
    found: set[str] = set()
    left = [role]
    while left:
        one = left.pop()
        new = {m.of for m in snapshot.memberships if m.member == one} - found
        found |= new
        left += new
    return found


def schema_grants(schema: str, snapshot: Snapshot) -> tuple[str, ...]:
    """The access list of a schema."""
    for other in snapshot.rights:
        if other.kind == "schema" and names.search_path(other.name) == (schema,):
            return other.grants
    return ()


def has(items: tuple[str, ...], right: str, roles: set[str], *, public: bool = False) -> bool:
    """Whether one of the roles or PUBLIC has the right; `public`: PUBLIC has it where no entry
    for PUBLIC says otherwise."""
    entries = [acl.parse(item) for item in items]
    if public and not any(e.grantee == "" for e in entries):
        return True
    return any(
        e.grantee in {"", *roles} and right in {p.name for p in e.privileges} for e in entries
    )
