"""`zdm doctor`: is everything ready for `zdm execute`?"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zdm.cli import options, wiring
from zdm.cli.options import Database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zdm.model.diagnosis import Diagnosis

MARKS = {"ok": "✓", "warning": "!", "failed": "✗"}


def command(
    context: typer.Context,
    plan: Annotated[
        Path | None,
        typer.Argument(
            metavar="PLAN", help="Also check the tables of this plan.", show_default=False
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
    database: Database = None,
) -> None:
    """Check database, project and cluster before a run.

    Checks the database's settings and privileges, poolers, what earlier runs left behind, the
    Alembic project and, with the driver kubernetes, the cluster. Prints what to fix and
    changes nothing. Exit 3: a check failed.
    """
    from zdm.errors import RefusedError
    from zdm.model.diagnosis import Verdict
    from zdm.workflows import examine

    settings = wiring.settings(context, database)
    found = examine.run(settings, plan)
    typer.echo(_json(found) if as_json else _text(found))
    failed = [one.name for one in found if one.verdict is Verdict.FAILED]
    if failed:
        raise RefusedError(
            f"{len(failed)} of {len(found)} checks failed ({', '.join(failed)}), so a run would"
            " be refused or do harm",
            hint="fix each as shown below it, then run `zdm doctor` again",
        )
    options.say(f"{len(found)} checks, none failed")


def _json(found: "Sequence[Diagnosis]") -> str:
    return json.dumps(
        [
            {
                "name": one.name,
                "verdict": one.verdict,
                "said": one.said,
                "remedy": one.remedy,
            }
            for one in found
        ],
        indent=2,
        ensure_ascii=False,
    )


def _text(found: "Sequence[Diagnosis]") -> str:
    lines = []
    for one in found:
        lines.append(f"{MARKS[one.verdict]} {one.name}: {one.said}")
        if one.remedy:
            lines.append(f"    → {one.remedy}")
    return "\n".join(lines)
