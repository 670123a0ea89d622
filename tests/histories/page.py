"""The page of the documentation that sums up the golden files of this folder."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.histories.installed import PACKAGES
from tests.histories.judged import ALONE, ANY, MIGRATIONS, PLANNED
from tests.histories.sql_files import SQL_PACKAGES

HEAD = """\
# Histories of other projects

A test takes the complete migration histories of eight projects, as shipped in their PyPI and npm packages: Alembic revisions of five, SQL files of three.
Of Alembic it captures every statement as sent, and replaying them gives the same schema as `alembic upgrade heads`.
zdm then plans each migration separately on the schema before it, as if it were pending on tables in use; no directive is added.
`mlflow-skinny` starts from a baseline: its first revision expects tables that the package's own code creates.
Refusals name file, line, column and reason; the lists are in `tests/histories/`.

## Migrations with a plan

A migration has a plan if nothing in it is refused; those without a statement are not counted.

"""  # noqa: E501 one sentence per line
KINDS = """
## By kind of statement

Of the migrations of all projects that have such a statement, how many have a plan.

"""
REFUSALS = """
## By refusal

How often each is the reason, and how many migrations have no other.

"""
COUNTS = """
## Actions

The numbers count actions: one sub-command of an ALTER TABLE, or one other statement.

"""
Counts = Mapping[str, int]
_NAMES = {p.name: f"{p.name} {p.version}" for p in (*PACKAGES, *SQL_PACKAGES)}


def page() -> str:
    """The page's text."""
    found = {name: _counts(name) for name in _NAMES}
    every = _sum(found)
    return "".join(
        (
            HEAD,
            _table("project|migrations|with a plan|share", _projects(found, every)),
            KINDS,
            _table("kind|migrations|with a plan|share", _kinds(every)),
            REFUSALS,
            _table("refusal|times|migrations that it alone refuses", _refusals(every)),
            COUNTS,
            _table("|".join(("result", *_NAMES.values())), _actions(found, every)),
        )
    )


def _table(head: str, rows: Iterator[tuple[str, ...]]) -> str:
    columns = head.split("|")
    lines = [f"| {' | '.join(columns)} |", "|---|" + "---:|" * (len(columns) - 1)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def _share(counts: Counts, kind: str) -> tuple[str, str, str]:
    all_of_them, planned = counts[f"{MIGRATIONS} {kind}"], counts.get(f"{PLANNED} {kind}", 0)
    return str(all_of_them), str(planned), f"{100 * planned / all_of_them:.0f} %"


def _projects(found: Mapping[str, Counts], every: Counts) -> Iterator[tuple[str, ...]]:
    for name, counts in found.items():
        yield _NAMES[name], *_share(counts, ANY)
    yield "**all**", *_share(every, ANY)


def _kinds(every: Counts) -> Iterator[tuple[str, ...]]:
    kinds = [k.removeprefix(f"{MIGRATIONS} ") for k in every if k.startswith(MIGRATIONS)]
    for kind in sorted(kinds, key=lambda k: (-every[f"{MIGRATIONS} {k}"], k)):
        if kind != ANY:
            yield kind, *_share(every, kind)


def _refusals(every: Counts) -> Iterator[tuple[str, ...]]:
    found = {k.removeprefix("refused "): n for k, n in every.items() if _is_refusal(k)}
    for slug, count in sorted(found.items(), key=lambda pair: (-pair[1], pair[0])):
        yield f"`{slug}`", str(count), str(every.get(f"{ALONE} {slug}", 0))


def _is_refusal(what: str) -> bool:
    return what.startswith("refused ") and not what.startswith(ALONE)


def _actions(found: Mapping[str, Counts], every: Counts) -> Iterator[tuple[str, ...]]:
    for what in sorted(every):
        operation = what.removeprefix("operation ")
        if operation == what and what != "no part of a plan":
            continue
        shown = f"`{operation}`" if operation != what else what
        yield shown, *(str(counts.get(what, 0)) for counts in found.values())


def _counts(name: str) -> dict[str, int]:
    _, *lines = Path(__file__).with_name(f"{name}.txt").read_text().splitlines()
    pairs = (line.strip().partition(" ") for line in lines[: lines.index("")])
    return {what: int(count) for count, _, what in pairs}


def _sum(found: Mapping[str, Counts]) -> dict[str, int]:
    total: dict[str, int] = {}
    for counts in found.values():
        for what, count in counts.items():
            total[what] = total.get(what, 0) + count
    return total
