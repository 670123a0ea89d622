"""Alembic revisions that zdm runs: each pending one is in a plan file, as it is now."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from zdm.model.plan import Plan
from zdm.model.statement import Source
from zdm.rules.report import Level, Report, Reported
from zdm.serialize import input_file
from zdm.workflows import plan_files, plan_revisions
from zdm.workflows.check.plans import MISSING, STALE, Place


def judged(report: Report, revisions: Sequence[Path], place: Place) -> Report:
    """The Report with the revisions that no plan has, or only as they once were."""
    plans = _plans(place) if revisions else ()
    found = [one for path in revisions for one in _of_revision(path, plans, place)]
    kept = len(revisions) - len(found)
    note = f"{kept} of {len(revisions)} pending revisions are in a plan, as they are now"
    return replace(
        report,
        findings=(*report.findings, *found),
        notes=(*report.notes, note) if revisions else report.notes,
    )


def _plans(place: Place) -> tuple[Plan, ...]:
    if not input_file.is_folder(place.plans):
        return ()
    return tuple(plan_files.read_plan(file) for file in sorted(place.plans.glob("*.yaml")))


def _of_revision(path: Path, plans: Sequence[Plan], place: Place) -> Iterator[Reported]:
    shown = plan_revisions.relative(path, place.root)
    having = [plan for plan in plans if any(file.path == shown for file in plan.files)]
    if not having:
        yield _finding(MISSING, "no plan has this revision, so it was not reviewed", shown)
        return
    now = plan_files.sha256(path)
    if not any(file.sha256 == now for plan in having for file in plan.files):
        message = f"it has changed since the plan {having[-1].name} was made"
        yield _finding(STALE, message, shown)


def _finding(rule: str, message: str, file: str) -> Reported:
    return Reported(
        rule=rule,
        level=Level.ERROR,
        message=message,
        remedy="write the plan with `zdm plan -o plans/`, and have it reviewed",
        source=Source(file=file, line=1, column=1),
    )
