"""Rows that a plan's fills would miss, or that come from elsewhere: named before it begins.

Row security hides rows from an owner under FORCE, a fill leaves the rows of inheritance
children out, and a subscription brings rows in the old shape only.
"""

import re
from collections.abc import Iterator

from zdm.errors import RefusedError
from zdm.model.plan import AwaitRollout, Backfill, Check, Phase, Plan, RunSql
from zdm.model.sql import ident
from zdm.model.statement import Setting
from zdm.model.syntax import RelationName
from zdm.parse import mentioned, names
from zdm.postgres.session import row_security
from zdm.postgres.session.connection import Connection

_OF_ROWS = re.compile(
    r"[\s(]*(?:SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|TABLE|VALUES)\b", re.IGNORECASE
)
_THERE = "SELECT pg_catalog.to_regclass(%s) IS NOT NULL"
# the owner's view where the role is not the owner: zdm may plan by another role
_FORCED = """
SELECT pg_catalog.format('%%I.%%I', n.nspname, c.relname)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_roles AS o ON o.oid = c.relowner
WHERE c.relrowsecurity AND c.oid = ANY
      (SELECT pg_catalog.to_regclass(t) FROM unnest(%s::text[]) AS t)
  AND CASE WHEN pg_catalog.pg_has_role(c.relowner, 'USAGE')
           THEN pg_catalog.row_security_active(c.oid)
           ELSE c.relforcerowsecurity AND NOT (o.rolsuper OR o.rolbypassrls) END
ORDER BY 1
"""
_PARENTS = """
SELECT pg_catalog.format('%%I.%%I', n.nspname, p.relname),
       pg_catalog.string_agg(i.inhrelid::pg_catalog.regclass::text, ', ' ORDER BY i.inhrelid)
FROM pg_catalog.pg_class AS p
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.relnamespace
JOIN pg_catalog.pg_inherits AS i ON i.inhparent = p.oid
WHERE p.relkind = 'r' AND (%s::text[] IS NULL OR p.oid = ANY
      (SELECT pg_catalog.to_regclass(t) FROM unnest(%s::text[]) AS t))
GROUP BY 1 ORDER BY 1
"""
_FED = """
SELECT pg_catalog.format('%%I.%%I', n.nspname, c.relname),
       pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(s.subname), ', ')
FROM pg_catalog.pg_subscription_rel AS r
JOIN pg_catalog.pg_subscription AS s ON s.oid = r.srsubid
JOIN pg_catalog.pg_class AS c ON c.oid = r.srrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE %s::text[] IS NULL OR c.oid IN
      (SELECT f.oid FROM unnest(%s::text[]) AS t CROSS JOIN LATERAL (
           SELECT pg_catalog.to_regclass(t)::oid
           UNION SELECT relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass(t))
       ) AS f (oid))
GROUP BY 1 ORDER BY 1
"""


def refusal(opened: Connection, plan: Plan) -> RefusedError | None:
    """Why the plan must not run on this database by this role."""
    filled = sorted({step.table.sql for step in plan.steps if isinstance(step, Backfill)})
    hidden = [row[0] for row in opened.execute(_FORCED, (filled,)).fetchall()]
    if hidden:
        return RefusedError(
            f"row security hides rows of {', '.join(hidden)} from zdm's role, so they would"
            " not be filled",
            hint=row_security.remedy(opened, hidden[0]),
        )
    for step in plan.steps:
        for table in _hidden_from(opened, step):
            return RefusedError(
                f"row security hides rows of {table} from zdm's role, so this step would stop:"
                f" {step.title}",
                hint=row_security.remedy(opened, table),
            )
    for table, children in parents(opened, filled):
        return RefusedError(parent_fact(table, children), hint=parent_remedy(table, children))
    for table, subscriptions in fed(opened, [*filled, *_contracted(plan)]):
        return RefusedError(fed_fact(table, subscriptions), hint=fed_remedy(subscriptions))
    return None


def parents(opened: Connection, tables: list[str] | None) -> list[tuple[str, str]]:
    """Those of the tables, or of all, that others inherit from, with these."""
    return [(p, c) for p, c in opened.execute(_PARENTS, (tables, tables)).fetchall()]


def fed(opened: Connection, tables: list[str] | None) -> list[tuple[str, str]]:
    """Those of the tables, or of all, that subscriptions write to, with these."""
    return [(t, s) for t, s in opened.execute(_FED, (tables, tables)).fetchall()]


def parent_fact(table: str, children: str) -> str:
    """What inheritance means for a fill."""
    return f"{children} inherits from {table}, and a fill of {table} leaves such rows out"


def parent_remedy(table: str, children: str) -> str:
    """What to do about it."""
    one = children.split(", ")[0]
    return (
        f"ALTER TABLE {one} NO INHERIT {table}, and change {one} by statements of its own; it"
        " may inherit again afterwards"
    )


def fed_fact(table: str, subscriptions: str) -> str:
    """What a subscription means for a change of its table."""
    return (
        f"the subscription {subscriptions} writes to {table} in the shape of its publisher, and"
        " stops at the first row once a column that it writes is gone"
    )


def fed_remedy(subscriptions: str) -> str:
    """What to do about it."""
    one = subscriptions.split(", ")[0]
    return (
        f"change the publisher first, or take the table out of its publication and ALTER"
        f" SUBSCRIPTION {one} REFRESH PUBLICATION, or DROP SUBSCRIPTION {one}"
    )


def _contracted(plan: Plan) -> Iterator[str]:
    for step in plan.steps:
        if not isinstance(step, AwaitRollout) and step.phase.position > Phase.ROLLOUT.position:
            yield from (lock.table.sql for lock in step.locks)


def _hidden_from(opened: Connection, step: AwaitRollout | Backfill | RunSql) -> list[str]:
    """The tables with hidden rows that statements of the step, or its checks, name."""
    if isinstance(step, AwaitRollout):
        return []
    texts = [text for text in _texts(step) if _OF_ROWS.match(text)]
    named = dict.fromkeys(relation for text in texts for relation in mentioned.with_rows(text))
    wanted = [_found(opened, relation, step.settings) for relation in named]
    return [row[0] for row in opened.execute(_FORCED, (wanted,)).fetchall()] if wanted else []


def _texts(step: Backfill | RunSql) -> Iterator[str]:
    for check in step.preconditions:
        yield from _of_check(check)
    match step:
        case RunSql():
            yield from step.sql
        case Backfill():
            values = [one.expression for one in step.assignments]
            yield f"SELECT {', '.join([*values, step.differs])}"
            if step.copy is not None:
                yield step.copy.of("SELECT")


def _of_check(check: Check) -> Iterator[str]:
    yield from (text for text in (check.sql, check.rows) if text)


def _found(opened: Connection, relation: RelationName, settings: tuple[Setting, ...]) -> str:
    """The relation as the step's search_path finds it."""
    own = ident(relation.name)
    if relation.schema:
        return f"{ident(relation.schema)}.{own}"
    paths = (names.search_path(s.value) for s in settings if s.name.lower() == "search_path")
    for schema in next(paths, ()):
        row = opened.execute(_THERE, (f"{ident(schema)}.{own}",)).fetchone()
        if row == (True,):
            return f"{ident(schema)}.{own}"
    return own
