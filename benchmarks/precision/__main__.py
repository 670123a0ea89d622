"""Compare `zdm check` with squawk and pgsafe, and all with what PostgreSQL does.

    python -m benchmarks.precision --squawk-source CLONE --pgsafe PROGRAM [--squawk PROGRAM]

squawk is installed from PyPI into a virtual environment of its own in the cache; its test
statements are read from a clone of its repository, and only their names and hashes are kept.
pgsafe is built by `cargo install pgsafe --version 0.11.0`, which needs libclang.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psycopg

from benchmarks.precision import corpora, histories, observed, tools
from benchmarks.precision.corpora import Case
from zdm.errors import InputError
from zdm.postgres.server.programs import cache_directory
from zdm.postgres.server.provider import Server

VERSION = "2.70.0"
CODE = re.compile(r"\b[0-9][0-9A-Z]{4}\b")
Facts = dict[str, object]
RESULTS = Path(__file__).with_name("results.json")


class Programs(NamedTuple):
    """The other tools."""

    squawk: Path
    pgsafe: Path


def main() -> None:
    """Write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.precision")
    parser.add_argument("--squawk-source", type=Path, required=True, help="a git repository")
    parser.add_argument("--squawk", type=Path, help="its program; else installed from PyPI")
    parser.add_argument("--pgsafe", type=Path, required=True, help="its program")
    parser.add_argument("--only", default="", help="names that contain this; prints them")
    parser.add_argument("--keep-facts", action="store_true", help="ask again only about others")
    parser.add_argument(
        "--but", metavar="REGEX", help="with --keep-facts: ask about these, too"
    )
    given = parser.parse_args()
    program = given.squawk or installed()
    with observed.server() as server:
        cases = [*corpora.rules(), *corpora.squawk(given.squawk_source)]
        if not given.only:
            cases += histories.histories(server)
        chosen = list(readable([case for case in cases if given.only in case.name]))
        programs = Programs(squawk=program, pgsafe=given.pgsafe)
        known = before() if given.keep_facts else {}
        if given.but:
            asked_again = re.compile(given.but, re.IGNORECASE)
            again = [c for c in chosen if asked_again.search(f"{c.corpus} {c.name}\n{c.sql}")]
            known = {k: v for k, v in known.items() if k not in {c.sha256 for c in again}}
        rows = judged(server, chosen, programs, known)
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


def judged(
    server: Server, cases: Sequence[Case], programs: Programs, known: Mapping[str, list[Facts]]
) -> list[dict[str, object]]:
    """One row for each statement."""
    with tempfile.TemporaryDirectory() as folder:
        theirs = tools.squawk(programs.squawk, cases, Path(folder))
        others = tools.pgsafe(programs.pgsafe, cases, Path(folder))
    rows: list[dict[str, object]] = []
    for case, squawk, pgsafe in zip(cases, theirs, others, strict=True):
        seen = known.get(case.sha256) or asked(server, case)
        errors, every = tools.zdm(case)
        rows += (
            {
                "corpus": case.corpus,
                "case": case.name,
                "statement": number + 1,
                "sha256": case.sha256,
                **one,
                "zdm": sorted(every.get(number, ())),
                "zdm_errors": sorted(errors.get(number, ())),
                "squawk": sorted(squawk.get(number, ())),
                "pgsafe": sorted(pgsafe.get(number, ())),
            }
            for number, one in enumerate(seen)
        )
    return rows


def asked(server: Server, case: Case) -> list[Facts]:
    """What PostgreSQL does at each statement."""
    try:
        return [
            {
                "facts": [kept(case, fact) for fact in one.facts],
                "unknown": kept(case, one.unknown),
                "unlimited": one.unlimited,
            }
            for one in observed.case(server, case)
        ]
    except psycopg.Error as error:
        sys.stderr.write(f"cannot be run: {case.corpus} {case.name}: {error}\n")
        return []


def before() -> dict[str, list[Facts]]:
    """The facts of an earlier run, by the hash of the migration; several may share one."""
    found: dict[str, dict[tuple[str, str], list[Facts]]] = {}
    for row in json.loads(RESULTS.read_text()):
        facts = {key: row[key] for key in ("facts", "unknown", "unlimited")}
        of_hash = found.setdefault(row["sha256"], {})
        of_hash.setdefault((row["corpus"], row["case"]), []).append(facts)
    return {sha: next(iter(cases.values())) for sha, cases in found.items()}


def kept(case: Case, text: str) -> str:
    """Of squawk's statements without their words: kind and error code."""
    if case.corpus != "squawk":
        return text
    kind, colon, _ = text.partition(":")
    code = CODE.search(text)
    return f"{kind if colon else 'error'}{f': {code[0]}' if code else ''}" if text else ""


if __name__ == "__main__":
    main()
