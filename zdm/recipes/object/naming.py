"""Functions that name a table in their text, which PostgreSQL does not track."""

import re

from zdm.model.plan import Check
from zdm.model.schema import Function, Name, Snapshot
from zdm.parse import emit
from zdm.parse.emit import Constant

_NAMED = (
    "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_proc AS p"
    " JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace"
    " WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'zdm')"
    " AND p.prosrc ~* {pattern}"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d"
    " WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass"
    " AND d.objid = p.oid AND d.deptype = 'e'))"
)
_RUNS_ELSEWHERE = (
    " AND (p.prorettype <> 'pg_catalog.trigger'::pg_catalog.regtype"
    " OR EXISTS (SELECT FROM pg_catalog.pg_trigger AS g WHERE g.tgfoid = p.oid"
    " AND g.tgrelid IS DISTINCT FROM pg_catalog.to_regclass({t}))))"
)


def functions(snapshot: Snapshot, table: Name) -> tuple[str, ...]:
    """Functions whose text has the table's name as a word. A body that PostgreSQL has parsed
    (BEGIN ATOMIC) follows the table."""
    word = re.compile(rf"(?<!\w){re.escape(table.name)}(?!\w)", re.IGNORECASE)
    return tuple(f"function {f.name}" for f in snapshot.functions if word.search(text(f)))


def text(function: Function) -> str:
    """The part of its definition that names may be in."""
    if "\nBEGIN ATOMIC" in function.definition:
        return ""
    return function.definition.partition("\nAS ")[2] or function.definition


def none_left(table: Name, *, failure: str, hint: str) -> Check:
    """That no function names the table."""
    return Check(
        sql=emit.sql(_NAMED, pattern=Constant(_pattern(table))), failure=failure, hint=hint
    )


def none_left_elsewhere(table: Name, *, failure: str, hint: str) -> Check:
    """The same, but for those that only triggers of the table itself run."""
    query = _NAMED.removesuffix(")") + _RUNS_ELSEWHERE
    sql = emit.sql(query, pattern=Constant(_pattern(table)), t=Constant(table.sql))
    return Check(sql=sql, failure=failure, hint=hint)


def _pattern(table: Name) -> str:
    return rf"(^|\W){re.escape(table.name)}(\W|$)"
