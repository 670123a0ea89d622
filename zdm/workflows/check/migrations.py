"""Judge migrations for `zdm check`: read the files, walk them with the rules; with the runner
`zdm`, what `zdm plan` refuses counts, and what it makes safe is a note."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from zdm.config.settings import NEWEST_SERVER, OLDEST_SERVER, Settings
from zdm.errors import InputError
from zdm.model.findings import Severity
from zdm.model.rule import Transactions
from zdm.model.schema import Snapshot
from zdm.model.statement import Source
from zdm.rules import ALL, baseline, blocks, ignored
from zdm.rules.baseline import Baseline
from zdm.rules.fixes import Fixed, Left
from zdm.rules.report import InputFile, Report, Reported, Terms, Today
from zdm.rules.transactions import baseline_unused, multiple_heads
from zdm.serialize import input_file, snapshot_file
from zdm.workflows.check import baseline_file, inputs, roots, two_processes, undoing
from zdm.workflows.check import changes as git
from zdm.workflows.check.changes import Changes
from zdm.workflows.check.inputs import Found, Revisions

BY_ZDM, ALEMBIC, SQL = "zdm", "alembic", "sql"
STDIN = "-"
_RUNNERS = (BY_ZDM, ALEMBIC, SQL)
_NEW, _EDITED, _RELEASED = "new", "edited", "released"
_WORDS = {"error": Severity.ERROR, "warn": Severity.WARN, "off": None}
RevisionReader = Callable[[Found], Revisions]
Planner = Callable[[Report, tuple[InputFile, ...], Snapshot, Terms, tuple[Path, ...]], Report]
Fixer = Callable[[tuple[InputFile, ...], Snapshot, Terms], Fixed]


class Asked(Struct, frozen=True, kw_only=True):
    """What the caller wants checked."""

    paths: tuple[Path, ...] = ()
    since: str | None = None
    stdin: InputFile | None = None  # the file that `-` among the paths means
    snapshot: Path | None = None
    runner: str | None = None
    allow_empty: bool = False
    without_baseline: bool = False  # which is to be written
    today: Today  # on which ignores expire


def run(
    settings: Settings,
    asked: Asked,
    planner: Planner,
    reader: RevisionReader,
    fixer: Fixer | None = None,
) -> Report:
    """What is unsafe in the migrations; InputError where that cannot be known. The reader reads
    Alembic revisions; the planner is asked where zdm runs them, the fixer where they are to be
    fixed first."""
    runner = _runner(settings, asked.runner)
    if fixer is not None and runner == BY_ZDM:
        raise InputError(
            "zdm runs these migrations, and `zdm plan` makes them safe, so there is nothing to"
            " fix in the files",
            hint="leave out --fix and --diff, or set `runner` under [check] in zdm.toml",
        )
    asked = replace(asked, paths=asked.paths or _default_paths(settings, runner))
    changes = None if asked.since is None else git.since(asked.since, settings.root)
    found = inputs.find((path for path in asked.paths if path != Path(STDIN)), changes)
    revisions = reader(found) if found.revisions else Revisions()
    pending = _pending(revisions, settings, changes) if runner == BY_ZDM else ()
    read = Revisions() if runner == BY_ZDM else revisions  # `zdm plan` judges those of zdm
    named = (
        *_files(found, settings.root, changes),
        *_of_revisions(read, settings.root, changes),
    )
    files = tuple(_from_start(named, settings.check.start))
    files += () if asked.stdin is None else (asked.stdin,)
    if not pending and not any(file.judged for file in files):
        return _nothing(asked, files)
    start = _start(settings, asked.snapshot)
    if asked.snapshot is not None:  # which has what earlier files made
        files = tuple(file for file in files if file.judged)
    terms = _terms(settings, one_release=changes is not None, start=start, today=asked.today)
    left: tuple[Left, ...] = ()
    if fixer is not None:
        python = {relative(revision.path, settings.root) for revision in revisions.read}
        fixed = fixer(tuple(f for f in files if f.path not in python), start, terms)
        files = (*fixed.files, *(f for f in files if f.path in python))
        left = fixed.left
    report = two_processes.check(files, start, terms, ALL)
    if not (pending or report.statements or report.findings or asked.allow_empty):
        raise _nothing_to_check("no file that is checked holds a statement")
    report = _with_revisions(report, revisions, settings.root, terms)
    if runner == BY_ZDM:
        there = tuple(file for file in files if not file.gone)
        report = planner(report, there, start, terms, pending)
    if settings.check.baseline is not None and not asked.without_baseline:
        accepted = baseline_file.read(
            settings.check.baseline, relative(settings.check.baseline, settings.root)
        )
        report = _with_baseline(report, accepted, terms, files)
    return replace(
        report,
        notes=(
            *report.notes,
            *_notes(runner, terms, found, asked),
            *map(_not_fixed, left),
        ),
    )


def _pending(
    revisions: Revisions, settings: Settings, changes: Changes | None
) -> tuple[Path, ...]:
    """Revisions that a plan must have: not applied, and new or changed."""
    applied = settings.alembic.base if settings.alembic is not None else ()
    return tuple(
        path for path in revisions.pending(applied) if _state(path, changes) != _RELEASED
    )


def refuse_to_write(asked: Asked) -> None:
    """InputError where a fix would edit migrations that may have been released, or no file."""
    if asked.stdin is not None:
        raise InputError(
            "standard input cannot be fixed in place", hint="give --diff instead of --fix"
        )
    folders = [path for path in asked.paths if input_file.is_folder(path)]
    if folders and asked.since is None:
        raise InputError(
            f"--fix with the folder {folders[0]} would edit released migrations, too",
            hint="add --since REF to fix what is new, or name the files",
        )


def baseline_to_write(settings: Settings, asked: Asked) -> Path:
    """InputError where the baseline has no place, or would not hold all findings."""
    if settings.check.baseline is None:
        raise InputError(
            "no file is set for the baseline",
            hint='set `baseline = "check-baseline.json"` under [check] in zdm.toml',
        )
    if asked.since is not None:
        raise InputError(
            "--write-baseline with --since would leave out the findings in other files",
            hint="leave out --since",
        )
    return settings.check.baseline


def _not_fixed(left: Left) -> str:
    return f"not fixed: {left.finding.source}: {left.finding.rule}: {left.why}"


def _runner(settings: Settings, given: str | None) -> str:
    """Who runs the migrations: a wrong guess would let unsafe ones pass."""
    chosen = given or settings.check.runner
    if chosen in _RUNNERS:
        return chosen
    if chosen is not None:
        raise InputError(
            f"--runner must be one of {', '.join(_RUNNERS)}, not `{chosen}`",
            hint="zdm: `zdm execute` does; alembic: `alembic upgrade`; sql: another tool sends"
            " the files as they are",
        )
    if input_file.is_folder(settings.plans) and any(settings.plans.glob("*.yaml")):
        return BY_ZDM
    raise InputError(
        "who runs the migrations is not set, and what is unsafe depends on it",
        hint='set `runner = "sql"` under [check] in zdm.toml if another tool sends the files as'
        ' they are, `runner = "alembic"` if `alembic upgrade` runs revisions, or'
        ' `runner = "zdm"` if `zdm execute` does',
    )


def _default_paths(settings: Settings, runner: str) -> tuple[Path, ...]:
    """Where the revisions are, if nothing is named and the runner reads revisions."""
    if runner == SQL or settings.alembic is None:
        return ()
    return roots.of_alembic(settings.alembic.ini)


def _from_start(files: Iterable[InputFile], start: str | None) -> Iterator[InputFile]:
    """The files, those before the start as released."""
    begun = start is None
    for file in files:
        begun = begun or start in (file.path, Path(file.path).name)
        yield file if begun else replace(file, judged=False, edited=False)
    if not begun:
        raise InputError(
            f"`start` under [check] is `{start}`, and no file that is checked has this name",
            hint="name the first migration to judge, and check the whole folder",
        )


def _with_baseline(
    report: Report, accepted: Baseline, terms: Terms, files: Iterable[InputFile]
) -> Report:
    found = baseline.applied(report, accepted, {f.path for f in files if f.judged})
    rule = baseline_unused.RULE
    severity = terms.severities_at(accepted.path).get(rule.slug, rule.severity)
    if severity is None:
        return found.report
    weighed = replace(rule, severity=severity)
    more = (ignored.of_file(weighed, *unused) for unused in found.unused)
    return replace(found.report, findings=(*found.report.findings, *more))


def _state(path: Path, changes: Changes | None) -> str:
    if changes is None:
        return _NEW
    if changes.is_new(path):
        return _NEW
    return _EDITED if changes.is_edited(path) else _RELEASED


def _files(found: Found, root: Path, changes: Changes | None) -> Iterator[InputFile]:
    for path in found.files:
        if path in found.gone:
            name = found.gone[path]
            gone = "was deleted" if name is None else f"was renamed to {relative(name, root)}"
            yield InputFile(path=relative(path, root), data=b"", edited=True, gone=gone)
            continue
        state = _state(path, changes)
        yield InputFile(
            path=relative(path, root),
            data=undoing.up_part(input_file.read(path)),
            judged=state != _RELEASED,
            edited=state == _EDITED,
            place=path,
        )


def _of_revisions(
    revisions: Revisions, root: Path, changes: Changes | None
) -> Iterator[InputFile]:
    for revision in revisions.read:
        state = _state(revision.path, changes)
        yield InputFile(
            path=relative(revision.path, root),
            data=revision.sql.encode(),
            judged=state != _RELEASED,
            edited=state == _EDITED,
        )


def _with_revisions(report: Report, revisions: Revisions, root: Path, terms: Terms) -> Report:
    """The Report with what is not plain SQL in revisions in their own words."""
    why = {
        (relative(revision.path, root), line): reason
        for revision in revisions.read
        for line, reason in revision.unread.items()
    }
    files = {relative(revision.path, root) for revision in revisions.read}
    findings = [
        _in_python(f, why.get((f.source.file, f.source.line))) if f.source.file in files else f
        for f in report.findings
    ]
    rule = multiple_heads.RULE
    severity = terms.severities.get(rule.slug, rule.severity)
    for head in revisions.heads[1:] if severity is not None else ():
        place = Source(file=relative(head, root), line=1, column=1)
        others = ", ".join(relative(path, root) for path in revisions.heads if path != head)
        message = f"no revision follows this one, nor {others}: `alembic upgrade head` fails"
        findings.append(ignored.of_file(replace(rule, severity=severity), place, message))
    return replace(report, findings=tuple(findings))


def _in_python(finding: Reported, why: str | None) -> Reported:
    """The columns of the SQL are none of the file's."""
    finding = replace(finding, source=replace(finding.source, column=1))
    if why is None or finding.rule != "unparsed-statement":
        return finding
    return replace(
        finding,
        message=f"what this does is not known: {why}",
        remedy="write it as `op` calls with plain arguments, or ignore it with the reason why"
        " it is safe",
        statement="",
        others=(finding.statement,),
    )


def relative(path: Path, root: Path) -> str:
    """A path as findings write it."""
    absolute = path.absolute()
    if absolute.is_relative_to(root):
        return absolute.relative_to(root).as_posix()
    return path.as_posix()


def _nothing(asked: Asked, files: tuple[InputFile, ...]) -> Report:
    """Nothing to check is no success, unless the caller expects it; that nothing says where
    the migrations are is never expected."""
    if not asked.paths and not files:
        raise InputError(
            "no file or folder is named, so there is nothing to check",
            hint="name one, or set `paths` under [check] in zdm.toml; revisions of Alembic are"
            " found where alembic.ini is beside zdm.toml",
        )
    why = f"nothing changed since {asked.since}" if files else "no SQL file was found"
    if asked.allow_empty:
        return Report(findings=(), files=0, statements=0, understood=0, notes=(why,))
    raise _nothing_to_check(why)


def _nothing_to_check(why: str) -> InputError:
    return InputError(
        f"{why}, so there is nothing to check", hint="give --allow-empty if that is expected"
    )


def _start(settings: Settings, file: Path | None) -> Snapshot:
    if file is not None:
        return snapshot_file.loads(input_file.read_text(file), str(file))
    major = settings.server_version or NEWEST_SERVER
    return Snapshot(server_version=major * 10_000)


def _terms(settings: Settings, *, one_release: bool, start: Snapshot, today: Today) -> Terms:
    check = settings.check
    one = settings.server_version or (start.major if start.tables else None)
    return Terms(
        majors=tuple(range(OLDEST_SERVER, NEWEST_SERVER + 1)) if one is None else (one,),
        transactions=Transactions(check.transactions),
        severities=dict(_severities(check.rules, "[check.rules]")),
        severities_in=tuple(
            (pattern, dict(_severities(given, f'[check.rules_in."{pattern}"]')))
            for pattern, given in check.rules_in
        ),
        lock_timeout_limit=check.lock_timeout_limit,
        no_transaction=_no_transaction(check.no_transaction),
        one_release=one_release,
        today=today,
    )


def _no_transaction(line: str) -> str:
    if line and blocks.mode(line.encode(), Transactions.FILE) is not Transactions.STATEMENT:
        raise InputError(
            f"`no_transaction` under [check] is `{line}`, which is no comment by which a runner"
            " that zdm knows opens no transaction",
            hint="write the whole comment, such as `-- atlas:txmode none` or"
            " `-- no-transaction`",
        )
    return line


def _severities(
    given: Iterable[tuple[str, str]], table: str
) -> Iterator[tuple[str, Severity | None]]:
    known = {rule.slug for rule in ALL}
    for slug, word in given:
        if slug not in known:
            raise InputError(
                f"{table} names `{slug}`, which is not a rule of zdm",
                hint="`zdm check --list-rules` lists all",
            )
        if word not in _WORDS:
            raise InputError(
                f"{table} {slug} must be one of {', '.join(_WORDS)}, not `{word}`",
                hint="see docs/reference/config.md for the settings",
            )
        yield slug, _WORDS[word]


def _notes(runner: str, terms: Terms, found: Found, asked: Asked) -> tuple[str, ...]:
    """What the verdict rests on."""
    notes = []
    if runner != BY_ZDM and (found.files or asked.stdin is not None):
        sent = (
            "in one transaction" if terms.transactions is Transactions.FILE else "without one"
        )
        notes.append(f"each file is taken to be sent {sent} (`transactions` under [check])")
    if asked.since is None and len(found.files) > 1:
        notes.append(
            "each file is taken to be a release of its own; --since REF takes all that"
            " changed as one"
        )
    if found.down:
        files = "1 file that undoes" if found.down == 1 else f"{found.down} files that undo"
        notes.append(f"{files} a migration {'was' if found.down == 1 else 'were'} left out")
    return tuple(notes)
