"""Objects of the schema that the throwaway server does not have, and plans that touch them.

What is left out proves nothing about a plan that uses it, so such a plan is refused by name;
for any other it is a note. A statement uses an object if a step locks its table or if the name
is among the statement's words, whatever it means there.
"""

import re
from collections.abc import Iterable

from zdm.errors import RefusedError
from zdm.model.plan import Plan
from zdm.postgres.catalog.left_out import LeftOut

_SHOWN = 8
_WORDS = re.compile(r'"(?:[^"]|"")*"|\w[\w$]*|[-+*/<>=~!@#%^&|`?]+')
REMEDY = (
    "name a server of the database's own version and with its extensions in `shadow_url` of"
    " zdm.toml, or plan with `--no-verify` and try the plan on a copy of the database"
)


def refuse_touched(plan: Plan, left_out: Iterable[LeftOut]) -> None:
    """RefusedError where the train touches something that was left out."""
    locked = {lock.table for step in plan.steps for lock in step.locks}
    said = frozenset(word for one in plan.statements for word in words(one.sql))
    for one in left_out:
        if one.relation in locked or one.word in said:
            raise RefusedError(
                f"the migration touches the {one.kind} {one.name}, which the throwaway server"
                f" does not have as it is ({one.reason}), so the plan cannot be verified",
                hint=REMEDY,
            )


def words(sql: str) -> frozenset[str]:
    """Names and operators in a statement, unquoted; those within strings and comments too."""
    return frozenset(
        word[1:-1].replace('""', '"') if word.startswith('"') else word.lower()
        for word in _WORDS.findall(sql)
    )


def note(left_out: tuple[LeftOut, ...]) -> tuple[str, ...]:
    """A sentence about what was left out, if anything was."""
    if not left_out:
        return ()
    shown = "; ".join(f"{one.kind} {one.name} ({one.reason})" for one in left_out[:_SHOWN])
    more = f"; and {len(left_out) - _SHOWN} more" if len(left_out) > _SHOWN else ""
    return (f"not on the throwaway server, and not touched by the plan: {shown}{more}",)
