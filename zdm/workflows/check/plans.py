"""What `zdm check` says where zdm runs the migrations: what `zdm plan` refuses, plan files that
are missing or stale; what the planner makes safe is a note."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from zdm.errors import RefusedError
from zdm.model.findings import Finding
from zdm.model.plan import Plan
from zdm.model.rule import Planned
from zdm.model.schema import Snapshot
from zdm.model.statement import Source, Train
from zdm.parse import split
from zdm.planning import classify, schedule
from zdm.planning.schedule import TrainRefusedError
from zdm.rules import walk
from zdm.rules.report import InputFile, Level, Report, Reported, Terms
from zdm.serialize import input_file
from zdm.workflows import plan_files, plan_revisions

MISSING, STALE = "plan-missing", "plan-stale"
_BY_PLANNER = frozenset({"unparsed-statement"})  # which `zdm plan` judges for itself


class Place(Struct, frozen=True, kw_only=True):
    """Where plan files are; `known`: the schema is the database's own, not only what the files
    make."""

    root: Path
    plans: Path
    known: bool


def judged(
    report: Report, files: Sequence[InputFile], start: Snapshot, terms: Terms, place: Place
) -> Report:
    """The Report of the rules, with what the planner says."""
    noted = tuple(_noted(finding) for finding in report.findings)
    said = tuple(_of_planner(files, start, terms, place))
    order = {file.path: number for number, file in enumerate(files)}
    every = sorted(
        (*said, *noted),
        key=lambda f: (order.get(f.source.file, len(order)), f.source.line, f.source.column),
    )
    return replace(report, findings=tuple(every))


def _noted(finding: Reported) -> Reported:
    if finding.planned == Planned.NO and finding.rule not in _BY_PLANNER:
        return finding
    return replace(finding, level=Level.NOTE)


def _of_planner(
    files: Sequence[InputFile], start: Snapshot, terms: Terms, place: Place
) -> Iterator[Reported]:
    snapshot = start
    for group in _groups(files, terms):
        if group[0].judged:
            yield from _of_group(group, snapshot, place)
        snapshot = walk.after(group, snapshot, terms)


def _groups(files: Sequence[InputFile], terms: Terms) -> Iterator[tuple[InputFile, ...]]:
    """Files that are planned as one train: all that are judged, or each by itself."""
    waiting: list[InputFile] = []
    for file in files:
        if file.judged and terms.one_release:
            waiting.append(file)
        else:
            yield (file,)
    if waiting:
        yield tuple(waiting)


def _of_group(
    group: tuple[InputFile, ...], snapshot: Snapshot, place: Place
) -> Iterator[Reported]:
    train = _train(group)
    if not train.statements:
        return
    name = Path(group[-1].path).stem
    try:
        plan = schedule.plan(
            classify.classify(train, snapshot), name=name, train=train, snapshot=snapshot
        )
    except TrainRefusedError as error:
        yield from (_refused(finding, group[0]) for finding in error.findings)
        return
    yield from _of_file(plan, place, group)


def _train(group: tuple[InputFile, ...]) -> Train:
    """The files as `zdm plan` reads them."""
    whole = Train(statements=(), files=())
    for file in group:
        statements = split.statements(file.data, file.path)
        whole = replace(
            whole,
            statements=(
                *whole.statements,
                *plan_revisions.after(whole.statements, statements),
            ),
            files=(*whole.files, split.source_file(file.data, file.path)),
        )
    return whole


def _refused(finding: Finding, file: InputFile) -> Reported:
    return Reported(
        rule=finding.slug,
        level=Level.ERROR,
        message=finding.message,
        remedy=finding.remedy,
        source=finding.source or Source(file=file.path, line=1, column=1),
        statement=finding.statement.strip(),
    )


def _of_file(plan: Plan, place: Place, group: tuple[InputFile, ...]) -> Iterator[Reported]:
    path = place.plans / f"{plan.name}.yaml"
    shown = plan_revisions.relative(path, place.root)
    source = Source(file=group[-1].path, line=1, column=1)
    names = " ".join(file.path for file in group)
    remedy = f"write it with `zdm plan {names} -o {shown}`, and have it reviewed"
    if not input_file.is_file(path):
        message = f"the plan {shown} is not there, so it was not reviewed"
        yield _of_plan(MISSING, message, remedy, source)
        return
    try:
        if place.known:
            plan_files.check(plan, path)
        else:
            plan_files.check_sources(plan_files.read_plan(path), place.root)
    except RefusedError as error:
        yield _of_plan(STALE, error.message.splitlines()[0], remedy, source)


def _of_plan(slug: str, message: str, remedy: str, source: Source) -> Reported:
    return Reported(rule=slug, level=Level.ERROR, message=message, remedy=remedy, source=source)
