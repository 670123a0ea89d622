"""Whether a plan follows from the statements that it holds, planned again on the same schema.

A digest finds an edit by accident; an attacker who adds a statement to a plan computes it
again. Planning the plan's own statements again does not give that statement.
"""

import re
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from zdm.model.plan import OBSERVED, Plan
from zdm.model.schema import Snapshot
from zdm.model.statement import Train
from zdm.planning import classify, schedule
from zdm.planning.schedule import StampWhen
from zdm.serialize import plan_file

_STAMPS: tuple[StampWhen, ...] = ("backfilled", "after_contract")  # `stamp` in zdm.toml
# What rests on statistics, which change by themselves, and what only a person reads.
_ROWS = re.compile(r" \([\d,]+ rows\)")
_READ_ONLY = ("digest", "notes")


def differences(plan: Plan, snapshot: Snapshot) -> tuple[str, ...]:
    """Each part of the plan that planning its statements again does not give, as a sentence.

    `snapshot` is the schema that the plan starts from. Costs and notes are not compared.
    Raises TrainRefusedError where the statements cannot be planned at all.
    """
    train = Train(statements=plan.statements, files=plan.files, stamp=plan.stamp)
    snapshot = _as_stamped(plan, snapshot)
    classification = classify.classify(train, snapshot)
    again = (
        schedule.plan(
            classification, name=plan.name, train=train, snapshot=snapshot, stamp_when=when
        )
        for when in _STAMPS[: 1 if plan.stamp is None else None]
    )
    found = [tuple(_differences(_compared(plan), _compared(one))) for one in again]
    return min(found, key=len)


def _as_stamped(plan: Plan, snapshot: Snapshot) -> Snapshot:
    """With an empty version table, or with none, as the plan has it; revisions that make the
    schema do not say which."""
    if plan.stamp is None or plan.stamp.from_heads:
        return snapshot
    table = None if plan.makes_version_table else plan.stamp.table
    return replace(snapshot, version_table=table)


def _compared(plan: Plan) -> dict[str, Any]:
    content = {k: v for k, v in plan_file.to_plain(plan).items() if k not in _READ_ONLY}
    hazards = [
        {**hazard, "message": _ROWS.sub("", hazard["message"])}
        for hazard in content.get("hazards", [])
    ]
    return {**content, "hazards": hazards, "steps": list(map(_step, content["steps"]))}


def _step(step: dict[str, Any]) -> dict[str, Any]:
    left_out = {"cost", *(OBSERVED if step.get("as_written") else ())}
    return {key: value for key, value in step.items() if key not in left_out}


def _differences(plan: dict[str, Any], again: dict[str, Any]) -> Iterator[str]:
    mine, theirs = ({s["id"]: s for s in one.pop("steps")} for one in (plan, again))
    for name, step in mine.items():
        if name not in theirs:
            yield f"the step {name} does not follow from them"
        else:
            keys = _unequal(step, theirs[name])
            yield from (f"`{key}` of the step {name} does not follow from them" for key in keys)
    missing = (name for name in theirs if name not in mine)
    yield from (f"the step {name}, which they need, is missing" for name in missing)
    if set(mine) == set(theirs) and list(mine) != list(theirs):
        yield "the steps are in another order"
    yield from (f"`{key}` does not follow from them" for key in _unequal(plan, again))


def _unequal(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    return [key for key in sorted({*one, *other}) if one.get(key) != other.get(key)]
