"""How many rows a statement of the author writes at most, where that is few.

A few rows are one short statement; many are written in batches. Without statistics a table
does not count as small.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from zdm.model.expression import Expression
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import Action
from zdm.parse import comparisons, expressions, mentioned
from zdm.schema import family, lookup, not_null_proof

SMALL = 10_000  # rows of a table
KEYS = 1_000  # that are written out
JOINED = 1_000_000  # of all tables that an INSERT takes rows from, each with each


@dataclass(frozen=True, slots=True, kw_only=True)
class Few:
    """How many rows at most. `keyed`: their keys are written out; else it is an estimate, which
    is another one in the next snapshot."""

    rows: int
    keyed: bool

    @property
    def words(self) -> str:
        """The start of a sentence."""
        if not self.keyed:
            return f"Fewer than {SMALL:,} rows by the statistics"
        return "At most 1 row" if self.rows == 1 else f"At most {self.rows:,} rows"


def of_keys(where: Expression, table: Table) -> Few | None:
    """The rows whose keys are written out."""
    count = _keyed(where, table)
    return None if count is None else Few(rows=count, keyed=True)


def of_table(table: Table, snapshot: Snapshot) -> Few | None:
    """The rows of a table that is small by its statistics."""
    count = small(table, snapshot)
    return None if count is None else Few(rows=count, keyed=False)


def _keyed(where: Expression, table: Table) -> int | None:
    """How many keys are written out, where they are those of a unique index."""
    return _matching(not_null_proof.every(where), table)


def _matching(where: Sequence[Expression], table: Table) -> int | None:
    tests = [
        test
        for test in where
        if not any(expressions.column(cast.of) for cast in expressions.casts(test))
    ]
    found = [one for test in tests if (one := comparisons.read(test)) and one.operator == "="]
    equal = {one.column: len(one.values) for one in found}
    for index in table.indexes:
        whole = index.unique and index.valid and index.predicate is None
        keys = [key for key in index.keys if key in equal]
        if whole and keys and len(keys) == len(index.keys):
            count = prod(equal[key] for key in keys if key is not None)
            return count if count <= KEYS else None
    return None


def small(table: Table, snapshot: Snapshot) -> int | None:
    """How many rows a table has, where it is small by its statistics."""
    whole = table.partition_key is None and not family.children(snapshot, table.name)
    if whole and table.rows is not None and table.rows < SMALL:
        return table.rows
    return None


def reads_little(action: Action, snapshot: Snapshot) -> bool:
    """Whether all that it reads besides its own table is small, or made by this train."""
    found = sources(action, snapshot)
    return found is not None and all(
        table.created or small(table, snapshot) is not None for table in found
    )


def inserts(action: Action, snapshot: Snapshot) -> bool:
    """Whether an INSERT takes few rows: as many as are written out, or those of small tables or
    by keys that are written out, which joined are not too many."""
    taken = mentioned.rows_from(action)
    if taken is None or mentioned.draws(action):
        return False
    queries = mentioned.queries(action)
    joined = 1
    for one in taken:
        name = lookup.found(one.relation, snapshot, action.statement.settings)
        table = snapshot.table(name)
        if table is None and (one.relation.schema or one.relation.name not in queries):
            return False
        rows = 1 if table is None or table.created else _taken(table, one.tests, snapshot)
        if rows is None:
            return False
        joined *= max(rows, 1)
    return joined <= JOINED


def _taken(table: Table, tests: Sequence[Expression], snapshot: Snapshot) -> int | None:
    """How many rows of the table these tests leave, where they are few."""
    keyed = _matching(tests, table)
    return keyed if keyed is not None else small(table, snapshot)


def sources(action: Action, snapshot: Snapshot) -> tuple[Table, ...] | None:
    """The tables that it reads besides the one that it changes, each once; None where one of
    them is no table of the Snapshot."""
    found: dict[Name, Table] = {}
    queries = mentioned.queries(action)
    for relation in mentioned.reads(action):
        name = lookup.found(relation, snapshot, action.statement.settings)
        table = snapshot.table(name)
        if table is not None:
            found[name] = table
        elif relation.schema or relation.name not in queries:
            return None
    return tuple(found.values())
