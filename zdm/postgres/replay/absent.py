"""Objects of the schema that the throwaway server does not have, and plans that touch them.

What is left out proves nothing about a plan that uses it, so such a plan is refused by name;
for any other it is a note. A statement uses an object if a step locks its table or if the name
is among the statement's words, whatever it means there.
"""

import re
from collections.abc import Iterable

from msgspec.structs import replace

from zdm.errors import RefusedError
from zdm.model.plan import Plan, RunSql
from zdm.model.schema import Snapshot
from zdm.parse.readers import extensions
from zdm.parse.readers.extensions import NewExtension
from zdm.postgres.catalog.left_out import LeftOut
from zdm.serialize import snapshot_file

_SHOWN = 8
_WORDS = re.compile(r'"(?:[^"]|"")*"|\w[\w$]*|[-+*/<>=~!@#%^&|`?]+')
REMEDY = (
    "name a server of the database's own version and with its extensions in `shadow_url` of"
    " zdm.toml, or plan with `--no-verify` and try the plan on a copy of the database"
)


def refuse_other_start(plan: Plan, start: Snapshot) -> None:
    """RefusedError where the plan was made for another schema."""
    if snapshot_file.fingerprint(start) != plan.fingerprint:
        raise RefusedError(
            f"the plan {plan.name} was made for another schema than the one given, so a replay"
            " would say nothing about it",
            hint="give the schema that the plan starts from, or plan again",
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


def without(plan: Plan, more: tuple[NewExtension, ...]) -> Plan:
    """The plan without the statements that create extensions which are there beforehand."""
    if not more:
        return plan
    names = {one.name for one in more}

    def is_left(sql: str) -> bool:
        made = extensions.created(sql)
        return made is None or made.name not in names

    steps = (
        replace(step, sql=tuple(filter(is_left, step.sql)))
        if isinstance(step, RunSql)
        else step
        for step in plan.steps
    )
    return replace(
        plan,
        statements=tuple(one for one in plan.statements if is_left(one.sql)),
        steps=tuple(one for one in steps if not isinstance(one, RunSql) or one.sql),
    )


def notes(left_out: tuple[LeftOut, ...], more: tuple[NewExtension, ...]) -> tuple[str, ...]:
    """Sentences about what was left out, and about extensions that were there beforehand."""
    beforehand = tuple(
        f"the extension {one.name} was created beforehand, since only a superuser may; the step"
        " that creates it was not replayed"
        for one in more
    )
    return (*beforehand, *_left_out(left_out))


def _left_out(left_out: tuple[LeftOut, ...]) -> tuple[str, ...]:
    if not left_out:
        return ()
    return (
        f"not on the throwaway server, and not touched by the plan: {enumerated(left_out)}",
    )


def enumerated(left_out: tuple[LeftOut, ...]) -> str:
    """What was left out, each with the reason."""
    shown = "; ".join(f"{one.kind} {one.name} ({one.reason})" for one in left_out[:_SHOWN])
    more = f"; and {len(left_out) - _SHOWN} more" if len(left_out) > _SHOWN else ""
    return f"{shown}{more}"
