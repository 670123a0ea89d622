"""Runs the shell sessions of a document and puts what the commands say beneath them.

Only ```console blocks are run, in one folder, one after the other; a line that starts with
`$` is a command, what follows is its output (stdout, then stderr). Times differ from run to
run, so they are compared and stored as one fixed text each.
"""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

LENGTH = r"(?:\d+ms|\d+(?:\.\d)?s|\d+m(?:\d+s)?)"
BLOCK = re.compile(r"(```console\n)(.*?)(```)", re.DOTALL)
LENGTH = r"(?:\d+m)?\d+(?:\.\d)?m?s"
VOLATILE = (
    (re.compile(rf"\({LENGTH}\)"), "(120ms)"),
    # how often a log hears of progress depends on time
    (re.compile(r"^  … (\w+ +\d+ % |waiting |no old .* [2-9] of ).*\n", re.MULTILINE), ""),
    (re.compile(r"PostgreSQL (\d+)\.\d+"), r"PostgreSQL \1"),
    (re.compile(r"\d\d:\d\d:\d\d"), "12:00:00"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "2026-11-25"),
    (re.compile(r"process \d+ on [\w.-]+"), "process 4711 on laptop"),
    (re.compile(rf" in {LENGTH}\b"), " in 120ms"),
    (re.compile(r"WAL \d+\.\d MB"), "WAL 6.3 MB"),
)


def run(text: str, folder: Path, environment: Mapping[str, str]) -> str:
    """The document with the output that its commands have now."""

    def block(found: re.Match[str]) -> str:
        commands = [line for line in found[2].splitlines() if line.startswith("$ ")]
        said = [f"{line}\n{_output(line[2:], folder, environment)}" for line in commands]
        return found[1] + "".join(said) + found[3]

    return BLOCK.sub(block, text)


def _output(command: str, folder: Path, environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    text = done.stdout + done.stderr
    for pattern, fixed in VOLATILE:
        text = pattern.sub(fixed, text)
    return text
