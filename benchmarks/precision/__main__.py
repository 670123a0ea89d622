"""Compare `zdm check` with squawk, and both with what PostgreSQL does.

    python -m benchmarks.precision --squawk-source CLONE [--squawk PROGRAM]

squawk is installed from PyPI into a virtual environment of its own in the cache; its test
statements are read from a clone of its repository, and only their names and hashes are kept.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg

from benchmarks.precision import corpora, observed, tools
from benchmarks.precision.corpora import Case
from zdm.errors import InputError
from zdm.postgres.server.programs import cache_directory
from zdm.rules.report import Level

VERSION = "2.70.0"
RESULTS = Path(__file__).with_name("results.json")


def main() -> None:
    """Write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.precision")
    parser.add_argument("--squawk-source", type=Path, required=True, help="a git repository")
    parser.add_argument("--squawk", type=Path, help="its program; else installed from PyPI")
    parser.add_argument("--only", default="", help="names that contain this; prints them")
    given = parser.parse_args()
    program = given.squawk or installed()
    cases = [*corpora.rules(), *corpora.squawk(given.squawk_source)]
    cases = list(readable([case for case in cases if given.only in case.name]))
    rows = judged(cases, program)
    if given.only:
        for row in rows:
            sys.stdout.write(json.dumps(row) + "\n")
        return
    RESULTS.write_text(
        "[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]\n"
    )


def installed() -> Path:
    """squawk, in a virtual environment of its own."""
    home = cache_directory() / "precision" / f"squawk-{VERSION}"
    program = home / "bin/squawk"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        pip = [str(home / "bin/python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, f"squawk-cli=={VERSION}"], check=True)
    return program


def readable(cases: Sequence[Case]) -> Iterator[Case]:
    """Those that PostgreSQL's parser reads; some of squawk's are wrong on purpose."""
    for case in cases:
        try:
            tools.statements(case.sql)
        except InputError:
            sys.stderr.write(f"left out, not SQL: {case.corpus} {case.name}\n")
            continue
        yield case


def judged(cases: Sequence[Case], program: Path) -> list[dict[str, object]]:
    """One row for each statement."""
    with tempfile.TemporaryDirectory() as folder:
        theirs = tools.squawk(program, cases, Path(folder))
    rows = []
    with observed.server() as server:
        for case, squawk in zip(cases, theirs, strict=True):
            try:
                seen = observed.case(server, case)
            except psycopg.Error as error:
                sys.stderr.write(f"left out, cannot be run: {case.corpus} {case.name}: {error}\n")
                continue
            errors, all_ = tools.zdm(case, Level.ERROR), tools.zdm(case, Level.WARN)
            for number, one in enumerate(seen):
                rows.append(
                    {
                        "corpus": case.corpus,
                        "case": case.name,
                        "statement": number + 1,
                        "sha256": one.sha256,
                        "facts": list(one.facts),
                        "unknown": one.unknown,
                        "unlimited": one.unlimited,
                        "zdm": sorted(all_.get(number, ())),
                        "zdm_errors": sorted(errors.get(number, ())),
                        "squawk": sorted(squawk.get(number, ())),
                    }
                )
    return rows


if __name__ == "__main__":
    main()
