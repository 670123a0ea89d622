"""The command line: one file per command; reads arguments, calls one function, prints.

A command's module, and all that it needs, is imported only when that command is chosen,
because `zdm --help` must answer at once. Data goes to stdout, everything else to stderr.
`main` is the one place that turns errors into exit codes.
"""

import gc
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, NoReturn

import typer
import typer.core
import typer.main

from zdm import __version__
from zdm.cli import streams
from zdm.errors import InputError, ZdmError

CONFIG = "zdm.config"  # key of the invocation's settings file in the context's meta
# Imported modules create hundreds of thousands of objects that all live until the end;
# repeated garbage collections take a tenth of a short command's time.
GARBAGE_THRESHOLD = 50_000
COMMANDS: Mapping[str, str] = {
    "new": "Create an Alembic revision",
    "snapshot": "Write the database's schema to a file",
    "plan": "Split pending revisions or SQL files into zero-downtime steps",
    "check": "Report what is unsafe in migrations, for CI",
    "verify": "Replay a plan on a throwaway server and check what it claims",
    "execute": "Run a plan, wait for the rollout, contract",
    "status": "Show the state of the database's run",
    "pause": "Pause the run",
    "resume": "Resume a paused run",
    "cancel": "Stop the executor; the run can be resumed later",
    "approve": "End the revert window early",
    "rollback": "Roll back an unfinished run, before the point of no return",
    "doctor": "Check database, project and cluster before a run",
    "guard": "Refuse to start an application version that the schema does not serve",
    "manifest": "Print the Kubernetes objects that run a plan as a Job",
    "demo": "Rename a column under live traffic on an embedded server",
    "schema": "Print the JSON schema of plan files",
}


class _Commands(dict[str, Any]):
    """The commands by name; each is imported when it is asked for."""

    def __missing__(self, name: str) -> Any:
        if name not in COMMANDS:
            raise KeyError(name)
        module = importlib.import_module(f"zdm.cli.commands.{name}")
        command = typer.Typer(add_completion=False, rich_markup_mode=None)
        command.command(name)(module.command)
        self[name] = typer.main.get_command(command)
        return self[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in COMMANDS else default

    def keys(self) -> Any:
        return COMMANDS.keys()

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)


class Group(typer.core.TyperGroup):
    """The top command: lists its commands without importing them."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**{**attributes, "commands": _Commands()})

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  Typer's signature
        """List the commands as `--help` shows them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


app = typer.Typer(
    cls=Group,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"zdm {__version__}")
        raise typer.Exit


@app.callback()
def top(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(help="Settings file; else zdm.toml in this folder or above.")
    ] = None,
    version: Annotated[  # noqa: ARG001  answered by its callback
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Zero-downtime PostgreSQL migrations: plan, verify, execute between rollouts."""
    context.meta[CONFIG] = config


def main() -> NoReturn:
    """Run the command line and exit with the code that the outcome has by contract."""
    sys.excepthook = report_bug
    gc.set_threshold(GARBAGE_THRESHOLD)
    streams.take()
    try:
        _check_encoding()
        command = typer.main.get_command(app)
        code = command(sys.argv[1:] or ["--help"], prog_name="zdm", standalone_mode=False)
        if not code:
            _check_written()
    except ZdmError as error:
        report(_with_findings(error), error.hint, bug=type(error) is ZdmError)
        sys.exit(error.exit_code)
    except typer.TyperException as error:
        report(error.format_message(), _usage_hint(error))
        sys.exit(error.exit_code)
    except typer.Abort:
        sys.exit(128 + signal.SIGINT)
    sys.exit(code if isinstance(code, int) else 0)


def _check_encoding() -> None:
    """Refuse arguments and variables that are not in the locale's encoding."""
    words = {f"argument {number}": text for number, text in enumerate(sys.argv[1:], 1)}
    words |= {name: text for name, text in os.environ.items() if name.startswith("ZDM_")}
    for name, text in words.items():
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise InputError(
                f"{name} is not in the encoding {sys.getfilesystemencoding()}, so it cannot be"
                " read",
                hint="write it in UTF-8, and set LC_ALL=C.UTF-8",
            )


def _check_written() -> None:
    """A command whose output is lost has failed, and has changed nothing."""
    if fault := streams.lost():
        raise InputError(
            f"standard output cannot be written ({fault.strerror}), so what the command"
            " printed is lost",
            hint="send it to a file or a pipe that can be written",
        )


def _with_findings(error: ZdmError) -> str:
    """A refused train's message gives the number of statements; this adds each of them."""
    findings = getattr(error, "findings", ())
    if not findings:
        return error.message
    from zdm.render import findings as rendering

    return f"{error.message.splitlines()[0]}\n\n{rendering.render(findings)}"


def _usage_hint(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f"see `{context.command_path if context else 'zdm'} --help`"


def report(message: str, hint: str, *, bug: bool = False) -> None:
    """Print on stderr what is wrong and what to do about it."""
    bold, plain = ("\033[1;31m", "\033[0m") if _coloured() else ("", "")
    sys.stderr.write(f"{bold}error:{plain} {_harmless(message)}\n")
    if bug:
        hint = f"{hint}; this is a bug in zdm" if hint else "this is a bug in zdm"
    if hint:
        sys.stderr.write(f"\nhint: {_harmless(hint)}\n")


def _harmless(text: str) -> str:
    """A migration's text must not control the terminal of its reader."""
    return "".join(
        c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def _coloured() -> bool:
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")


def report_bug(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Report an unexpected exception; the interpreter then exits with 1."""
    frames = traceback.format_list(traceback.extract_tb(trace)[-3:])
    sys.stderr.write("".join(frames))
    report(f"{kind.__name__}: {error}", "please report it with the lines above", bug=True)
