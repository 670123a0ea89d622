"""Refuse a plan that does not follow from its own statements, or whose statements are not those
of the files that it names."""

from pathlib import Path

from zdm.errors import RefusedError
from zdm.model.plan import Plan
from zdm.model.schema import Snapshot
from zdm.model.statement import Statement
from zdm.planning import derived
from zdm.planning.schedule import TrainRefusedError
from zdm.serialize import input_file
from zdm.workflows import plan_revisions

_SHOWN = 8
_AGAIN = "plan again with this version of zdm, and have the new plan reviewed"


def check(plan: Plan, start: Snapshot, root: Path) -> None:
    """RefusedError where the plan says or does what its sources do not give.

    Statements of SQL files are read again from the files; those of revisions only from the
    plan, for `zdm plan --check` records them again. Files that are not there are not read.
    """
    _statements(plan, root)
    try:
        found = derived.differences(plan, start)
    except TrainRefusedError as error:
        raise RefusedError(
            f"the plan {plan.name} does not follow from its statements, which zdm refuses to"
            f" plan:\n{error.message}",
            hint=_AGAIN,
        ) from error
    if found:
        more = f"\n  … and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        lines = "\n".join(f"  {line}" for line in found[:_SHOWN])
        raise RefusedError(
            f"the plan {plan.name} does not follow from its statements: it was edited, or made"
            f" by another version of zdm\n{lines}{more}",
            hint=_AGAIN,
        )


def _statements(plan: Plan, root: Path) -> None:
    paths = [root / file.path for file in plan.files]
    if any(file.revision for file in plan.files) or not all(map(input_file.is_file, paths)):
        return
    read = plan_revisions.read_files([str(path) for path in paths], root)
    if [_said(one) for one in read.statements] != [_said(one) for one in plan.statements]:
        names = ", ".join(file.path for file in plan.files)
        raise RefusedError(
            f"the statements in the plan {plan.name} are not those of {names}",
            hint=_AGAIN,
        )


def _said(statement: Statement) -> tuple[object, ...]:
    return (
        statement.sql,
        statement.source,
        statement.transaction,
        statement.settings,
        statement.directives,
    )
