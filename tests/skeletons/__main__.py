"""The command line of the skeletons."""

import argparse
import subprocess
import sys
from pathlib import Path

from tests.skeletons import kinds
from tests.skeletons.kinds import Skeleton
from tests.skeletons.refusing import RefusedError

ROOT = Path(__file__).parents[2]


def main(arguments: list[str]) -> int:
    """Write a skeleton; 2 where it is refused."""
    parser = argparse.ArgumentParser(prog="make new-operation, new-rule, new-driver")
    kind = parser.add_subparsers(dest="kind", required=True)
    for name, words in (
        ("operation", ("slug", "subject")),
        ("rule", ("slug", "category")),
        ("driver", ("slug",)),
    ):
        own = kind.add_parser(name, prog=f"make new-{name}")
        for word in words:
            own.add_argument(word, nargs="?", default="")
    asked = parser.parse_args(arguments)
    try:
        made = skeleton(asked)
        write(made)
    except RefusedError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(report(made))
    return 0


def skeleton(asked: argparse.Namespace) -> Skeleton:
    """What is asked for, as texts."""
    if not asked.slug:
        raise RefusedError(f"name it: make new-{asked.kind} NAME, in snake_case")
    match asked.kind:
        case "operation":
            return kinds.operation(ROOT, asked.slug, asked.subject)
        case "rule":
            return kinds.rule(ROOT, asked.slug, asked.category)
        case _:
            return kinds.driver(ROOT, asked.slug)


def write(made: Skeleton) -> None:
    """All of it, or nothing where a new file is there already."""
    there = [path for path in made.new if (ROOT / path).exists()]
    if there:
        raise RefusedError(f"there is a file {there[0]} already, and nothing was written")
    for path, text in {**made.new, **made.changed}.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text)
    modules = [path for path in (*made.new, *made.changed) if path.endswith(".py")]
    for command in (["check", "--quiet", "--select", "I", "--fix"], ["format", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *command, *modules], cwd=ROOT, check=True)


def report(made: Skeleton) -> str:
    """What was written, and what comes next."""
    return "\n".join(
        [
            *(f"new      {path}" for path in sorted(made.new)),
            *(f"changed  {path}" for path in sorted(made.changed)),
            "",
            f'next: docs/architecture.md, "{made.page}"',
            "what is left to do: .venv/bin/pytest -q tests/test_architecture.py -k skeleton",
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
