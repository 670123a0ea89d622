"""A load: what is there before, a migration, what each version says, and which rows are wrong.

All of it is SQL, in a folder of the load's name:

- `before.sql` makes the tables, with `:rows` rows each;
- `migration.sql` is what the author writes;
- `old.sql` and `new.sql` are the transactions of a version. `-- name` begins one, and each of
  its statements is about exactly one row. `:one` is a row that was there before, `:new` a key
  that nobody has, `:mine` a key of this writer's, and `:gone` one that it then forgets;
- `wrong.sql` returns the rows that are not as they must be. The table `told` says what was
  committed: `n` in the order of each writer, `what` by name, the `key` and the row `one`;
  `state` is what was told last about each key;
- `stray.sql`, where it is there, is an instance of the old version that nobody has seen: its
  first transaction ends before the contract, and its second one while the contract runs;
- `amends.sql`, beside it, is what an operator does when the contract has stopped because of
  the stray one's row `:new`; without it the contract must not stop.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent
NAMES = sorted(path.parent.name for path in ROOT.glob("*/migration.sql"))
_BEGINS = re.compile(r"^-- (\w+)\n", re.MULTILINE)
_ENDS = re.compile(r";$", re.MULTILINE)
_KEY = re.compile(r"(?<!:):(one|new|mine|gone)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """Its statements, with `%(key)s` for keys; `own` is how it comes by a key of the
    writer's: new, mine or gone."""

    name: str
    statements: tuple[str, ...]
    own: str | None
    writes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The files of a load, read for so many rows."""

    name: str
    rows: int
    before: str
    migration: str
    old: tuple[Transaction, ...]
    new: tuple[Transaction, ...]
    wrong: tuple[Transaction, ...]
    stray: tuple[Transaction, ...]
    amends: tuple[Transaction, ...]


def read(name: str, rows: int) -> Load:
    """The load of that name."""

    def text(file: str) -> str:
        path = ROOT / name / f"{file}.sql"
        return path.read_text(encoding="utf-8").replace(":rows", str(rows))

    def optional(file: str) -> tuple[Transaction, ...]:
        return transactions(text(file)) if (ROOT / name / f"{file}.sql").exists() else ()

    return Load(
        name=name,
        rows=rows,
        before=text("before"),
        migration=text("migration"),
        old=transactions(text("old")),
        new=transactions(text("new")),
        wrong=transactions(text("wrong")),
        stray=optional("stray"),
        amends=optional("amends"),
    )


def transactions(text: str) -> tuple[Transaction, ...]:
    """Those of a file."""
    head, *parts = _BEGINS.split(text)

    assert not head.strip(), f"no name above {head}"

    return tuple(
        _transaction(name, body) for name, body in zip(parts[::2], parts[1::2], strict=True)
    )


def _transaction(name: str, body: str) -> Transaction:
    keys = set(_KEY.findall(body)) - {"one"}

    assert len(keys) <= 1, f"{name}: a transaction is about one key of the writer's"

    found = [sql.strip() for sql in _ENDS.split(body) if sql.strip()]
    return Transaction(
        name=name,
        statements=tuple(_KEY.sub(r"%(\1)s", sql) for sql in found),
        own=next(iter(keys), None),
        writes=not all(sql.upper().startswith("SELECT") for sql in found),
    )
