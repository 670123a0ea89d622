"""What must hold so that a new owner takes nothing from anybody.

Rights that come from owning an object are in no access list. They stay where the former owner
is a member of the new one and inherits its rights (pg_has_role, USAGE); a superuser needs none.
Queries of foreign keys run as the owner and need USAGE of its schema, a view reads as its
owner, and ANALYZE runs the functions of indexes as the table's (manual, chapters 5.8 and 39.5,
CREATE VIEW; measured 14, 18).
"""

from collections.abc import Iterator

from zdm.model.plan import Check
from zdm.model.schema import Name, Snapshot, Table
from zdm.parse import emit
from zdm.parse.emit import Constant
from zdm.recipes.access import privilege
from zdm.schema.rights import Target

_SUPER = "(SELECT s.rolsuper FROM pg_catalog.pg_roles AS s WHERE s.rolname = current_user)"
_MEMBER = (
    "SELECT COALESCE(pg_catalog.pg_has_role({role}, 'USAGE')"
    " AND pg_catalog.pg_has_role({role}, '{set}'), false)"
)
_SET = 16  # in which a member may be one without it, and a subscription needs it
_KEEPS = (
    "SELECT NOT EXISTS (SELECT FROM {from} AS o WHERE {where}"
    " AND NOT COALESCE(pg_catalog.pg_has_role(o.{owner}, {role}, 'USAGE'), false))"
)
_IN_SCHEMA = (
    "SELECT COALESCE(pg_catalog.has_schema_privilege({role}, n.oid, 'USAGE') AND ({super} OR"
    " pg_catalog.has_schema_privilege({role}, n.oid, 'CREATE')), false)"
    " FROM {from} AS o JOIN pg_catalog.pg_namespace AS n ON n.oid = o.{schema} WHERE {where}"
)
_READS = (
    "SELECT NOT EXISTS (SELECT FROM {from} AS o"
    " JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = o.oid"
    " JOIN pg_catalog.pg_depend AS d ON d.objid = w.oid"
    " AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass"
    " AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass"
    " JOIN pg_catalog.pg_class AS c ON c.oid = d.refobjid AND c.oid <> o.oid"
    " AND c.relkind IN ('r', 'p', 'v', 'm', 'f'),"
    " (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS p (word)"
    " WHERE {where} AND COALESCE(CASE"
    " WHEN p.word = 'DELETE' THEN pg_catalog.has_table_privilege(o.{owner}, c.oid, p.word)"
    " AND NOT pg_catalog.has_table_privilege({role}, c.oid, p.word)"
    " WHEN d.refobjsubid = 0"
    " THEN pg_catalog.has_any_column_privilege(o.{owner}, c.oid, p.word)"
    " AND NOT pg_catalog.has_table_privilege({role}, c.oid, p.word)"
    " ELSE pg_catalog.has_column_privilege(o.{owner}, c.oid, d.refobjsubid::smallint, p.word)"
    " AND NOT pg_catalog.has_column_privilege({role}, c.oid, d.refobjsubid::smallint, p.word)"
    " END, true))"
)
_INDEXED = (
    "SELECT NOT EXISTS (SELECT FROM {from} AS o"
    " JOIN pg_catalog.pg_index AS i ON i.indrelid = o.oid"
    " JOIN pg_catalog.pg_depend AS d ON d.objid = i.indexrelid"
    " AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass"
    " AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass"
    " WHERE {where} AND NOT COALESCE("
    "pg_catalog.has_function_privilege({role}, d.refobjid, 'EXECUTE'), false))"
)
_NOT_FED = (
    "SELECT NOT EXISTS (SELECT FROM {from} AS o"
    " JOIN pg_catalog.pg_subscription_rel AS s ON s.srrelid = o.oid"
    " JOIN pg_catalog.pg_subscription AS b ON b.oid = s.srsubid"
    " WHERE {where} AND NOT COALESCE(pg_catalog.pg_has_role(b.subowner, {role}, 'SET'), false))"
)
_SCHEMAS = {
    "table": "relnamespace",
    "sequence": "relnamespace",
    "routine": "pronamespace",
    "type": "typnamespace",
}


def kept(target: Target, what: str, role: str, snapshot: Snapshot) -> Iterator[Check]:
    """That the plan's role may give it, and nobody loses a right."""
    member = _MEMBER.replace("{set}", "SET" if snapshot.major >= _SET else "MEMBER")
    yield Check(
        sql=emit.sql(member.replace("{role}", privilege.ROLE), r=Constant(role)),
        failure=f"there is no role {role}, or the role that runs this plan is no member of it,"
        f" so it may not give it {what}, nor change that afterwards",
        hint=f"GRANT {role} TO the role that runs the plan (from 16 on WITH INHERIT TRUE, SET"
        " TRUE)",
        early="start",
    )
    yield Check(
        sql=privilege.asked(_KEEPS, target, role),
        failure=f"the owner of {what} is no member of {role}, so it and its members would lose"
        " every right on it that no GRANT gives them",
        hint=f"GRANT {role} TO that owner; or, if nothing connects as it, plan again with"
        " `-- zdm: run in contract -- reason` above the statement",
        early="start",
    )
    yield _place(target, what, role)
    yield from _used(target, what, role, snapshot)


def _place(target: Target, what: str, role: str) -> Check:
    query = _IN_SCHEMA.replace("{super}", _SUPER).replace("{schema}", _SCHEMAS[target.kind])
    schema = target.name.schema
    return Check(
        sql=privilege.asked(query, target, role),
        failure=f"{role} has not USAGE and CREATE on schema {schema}, which the owner of {what}"
        " needs",
        hint=f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {role}",
        early="start",
    )


def _used(target: Target, what: str, role: str, snapshot: Snapshot) -> Iterator[Check]:
    """That what runs as the owner has its rights."""
    if target.kind != "table":
        return
    table = snapshot.table(target.name)
    if table is None:
        yield Check(
            sql=privilege.asked(_READS, target, role),
            failure=f"{what} reads as its owner, and {role} has not all the rights on its"
            " tables that the present owner has",
            hint=f"GRANT {role} the rights on these tables that the view needs",
            early="contract",
        )
        return
    if any(index.keys.count(None) or index.predicate for index in table.indexes):
        yield Check(
            sql=privilege.asked(_INDEXED, target, role),
            failure=f"{role} may not call a function that an index of {what} is on, so ANALYZE"
            " would fail",
            hint=f"GRANT EXECUTE on it to {role}",
            early="contract",
        )
    if snapshot.major >= _SET:
        yield Check(
            sql=privilege.asked(_NOT_FED, target, role),
            failure=f"a subscription writes {what}, and its owner may not SET ROLE {role}, so"
            " it would stop",
            hint=f"GRANT {role} TO the owner of the subscription",
            early="start",
        )


def secured(name: Name, snapshot: Snapshot) -> Table | None:
    """The table, if it has row security."""
    table = snapshot.table(name)
    return table if table is not None and table.row_security else None
