"""`zdm guard`: refuse to start an application version that the schema does not serve."""

import os
import sys
from datetime import timedelta
from typing import Annotated, NoReturn

import typer

from zdm.cli import options, wiring
from zdm.cli.options import Database
from zdm.errors import InputError
from zdm.model.release import Version


def command(
    context: typer.Context,
    program: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- COMMAND...]",
            help="Program that replaces zdm once the version is admitted.",
            show_default=False,
        ),
    ] = None,
    version: Annotated[
        str | None,
        typer.Option(
            help="The application's version; else ZDM_APP_VERSION.",
            metavar="VERSION",
            show_default=False,
        ),
    ] = None,
    wait: Annotated[
        str | None,
        typer.Option(
            help="Wait at most this long (15s, 5m) for the schema to become ready; else"
            " ZDM_GUARD_WAIT, else do not wait.",
            metavar="DURATION",
            show_default=False,
        ),
    ] = None,
    database: Database = None,
) -> None:
    """Refuse to start an application version that the schema does not serve.

    For an init container, or in front of the application's own command. Reads zdm's journal
    in the database and writes nothing. Exit 0: admitted; 3: refused permanently; 75: too
    early, or the database cannot be reached.
    """
    from zdm.cli import signals
    from zdm.execute.clock import SystemClock
    from zdm.execute.stop import StopFlag
    from zdm.postgres.journal import versions
    from zdm.workflows import guard_version

    url = wiring.database(wiring.settings(context, database))
    asked = _version(version)
    stop = StopFlag()
    waiting = guard_version.Patience(
        clock=SystemClock(), stop=stop, say=options.say, patience=_patience(wait)
    )
    with signals.stopped_by_signals(stop):
        admitted = guard_version.run(asked, lambda: versions.read(url), waiting)
    options.say(f"{asked} is admitted: {admitted.reason}")
    if program:
        _become(program)


def _version(given: str | None) -> Version:
    name = given or os.environ.get("ZDM_APP_VERSION")
    if not name:
        raise InputError(
            "no application version is given, so it cannot be checked",
            hint="give --version V, or set ZDM_APP_VERSION",
        )
    return Version(name)


def _patience(given: str | None) -> timedelta:
    text = (os.environ.get("ZDM_GUARD_WAIT") or "0s") if given is None else given
    return options.duration(text, "ZDM_GUARD_WAIT" if given is None else "--wait")


def _become(program: list[str]) -> NoReturn:
    """The program in zdm's place: it gets the signals, and its exit code is the container's."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvp(program[0], program)
    except OSError as error:
        raise InputError(
            f"`{program[0]}` cannot be started: {error.strerror}",
            hint="name a program that is in the image, after `--`",
        ) from error
