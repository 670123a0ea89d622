"""Tables and functions of other roles, which only their owners may change."""

import re
from collections.abc import Iterator, Sequence

from zdm.errors import RefusedError
from zdm.model.plan import Plan, RunSql
from zdm.model.schema import Name
from zdm.model.statement import ActionKind, Fact
from zdm.parse.readers import authority
from zdm.postgres.session.connection import Connection

SHOWN = 5  # names in a message
_FOREIGN = (
    "SELECT n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner)"
    " FROM pg_catalog.pg_class AS c"
    " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_'"
    " AND n.nspname NOT IN ('information_schema', 'zdm')"
    " AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')"
    " AND (%s::text[] IS NULL OR c.oid = ANY"
    " (SELECT pg_catalog.to_regclass(t) FROM unnest(%s::text[]) AS t))"
    " ORDER BY 1, 2"
)
_FUNCTIONS = (
    "SELECT p.oid::pg_catalog.regprocedure::text, pg_catalog.pg_get_userbyid(p.proowner)"
    " FROM unnest(%s::text[]) AS t"
    " JOIN pg_catalog.pg_proc AS p ON p.oid = pg_catalog.to_regprocedure(t)"
    " WHERE NOT pg_catalog.pg_has_role(p.proowner, 'USAGE') ORDER BY 1"
)
_ALTERS = re.compile(r"ALTER (?:FUNCTION|PROCEDURE) (.+\)) ")
_OWNERS = frozenset(  # what GRANT gives nobody
    {
        ActionKind.ADD_COLUMN,
        ActionKind.ADD_CONSTRAINT,
        ActionKind.ALTER_TABLE_OTHER,
        ActionKind.CHANGE_TYPE,
        ActionKind.CREATE_INDEX,
        ActionKind.DROP_COLUMN,
        ActionKind.DROP_CONSTRAINT,
        ActionKind.DROP_DEFAULT,
        ActionKind.DROP_NOT_NULL,
        ActionKind.DROP_TABLE,
        ActionKind.RENAME_COLUMN,
        ActionKind.RENAME_CONSTRAINT,
        ActionKind.RENAME_TABLE,
        ActionKind.SET_DEFAULT,
        ActionKind.SET_NOT_NULL,
        ActionKind.SET_SCHEMA,
        ActionKind.VALIDATE_CONSTRAINT,
    }
)


def foreign(
    opened: Connection, tables: Sequence[Name] | None
) -> Sequence[tuple[str, str, str]]:
    """Schema, name and owner of those that the role does not own; None: of all."""
    wanted = None if tables is None else [table.sql for table in tables]
    return [(row[0], row[1], row[2]) for row in opened.execute(_FOREIGN, (wanted, wanted))]


def said(found: Sequence[tuple[str, str, str]]) -> tuple[str, str]:
    """The fact and the remedy."""
    names = [f"{schema}.{table} (of {owner})" for schema, table, owner in found]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return (
        f"the role does not own {', '.join(names[:SHOWN])}{more}",
        f"run zdm as the owner, or GRANT {found[0][2]} TO its role",
    )


def refusal(opened: Connection, plan: Plan) -> RefusedError | None:
    """Why the role may not run the plan: a step alters a table of another role."""
    found = foreign(opened, sorted(set(_altered(plan))))
    if found:
        fact, remedy = said(found)
        return RefusedError(f"{fact}, so steps of the plan would be refused", hint=remedy)
    for function, owner in opened.execute(_FUNCTIONS, ([*_functions(plan)],)).fetchall():
        return RefusedError(
            f"the role does not own the function {function} (of {owner}), so a step of the plan"
            " that alters it would be refused",
            hint=f"run zdm as the owner, or GRANT {owner} TO its role",
        )
    return None


def _functions(plan: Plan) -> Iterator[str]:
    """The functions that steps alter, with the types of their arguments."""
    for step in plan.steps:
        if isinstance(step, RunSql) and not step.as_written:
            yield from (found[1] for sql in step.sql if (found := _ALTERS.match(sql)))


def _altered(plan: Plan) -> Iterator[Name]:
    for step in plan.steps:
        if isinstance(step, RunSql) and not step.as_written:
            for sql in step.sql:
                for action in authority.of_step(sql, step.settings, ("public",)):
                    fact = action.fact
                    if isinstance(fact, Fact) and fact.table and fact.kind in _OWNERS:
                        yield fact.table
