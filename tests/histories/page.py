"""The page of the documentation that sums up the golden files of this folder."""

from pathlib import Path

from tests.histories.installed import PACKAGES

HEAD = """\
# Histories of other projects

A test records the complete Alembic histories of three projects, as shipped in their PyPI packages.
It captures every statement as sent, and replaying them gives the same schema as `alembic upgrade heads`.
zdm then classifies each revision separately on the schema before it, as if it were pending on tables in use.
`mlflow-skinny` starts from a baseline: its first revision expects tables that the package's own code creates.
Refusals name file, line, column and reason; the lists are in `tests/histories/`.

The numbers count actions: one sub-command of an ALTER TABLE, or one other statement.

"""  # noqa: E501 one sentence per line


def page() -> str:
    """The page's text."""
    counts = {package.name: _counts(package.name) for package in PACKAGES}
    kinds = sorted({kind for found in counts.values() for kind in found})
    names = [f"{package.name} {package.version}" for package in PACKAGES]
    rows = [f"| result | {' | '.join(names)} |", "|---|" + "---:|" * len(names)]
    rows += [
        f"| {kind} | {' | '.join(counts[p.name].get(kind, '0') for p in PACKAGES)} |"
        for kind in kinds
    ]
    return HEAD + "\n".join(rows) + "\n"


def _counts(name: str) -> dict[str, str]:
    first, *lines = Path(__file__).with_name(f"{name}.txt").read_text().splitlines()
    _, _, totals = first.partition(": ")
    revisions, statements = (part.split()[0] for part in totals.split(", "))
    found = {"**revisions**": revisions, "**statements**": statements}
    for line in lines[: lines.index("")]:
        count, _, kind = line.strip().partition(" ")
        verdict, _, slug = kind.partition(" ")
        found[f"{verdict}: `{slug}`" if verdict != "no" else kind] = count
    return found
