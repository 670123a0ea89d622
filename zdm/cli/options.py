"""Options that several commands share, and how a command writes its output."""

import os
import shutil
import sys
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from zdm.cli import streams
from zdm.errors import InputError
from zdm.model.ranges import Delay
from zdm.serialize import codec

Database = Annotated[
    str | None,
    typer.Option(
        help="PostgreSQL URL; else ZDM_DATABASE_URL, else `database` in zdm.toml.",
        metavar="URL",
        show_default=False,
    ),
]
SnapshotFile = Annotated[
    Path | None,
    typer.Option(help="Schema to start from, as written by `zdm snapshot`.", metavar="FILE"),
]
PlanFile = Annotated[
    Path, typer.Argument(help="Plan file.", metavar="PLAN", show_default=False)
]

JsonLines = Annotated[
    bool, typer.Option("--json", help="Write events as JSON lines to stdout.")
]
TakeOver = Annotated[
    bool,
    typer.Option(
        "--take-over",
        help="Assert that the other executor is dead: end its sessions and continue.",
    ),
]
AssumeDead = Annotated[
    list[str] | None,
    typer.Option(
        help="Assert that a pod on a lost node no longer runs: pod/NAME, or"
        " pod/NAMESPACE/NAME; can be repeated.",
        metavar="POD",
        show_default=False,
    ),
]
EndBlockersAfter = Annotated[
    str | None,
    typer.Option(
        help="End sessions that have blocked a step for this long, such as 30s; else none.",
        metavar="DURATION",
        show_default=False,
    ),
]


class Until(StrEnum):
    """A state that a run may stop at, or continue from."""

    EXPANDED = "expanded"
    BACKFILLED = "backfilled"
    DEPLOYED = "deployed"
    CONTRACTED = "contracted"


class LogFormat(StrEnum):
    """How a run reports its progress on stderr."""

    AUTO = "auto"  # for a person on a terminal, else JSON
    HUMAN = "human"
    JSON = "json"


Log = Annotated[
    LogFormat,
    typer.Option(
        "--log-format",
        envvar="ZDM_LOG_FORMAT",
        help="Format of progress on stderr; auto: human on a terminal, else JSON lines.",
    ),
]
Listen = Annotated[
    str | None,
    typer.Option(
        help="Serve /metrics, /healthz and /readyz at this address during the run.",
        metavar="HOST:PORT",
        show_default=False,
    ),
]
Trace = Annotated[
    bool,
    typer.Option(
        "--trace",
        help="Send an OpenTelemetry trace; also done if OTEL_EXPORTER_OTLP_ENDPOINT is set.",
    ),
]


def duration(text: str, option: str) -> timedelta:
    """An option's duration, such as 30s or 5m."""
    try:
        value: timedelta = codec.from_plain(Delay, text, {timedelta: codec.DURATION})
    except codec.MisfitError as error:
        raise InputError(f"{option} {error.message}", hint="write 30s, 5m or 1h") from error
    return value


def say(text: str) -> None:
    """Print a message that is not data: on stderr."""
    typer.echo(text, err=True)


def reached(text: str) -> None:
    """Print what the command has done, which is so whether or not it can be printed."""
    streams.not_needed()
    typer.echo(text)
    if fault := streams.fault():
        say(f"warning: standard output cannot be written ({fault.strerror}): {text}")


def coloured() -> bool:
    """Whether stdout wants colour (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def width() -> int:
    """Columns of the terminal; 100 if there is none."""
    return shutil.get_terminal_size((100, 24)).columns
