"""What every rendering of an explanation says in the same words."""

from collections.abc import Iterator

from zdm.model.explained.choice import Trait
from zdm.model.explained.explanation import Change, Considered, Effect, Explanation, Verdict
from zdm.model.plan import AwaitRollout, Plan, Step, TableLock
from zdm.render import outline

_COSTS = {
    Trait.SCANS: "reads every row",
    Trait.BUILDS: "builds an index",
    Trait.BATCHES: "writes rows in batches",
    Trait.TRIGGER: "a trigger meanwhile",
    Trait.WAITS: "waits for the old version's end",
}
VERDICTS = {
    Verdict.TAKEN: "taken",
    Verdict.LEFT: "does not fit",
    Verdict.DEARER: "costs more",
}


def head(explanation: Explanation, plan: Plan) -> str:
    """What is explained."""
    number = len(explanation.changes)
    changes = "1 change" if number == 1 else f"{number} changes"
    return f"{changes} · {outline.steps(plan)} · PostgreSQL {plan.server_major}"


def places(change: Change) -> str:
    """Where the change comes from."""
    return ", ".join(str(source) for source in change.origin)


def as_written(change: Change) -> Iterator[str]:
    """What the statements would do by themselves, one line a relation."""
    for effect in change.as_written:
        yield _effect(effect)
    if change.unknown:
        yield f"perhaps more: {change.unknown}"
    if not change.as_written and not change.unknown:
        yield "no lock on anything that is in use"


def _effect(effect: Effect) -> str:
    lock = TableLock(table=effect.relation, mode=effect.lock)
    text = f"{effect.lock} on {effect.relation} ({outline.blocks(lock)})"
    if not effect.does:
        return text
    rows = "" if effect.rows is None else f" ({outline.count(effect.rows)} rows)"
    return f"{text}; {', '.join(effect.does)}{rows}"


def costs(one: Considered) -> str:
    """The costs of a way in brackets, or nothing."""
    words = ", ".join(_COSTS[trait] for trait in Trait if trait in one.costs)
    return f" ({words})" if words else ""


def verdict(one: Considered) -> str:
    """What became of it, and why."""
    word = VERDICTS[one.verdict]
    return f"{word}: {one.fact}" if one.fact else word


def steps(change: Change, plan: Plan) -> Iterator[str]:
    """The steps of the change, with their number in the plan, locks and cost."""
    numbers = {step.id: (number, step) for number, step in enumerate(plan.steps, 1)}
    for name in change.steps:
        number, step = numbers[name]
        yield f"step {number}, {step.phase}: {step.title}; {_price(step)}"


def _price(step: Step) -> str:
    locks = ", ".join(
        f"{lock.mode} on {lock.table} ({outline.blocks(lock)})" for lock in step.locks
    )
    price = "" if isinstance(step, AwaitRollout) else outline.cost(step)
    return "; ".join(part for part in (locks, price) if part)
