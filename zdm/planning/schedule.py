"""Operations become a Plan: their recipes merged by phase, with the rollout between.

Within a phase the operations stay in their order, but the contract ends dual writes last. A
step's `serves` in the plan is the cumulative truth: a version works when every operation, as
far as it has come, serves it.
An operation is not begun before its first step; then the new version cannot rely on it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from zdm.errors import RefusedError
from zdm.model.findings import Finding, Hazard
from zdm.model.plan import (
    BOTH,
    OLD_ONLY,
    AwaitRollout,
    Backfill,
    Cost,
    OperationSummary,
    Phase,
    Plan,
    Step,
)
from zdm.model.schema import Snapshot
from zdm.model.statement import Source, Train
from zdm.parse import directives
from zdm.planning import walk
from zdm.planning.classify import Classification, Placed
from zdm.planning.order import (
    changed_early,
    decided_rows,
    deleted_rows,
    dropped_later,
    fills,
    forced_rows,
    lacking_rights,
    met_rows,
    met_through,
    moved_objects,
    new_keys,
    object_order,
    orphans_alone,
    partition_order,
    renamed_objects,
    row_order,
    taken_defaults,
)
from zdm.planning.order.waits import Waits, stop_before
from zdm.planning.walk import Owned
from zdm.recipes import stamp
from zdm.serialize import snapshot_file

_OF_DROP = {  # others: 1
    "extend_function": 0,
    "change_policy": 2,
    "change_owner": 2,
    stamp.SLUG: 3,
}
_DUAL_WRITES = frozenset(
    {"rename_column", "change_type", "move_column", "retype_column", "widen_integer"}
)
StampWhen = Literal["backfilled", "after_contract"]
_BREAKING = (
    "The next steps break the old version, so none of its instances and sessions, and nothing"
    " that could start one, may be left."
)
_ENDS_HERE = (
    "No step follows. The run ends once no instance of the old version is left, so that the"
    " next plan begins with one version."
)


class TrainRefusedError(RefusedError):
    """The train is refused; `findings` says why, statement by statement."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        count = len({finding.source or finding for finding in findings})
        lines = [
            f"  {finding.source}: {finding.message}\n    hint: {finding.remedy}"
            for finding in findings
        ]
        noun = "statement is" if count == 1 else "statements are"
        super().__init__(
            f"{count} {noun} refused, so nothing is planned\n" + "\n".join(lines),
            hint="change these statements, or remove them",
        )
        self.findings = findings


class Scheduled(Struct, frozen=True, kw_only=True):
    """The plan, and for each of its steps the position of its operation, if it has one."""

    plan: Plan
    owners: tuple[int | None, ...]


def plan(
    classification: Classification,
    *,
    name: str,
    train: Train,
    snapshot: Snapshot,
    stamp_when: StampWhen = "backfilled",
) -> Plan:
    """Put the operations' steps into phases; RefusedError if any statement is refused."""
    return scheduled(
        classification, name=name, train=train, snapshot=snapshot, stamp_when=stamp_when
    ).plan


def scheduled(
    classification: Classification,
    *,
    name: str,
    train: Train,
    snapshot: Snapshot,
    stamp_when: StampWhen = "backfilled",
) -> Scheduled:
    """The same, with which step is whose."""
    if classification.refused:
        raise TrainRefusedError(classification.refused)
    placed = classification.placed
    ordered = _ordered(placed, train, snapshot, stamp_when)
    run = replace(train, statements=classification.statements)
    conflicts = (
        tuple(orphans_alone.conflicts(ordered, placed))
        or fills.conflicts(ordered, placed)
        or row_order.conflicts(ordered, placed)
        or changed_early.conflicts(ordered, placed, run)
        or deleted_rows.conflicts(ordered, placed, run)
        or tuple(decided_rows.conflicts(ordered, placed, run))
        or taken_defaults.conflicts(ordered, placed, run)
        or met_rows.conflicts(ordered, placed)
        or tuple(new_keys.conflicts(ordered, placed))
        or tuple(dropped_later.conflicts(ordered, placed))
        or tuple(object_order.conflicts(ordered, placed))
        or tuple(forced_rows.conflicts(placed, run.statements))
        or tuple(lacking_rights.conflicts(placed, classification.after))
        or tuple(partition_order.conflicts(ordered, placed))
        or tuple(met_through.conflicts(ordered, placed))
        or tuple(renamed_objects.conflicts(placed))
        or tuple(moved_objects.conflicts(placed))
        or walk.conflicts(ordered, placed, snapshot, classification.after)
    )
    if conflicts:
        raise TrainRefusedError(conflicts)
    steps = _numbered(_served(ordered, placed))
    made = Plan(
        name=name,
        server_major=snapshot.major,
        fingerprint=snapshot_file.fingerprint(snapshot),
        search_path=snapshot.search_path,
        files=train.files,
        stamp=train.stamp,
        operations=tuple(
            OperationSummary(
                slug=p.operation.slug, title=p.operation.title, origin=p.context.origin
            )
            for p in placed
        ),
        hazards=_each_once(
            _placed(hazard, hazard.origin or p.context.origin)
            for p, context in zip(placed, dropped_later.contexts(ordered, placed), strict=True)
            for hazard in p.operation.hazards(context)
        ),
        notes=(
            *(f"{source}: {text}" for source, text in train.notes),
            *classification.notes,
            *(f"{f.source}: {f.message}" for f in classification.findings),
        ),
        steps=steps,
        statements=train.statements,
    )
    return Scheduled(plan=made, owners=tuple(owned.owner for owned in ordered))


def _each_once(hazards: Iterable[Hazard]) -> tuple[Hazard, ...]:
    """What several operations report in the same words once, with the places of all."""
    found: dict[tuple[str, str, str], Hazard] = {}
    for hazard in hazards:
        said = (hazard.operation, hazard.message, hazard.remedy)
        before = found[said].origin if said in found else ()
        origin = tuple(dict.fromkeys((*before, *hazard.origin)))
        found[said] = replace(hazard, origin=origin)
    return tuple(found.values())


def _placed(hazard: Hazard, origin: tuple[Source, ...]) -> Hazard:
    remedy = directives.in_its_form(hazard.remedy, origin[0]) if origin else hazard.remedy
    return replace(hazard, origin=origin, remedy=remedy)


def _ordered(
    placed: Sequence[Placed], train: Train, snapshot: Snapshot, stamp_when: StampWhen
) -> list[Owned]:
    waits = Waits()
    each = (
        Owned(owner=number, step=step)
        for number, place in enumerate(placed)
        for step in waits.placed(place)
    )
    steps = stop_before(tuple(each), placed)
    if train.stamp is not None:
        phase = Phase.VALIDATE if stamp_when == "backfilled" else Phase.DROP
        own = stamp.steps(train.stamp, snapshot, phase)
        steps += [Owned(owner=None, step=step) for step in own]
    if steps:
        steps.append(Owned(owner=None, step=_rollout([owned.step for owned in steps])))
    return sorted(steps, key=lambda owned: (owned.step.phase.position, _late(owned.step)))


def _late(step: Step) -> int:
    """The end of a dual write is the point of no return, so what may still fail on the data
    comes before it: a scan of a column that holds NULL, a constraint of the author's. And the
    text of a former function may name what is dropped, so that goes first; FORCE ROW LEVEL
    SECURITY hides the rows from zdm, and a new owner may take its rights, so they are last."""
    if step.phase is Phase.CONTRACT:
        return int(step.operation in _DUAL_WRITES)
    return _OF_DROP.get(step.operation, 1) if step.phase is Phase.DROP else 0


def _rollout(steps: Sequence[Step]) -> AwaitRollout:
    synced = [step for step in steps if isinstance(step, Backfill) and step.synced]
    follows = any(step.phase.position > Phase.ROLLOUT.position for step in steps)
    return AwaitRollout(
        id="rollout",
        title="deploy the new version, and wait until no old instance is left",
        reason=(_BREAKING if follows else _ENDS_HERE) + _comparing(synced),
        cost=Cost(rows=_rows(synced), scan=bool(synced)),
    )


def _comparing(synced: Sequence[Backfill]) -> str:
    """What the last look before the contract costs."""
    if not synced:
        return ""
    tables = ", ".join(sorted({str(step.table) for step in synced}))
    return (
        f" Then every row of {tables} is compared in both shapes: one more read of the table in"
        " short ranges, which blocks nothing; and the contract's lock lasts some milliseconds"
        " longer, since under it the schema is looked at once more."
    )


def _rows(synced: Sequence[Backfill]) -> int | None:
    known = [step.cost.rows for step in synced]
    return sum(rows for rows in known if rows is not None) if any(known) else None


def _served(steps: Sequence[Owned], placed: Sequence[Placed]) -> list[Step]:
    """Each step with the versions that work once it is done."""
    begun = {
        owned.owner for owned in steps if owned.step.phase.position < Phase.ROLLOUT.position
    }
    now = {n: OLD_ONLY if n in begun else BOTH for n in range(len(placed))}
    breaking = Counter(side for serves in now.values() for side in BOTH - serves)
    result: list[Step] = []
    for owned in steps:
        step = owned.step
        if owned.owner is not None:
            breaking.subtract(BOTH - now[owned.owner])
            breaking.update(BOTH - step.serves)
            now[owned.owner] = step.serves
        served = frozenset(side for side in BOTH if not breaking[side])
        if isinstance(step, AwaitRollout):
            result.append(step)
        else:
            result.append(replace(step, serves=served))
    return result


def _numbered(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Ids that are unique in the plan and name the place: `expand-1-users-new_email`."""
    count: Counter[Phase] = Counter()
    result: list[Step] = []
    for step in steps:
        if isinstance(step, AwaitRollout):
            result.append(step)
            continue
        count[step.phase] += 1
        result.append(replace(step, id=f"{step.phase.value}-{count[step.phase]}-{step.id}"))
    return tuple(result)
