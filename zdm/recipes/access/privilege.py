"""The SQL of one right: whether a role has it, and GRANT and REVOKE of it."""

from collections.abc import Sequence

from zdm.model.plan import Check
from zdm.model.sql import ident
from zdm.parse import emit
from zdm.parse.emit import Body, Constant, Ident, Part, Qualified, TypeText
from zdm.parse.objects import rights
from zdm.schema.rights import Right, Target

_HELD = (
    "SELECT EXISTS (SELECT FROM {from} AS o,"
    " LATERAL pg_catalog.aclexplode("
    "COALESCE(o.{list}, pg_catalog.acldefault({kind}, o.{owner}))) AS e"
    " WHERE {where} AND e.grantor = o.{owner} AND e.privilege_type = {privilege}"
    " AND e.grantee = {role}{grantable})"
)
_COLUMN = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute AS o"
    " JOIN pg_catalog.pg_class AS c ON c.oid = o.attrelid,"
    " LATERAL pg_catalog.aclexplode(o.attacl) AS e"
    " WHERE c.oid = pg_catalog.to_regclass({n}) AND o.attname = {c}"
    " AND e.grantor = c.relowner AND e.privilege_type = {privilege}"
    " AND e.grantee = {role}{grantable})"
)
_RELATION = ("pg_catalog.pg_class", "relacl", "relowner", "o.oid = pg_catalog.to_regclass({n})")
_CATALOGS = {  # catalog, access list, owner, condition, kind in acldefault
    "table": (*_RELATION, "r"),
    "sequence": (*_RELATION, "S"),
    "schema": (
        "pg_catalog.pg_namespace", "nspacl", "nspowner",
        "o.oid = pg_catalog.to_regnamespace({n})", "n",
    ),
    "routine": (
        "pg_catalog.pg_proc", "proacl", "proowner",
        "o.oid = pg_catalog.to_regprocedure({n})", "f",
    ),
    "plain routine": (
        "pg_catalog.pg_proc", "proacl", "proowner",
        "o.oid = pg_catalog.to_regproc({n})", "f",
    ),
    "type": (
        "pg_catalog.pg_type", "typacl", "typowner", "o.oid = pg_catalog.to_regtype({n})", "T",
    ),
}  # fmt: skip
_OWNS = (
    "SELECT EXISTS (SELECT FROM {from} AS o"
    " WHERE {where} AND pg_catalog.pg_get_userbyid(o.{owner}) = {r})"
)
_UNLESS_OWNER = """
BEGIN
  IF NOT ({owns}) THEN
    {revokes};
  END IF;
END
"""
ROLE = "(SELECT r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname = {r})"


def held(right: Right, *, grantable: bool = False) -> str:
    """The role has the privilege, granted by the owner; `grantable`: and may grant it."""
    target = right.target
    parts: dict[str, Part] = {
        "n": Constant(_name(target)),
        "privilege": Constant(right.privilege),
    }
    if target.column:
        query, parts["c"] = _COLUMN, Constant(target.column)
    else:
        query, parts["kind"] = _of_object(_HELD, target)
    role = "0" if right.role == rights.PUBLIC else ROLE
    if right.role != rights.PUBLIC:
        parts["r"] = Constant(right.role)
    query = query.replace("{role}", role)
    query = query.replace("{grantable}", " AND e.is_grantable" if grantable else "")
    return emit.sql(query, **parts)


def _of_object(query: str, target: Target) -> tuple[str, Constant]:
    """The query, for the catalog of the object, and its kind in acldefault."""
    unsigned = target.kind == "routine" and target.signature is None
    found = _CATALOGS["plain routine" if unsigned else target.kind]
    catalog, acl, owner, where, kind = found
    words = {"from": catalog, "list": acl, "owner": owner, "where": where}
    for key, word in words.items():
        query = query.replace(f"{{{key}}}", word)
    return query, Constant(kind)


def _name(target: Target) -> str:
    if target.kind == "schema":
        return ident(target.name.name)
    signature = f"({', '.join(target.signature)})" if target.signature is not None else ""
    return f"{target.name.sql}{signature}"


def revoke(right: Right, *, option_alone: bool = False) -> str:
    """REVOKE of the right, or of the option to grant it."""
    words = "REVOKE GRANT OPTION FOR" if option_alone else "REVOKE"
    on, parts = _on(right)
    return emit.sql(f"{words} {on} FROM {_grantee(right, parts)}", **parts)


def owns(right: Right) -> str:
    """The role owns the object."""
    query, _ = _of_object(_OWNS, right.target)
    return emit.sql(query, n=Constant(_name(right.target)), r=Constant(right.role))


def about(query: str, target: Target) -> str:
    """A query about the object, by its place in the catalog."""
    text, _ = _of_object(query, target)
    return emit.sql(text, n=Constant(_name(target)))


def asked(query: str, target: Target, role: str) -> str:
    """A query about the object, in which {role} is the role's oid; NULL where it is none."""
    text, _ = _of_object(query.replace("{role}", ROLE), target)
    return emit.sql(text, n=Constant(_name(target)), r=Constant(role))


def may_own(right: Right) -> bool:
    """Whether the role may be the object's owner, who has all rights, in no list that a
    Snapshot has; REVOKE takes them (manual, chapter 5.8)."""
    target, role = right.target, right.role
    return not (target.column or role == rights.PUBLIC or target.held(role))


def no_owner(every: Sequence[Right]) -> tuple[Check, ...]:
    """That REVOKE of these takes nothing: none of the roles owns its object."""
    alone = {(r.target.kind, r.target.name, r.target.signature, r.role): r for r in every}
    return tuple(
        Check(
            sql=owns(right).replace("SELECT EXISTS", "SELECT NOT EXISTS", 1),
            failure=f"{right.role} owns {right.target.name}, so the REVOKE would take the"
            " owner's own rights, which zdm does not plan",
            hint="put `-- zdm: run in contract -- reason` above it, and above a GRANT behind"
            " it, then plan again; or remove both",
        )
        for right in alone.values()
    )


def revoke_unless_owner(every: Sequence[Right]) -> str:
    """REVOKE of rights of one role on one object, unless the role owns it: of an owner that
    would take what it has by itself (manual, chapter 5.8)."""
    revokes = ";\n    ".join(map(revoke, every))
    text = _UNLESS_OWNER.replace("{owns}", owns(every[0])).replace("{revokes}", revokes)
    return emit.sql("DO {body}", body=Body(text))


def grant(right: Right, *, option: bool) -> str:
    """GRANT of the right."""
    on, parts = _on(right)
    tail = " WITH GRANT OPTION" if option else ""
    return emit.sql(f"GRANT {on} TO {_grantee(right, parts)}{tail}", **parts)


def _grantee(right: Right, parts: dict[str, Part]) -> str:
    if right.role == rights.PUBLIC:
        return "PUBLIC"
    parts["r"] = Ident(right.role)
    return "{r}"


def _on(right: Right) -> tuple[str, dict[str, Part]]:
    """`SELECT (c) ON TABLE t` as a template; privileges are known words."""
    target = right.target
    called, parts = called_by(target)
    column = ""
    if target.column:
        column, parts["c"] = " ({c})", Ident(target.column)
    return f"{right.privilege}{column} ON {target.kind.upper()} {called}", parts


def called_by(target: Target) -> tuple[str, dict[str, Part]]:
    """The object's name as a template, with the written arguments of a routine."""
    parts: dict[str, Part] = {"n": Qualified(target.name)}
    if target.kind == "schema":
        parts["n"] = Ident(target.name.name)
    if target.signature is None:
        return "{n}", parts
    parts |= {f"a{n}": TypeText(a) for n, a in enumerate(target.signature)}
    names = (f"{{a{n}}}" for n in range(len(target.signature)))
    return f"{{n}}({', '.join(names)})", parts
