"""`zdm check`: what is unsafe in migrations, as a gate for CI."""

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zdm.cli import options, wiring
from zdm.cli.options import SnapshotFile
from zdm.errors import InputError, RefusedError
from zdm.render.checks import Output
from zdm.render.layout import PLAIN, Layout

if TYPE_CHECKING:
    from datetime import date

    from zdm.config.settings import Settings
    from zdm.execute.clock import SystemClock
    from zdm.model.schema import Snapshot
    from zdm.rules.fixes import Fixed
    from zdm.rules.report import InputFile, Report, Terms
    from zdm.workflows.check.inputs import Found, Revisions
    from zdm.workflows.check.migrations import Asked, Fixer, Planner

_STDIN = "-"
_STEP_SUMMARY = "GITHUB_STEP_SUMMARY"


def command(
    context: typer.Context,
    paths: Annotated[
        list[str] | None,  # of which Typer makes no Path as fast
        typer.Argument(
            help="SQL files and folders, or - for standard input; else `paths` under [check].",
            metavar="[FILE|FOLDER]...",
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="Report only files that are new or changed since the work left this branch,"
            " tag or commit; the others say which schema they meet.",
        ),
    ] = None,
    snapshot: SnapshotFile = None,
    format_: Annotated[
        Output, typer.Option("--format", help="How to print the findings.")
    ] = Output.TEXT,
    runner: Annotated[
        str | None,
        typer.Option(
            metavar="zdm|alembic|sql",
            help="Who runs the migrations; else `runner` under [check].",
            show_default=False,
        ),
    ] = None,
    stdin_filename: Annotated[
        str, typer.Option(metavar="FILE", help="Name of what is read from standard input.")
    ] = "stdin.sql",
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Exit 0 if there is nothing to check.")
    ] = False,
    fix: Annotated[
        bool,
        typer.Option(
            "--fix",
            help="First write into the SQL files what a throwaway PostgreSQL shows to leave the"
            " same schema.",
        ),
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Print what --fix would change, and write nothing.")
    ] = False,
    write_baseline: Annotated[
        bool,
        typer.Option(
            "--write-baseline",
            help="Write all findings into `baseline` under [check], so that they do not count.",
        ),
    ] = False,
    explain: Annotated[
        str | None, typer.Option(metavar="RULE", help="Explain a rule, and exit.")
    ] = None,
    list_rules: Annotated[
        bool, typer.Option("--list-rules", help="List all rules, and exit.")
    ] = False,
) -> None:
    """Report what is unsafe in migrations, for CI.

    Reads SQL files and, without a database, knows the schema that each statement meets from
    the files before it. Exit 0: nothing at or above the fail level; 2: a file or a setting
    cannot be used; 3: refused.
    """
    if list_rules or explain is not None:
        typer.echo(_explained(explain), nl=False)
        return
    began = _clock().monotonic()
    gc.disable()  # what a check makes holds no cycles: its memory is the same without
    from zdm.workflows.check import migrations
    from zdm.workflows.check.migrations import Asked

    settings = wiring.settings(context)
    asked = Asked(
        paths=tuple(map(Path, paths)) if paths else settings.check.paths,
        since=since,
        stdin=_read_stdin(paths, stdin_filename),
        snapshot=snapshot,
        runner=runner,
        allow_empty=allow_empty,
        without_baseline=write_baseline,
        today=_today,
    )
    if write_baseline:
        _write_baseline(settings, asked)
        return
    if diff:
        _diff(settings, asked)
        return
    if fix:
        migrations.refuse_to_write(asked)
    report = migrations.run(
        settings,
        asked,
        _planner(settings, asked),
        _revisions,
        _fixer(settings) if fix else None,
    )
    _show(report, format_, settings, began)


def _today() -> "date":
    return _clock().now().date()


def _clock() -> "SystemClock":
    from zdm.execute.clock import SystemClock

    return SystemClock()


def _explained(slug: str | None) -> str:
    from zdm.render import rule_page
    from zdm.rules import ALL

    if slug is None:
        return rule_page.listed(ALL)
    rule = next((rule for rule in ALL if rule.slug == slug), None)
    if rule is None:
        raise InputError(
            f"`{slug}` is not a rule of zdm", hint="`zdm check --list-rules` lists all"
        )
    return rule_page.render(rule)


def _read_stdin(paths: list[str] | None, name: str) -> "InputFile | None":
    from zdm.rules.report import InputFile
    from zdm.serialize import input_file

    if Path(_STDIN) not in map(Path, paths or ()):
        return None
    data = sys.stdin.buffer.read(input_file.MOST_BYTES + 1)
    if len(data) > input_file.MOST_BYTES:
        raise InputError(
            f"standard input has more than {input_file.MOST_BYTES:,} bytes",
            hint="check it in parts",
        )
    return InputFile(path=name, data=data)


def _planner(settings: "Settings", asked: "Asked") -> "Planner":
    """What `zdm plan` says; it takes longer to load than all the rules."""

    def judge(
        report: "Report",
        files: "tuple[InputFile, ...]",
        start: "Snapshot",
        terms: "Terms",
        pending: tuple[Path, ...],
    ) -> "Report":
        from zdm.workflows.check import plans, reviewed

        place = plans.Place(
            root=settings.root, plans=settings.plans, known=asked.snapshot is not None
        )
        return reviewed.judged(plans.judged(report, files, start, terms, place), pending, place)

    return judge


def _revisions(found: "Found") -> "Revisions":
    """Alembic takes longer to load than all the rules."""
    from zdm.workflows.check import revisions

    return revisions.read(found)


def _write_baseline(settings: "Settings", asked: "Asked") -> None:
    from zdm.render.checks_summary import counted
    from zdm.rules import baseline
    from zdm.workflows.check import baseline_file, migrations

    file = migrations.baseline_to_write(settings, asked)
    report = migrations.run(settings, asked, _planner(settings, asked), _revisions)
    found = baseline.entries(report)
    baseline_file.write(file, found)
    shown = migrations.relative(file, settings.root)
    options.say(f"wrote {counted(len(found), 'finding')} to {shown}")


def _fixer(settings: "Settings") -> "Fixer":
    """Writes what can be fixed; needs a server."""

    def fixed(files: "tuple[InputFile, ...]", start: "Snapshot", terms: "Terms") -> "Fixed":
        from zdm.render.checks_summary import counted
        from zdm.workflows.check import fix

        done = fix.fixed(settings, files, start, terms)
        written = fix.write(files, done)
        options.say(f"fixed {counted(len(written), 'file')}")
        return done

    return fixed


def _diff(settings: "Settings", asked: "Asked") -> None:
    """Standard output gets the diff alone, and the verdict is that on the files as they are."""
    from zdm.workflows.check import migrations

    def shown(files: "tuple[InputFile, ...]", start: "Snapshot", terms: "Terms") -> "Fixed":
        from zdm.rules.fixes import Fixed
        from zdm.workflows.check import fix

        done = fix.fixed(settings, files, start, terms)
        typer.echo(fix.diff(files, done), nl=False)
        return Fixed(files=files, left=done.left)

    report = migrations.run(settings, asked, _planner(settings, asked), _revisions, shown)
    _end(report, settings)


def _show(report: "Report", format_: Output, settings: "Settings", began: float) -> None:
    if format_ is Output.GITHUB:
        _step_summary(report)
    layout = Layout(colour=options.coloured(), width=options.width())
    typer.echo(format_.render(report, layout), nl=False)
    options.say(f"note: took {_clock().monotonic() - began:.1f} s")
    _end(report, settings, said=format_ in (Output.TEXT, Output.MARKDOWN))


def _step_summary(report: "Report") -> None:
    """What GitHub shows below the job, where annotations end with the tenth."""
    place = os.environ.get(_STEP_SUMMARY)
    if place:
        try:
            with Path(place).open("a", encoding="utf-8") as file:
                file.write(Output.MARKDOWN.render(report, PLAIN))
        except OSError as error:
            raise InputError(
                f"{place} cannot be written: {error.strerror}",
                hint=f"unset {_STEP_SUMMARY}, or choose another --format",
            ) from error


def _end(report: "Report", settings: "Settings", *, said: bool = False) -> None:
    """Notes and the verdict; `said`: what is printed has the summary already."""
    from zdm.render import checks_summary
    from zdm.rules.report import Level

    for note in report.notes:
        options.say(f"note: {note}")
    summary = checks_summary.summary(report)
    if report.refuses(Level(settings.check.fail_level)):
        counting = [f for f in report.findings if not f.ignored and f.level is not Level.NOTE]
        of_sql = [f for f in counting if not f.source.file.endswith(".py")]
        fixable = any(finding.fix is not None for finding in of_sql)
        with_fix = ", with --fix where a fix is shown," if fixable else ","
        mark = "--" if of_sql else "#"
        raise RefusedError(
            f"findings of level {settings.check.fail_level} make the check fail"
            if said
            else summary,
            hint=f"change the statements{with_fix} or write `{mark} zdm: ignore RULE -- reason`"
            " above them; `zdm check --explain RULE` says more",
        )
    if not said:
        options.say(summary)
