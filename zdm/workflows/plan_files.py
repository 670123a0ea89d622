"""Plan and snapshot files: read them, and compare a plan with the sources it was made from."""

import difflib
import hashlib
from pathlib import Path

from msgspec.structs import replace

from zdm.errors import InputError, RefusedError
from zdm.execute.ports import PlanText
from zdm.model.plan import OBSERVED, Plan, RunSql, Step
from zdm.model.schema import Snapshot
from zdm.serialize import input_file, plan_file, snapshot_file

_DIFF_LINES = 40


def read_snapshot(file: Path) -> Snapshot:
    """The schema that a snapshot file holds."""
    return snapshot_file.loads(input_file.read_text(file), str(file))


def read_plan(file: Path) -> Plan:
    """The plan that a plan file holds."""
    return plan_of(input_file.read(file), file)


def plan_of(data: bytes, file: Path) -> Plan:
    """The plan that these bytes of a file hold."""
    return plan_file.loads(input_file.text_of(data, file), str(file))


def plan_text(plan: Plan) -> PlanText:
    """The plan with its file's text, as a run pins it."""
    return PlanText(plan=plan, text=plan_file.dumps(plan), digest=plan_file.digest(plan))


def check_sources(plan: Plan, root: Path) -> None:
    """Refuse a plan whose sources have changed since it was made."""
    for file in plan.files:
        path = root / file.path
        if input_file.is_file(path) and sha256(path) != file.sha256:
            raise RefusedError(
                f"{file.path} has changed since the plan {plan.name} was made, so the plan is"
                " stale",
                hint="plan again, and have the new plan reviewed",
            )


def sha256(file: Path) -> str:
    """What a plan pins a source by."""
    return hashlib.sha256(input_file.read(file)).hexdigest()


def check(plan: Plan, file: Path) -> None:
    """Refuse if the checked-in plan file does not match its sources."""
    if not input_file.is_file(file):
        raise RefusedError(
            f"{file} does not exist, so the plan could not be reviewed",
            hint=f"write it with `zdm plan -o {file}` and check it in",
        )
    found = input_file.read_text(file)
    wanted = plan_file.dumps(_with_seen(plan, found, file))
    if found == wanted:
        return
    lines = list(
        difflib.unified_diff(
            found.splitlines(), wanted.splitlines(), "file", "sources", lineterm="", n=1
        )
    )
    shown = "\n".join(f"  {line}" for line in lines[:_DIFF_LINES])
    more = f"\n  … {len(lines) - _DIFF_LINES} more lines" if len(lines) > _DIFF_LINES else ""
    raise RefusedError(
        f"{file} does not match its sources, so it is stale or was edited\n{shown}{more}",
        hint=f"write it again with `zdm plan -o {file}` and have it reviewed",
    )


def _with_seen(plan: Plan, found: str, file: Path) -> Plan:
    """The plan with the claims of the file for statements that run as written: only a replay
    knows them, and `zdm verify` compares them."""
    try:
        steps = {step.id: step for step in plan_file.loads(found, str(file)).steps}
    except InputError:
        return plan  # edited: the comparison shows where
    return replace(plan, steps=tuple(_as_seen(s, steps.get(s.id)) for s in plan.steps))


def _as_seen(step: Step, seen: Step | None) -> Step:
    if not isinstance(step, RunSql) or not step.as_written:
        return step
    if not isinstance(seen, RunSql) or seen.sql != step.sql:
        return step
    return replace(step, **{name: getattr(seen, name) for name in OBSERVED})


def write_plan(file: Path, plan: Plan) -> None:
    """Write the plan file."""
    write(file, plan_file.dumps(plan))


def write(file: Path, text: str) -> None:
    """Write a text, whole or not at all."""
    beside = file.with_name(f".{file.name}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        beside.replace(file)
    except OSError as error:
        raise InputError(
            f"{file} cannot be written: {error.strerror}", hint="name another file"
        ) from error
