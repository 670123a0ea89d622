"""`zdm plan`: pending revisions or SQL files become a plan to review and check in."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zdm.cli import options, wiring
from zdm.cli.options import Database, SnapshotFile
from zdm.render.layout import Layout
from zdm.render.outputs import Output

if TYPE_CHECKING:
    from collections.abc import Callable

    from zdm.model.explained.explanation import Explanation
    from zdm.model.plan import Plan


def command(
    context: typer.Context,
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            help="Revisions or SQL files; else all pending revisions.",
            metavar="[REVISION|FILE]...",
            show_default=False,
        ),
    ] = None,
    snapshot: SnapshotFile = None,
    format_: Annotated[
        Output, typer.Option("--format", help="How to print the plan.")
    ] = Output.TERMINAL,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="File to write; for a folder, the plan file FOLDER/NAME.yaml. A name that does"
            " not end in .yaml gets the output of --format.",
        ),
    ] = None,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify/--no-verify", help="Replay the plan on a throwaway server first."
        ),
    ] = True,
    check: Annotated[
        bool,
        typer.Option("--check", help="Exit 3 if the plan file does not match its sources."),
    ] = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Print why the plan is as it is: for each change the ways that were"
            " considered, the one taken, and what other words would be cheaper.",
        ),
    ] = False,
    database: Database = None,
) -> None:
    """Split pending revisions or SQL files into zero-downtime steps.

    Changes nothing, neither in the database nor on the platform. If zdm cannot plan a
    statement safely, it refuses all of them and prints every reason.
    """
    if explain:
        from zdm.render import explained

        explained.check(format_)
    settings, named = wiring.settings(context, database), tuple(targets or ())
    with wiring.shadows() as shadows, wiring.begun(settings, named, shadows) as child:
        from zdm.workflows import plan_files, plan_revisions

        request = plan_revisions.PlanRequest(
            root=settings.root,
            targets=named,
            snapshot=plan_files.read_snapshot(snapshot) if snapshot else None,
            stamp=settings.stamp,
        )
        planned = plan_revisions.run(request, wiring.sources(settings, shadows, child))
        if snapshot is None:
            wiring.refuse_unseen_rows(settings, planned.plan)
            for line in wiring.missing_rights(settings, planned.plan):
                options.say(f"warning: {line}")
        plan, words = planned.plan, ""
        file = _file(output, settings.plans, plan.name)
        if verify and not check:
            plan, words = wiring.verify_where_possible(
                settings, plan, planned.snapshot, shadows
            )
    if check:
        plan_files.check(plan, file)
        options.say(f"{file} matches its sources")
        return
    if verify:
        options.say(words)
    why = planned.explanation() if explain else None
    _show(plan, file if output else None, partial(_rendered, plan, format_, words, why))


def _file(output: Path | None, plans: Path, name: str) -> Path:
    """Where the plan file is or goes."""
    from zdm.serialize import input_file

    if output is None or input_file.is_folder(output) or not output.suffix:
        return (output or plans) / f"{name}.yaml"
    return output


def _show(plan: "Plan", file: Path | None, rendered: "Callable[[Layout], str]") -> None:
    from zdm.serialize import plan_file
    from zdm.workflows import plan_files

    if file is not None and file.suffix not in (".yaml", ".yml"):
        plan_files.write(file, rendered(Layout(width=options.width())))
        return
    if file is not None:
        plan_files.write_plan(file, plan)
        options.say(f"{file} written, digest {plan_file.digest(plan)}")
    layout = Layout(colour=options.coloured(), width=options.width())
    typer.echo(rendered(layout), nl=False)


def _rendered(
    plan: "Plan", format_: Output, words: str, why: "Explanation | None", layout: Layout
) -> str:
    """The plan, in Markdown with what a replay proved; or why it is as it is."""
    if why is not None:
        from zdm.render import explained

        return explained.render(why, plan, format_, layout)
    text = format_.render(plan, layout)
    if format_ is not Output.MARKDOWN or not words:
        return text
    from zdm.render.outputs import markdown

    return markdown.with_proof(text, words)
