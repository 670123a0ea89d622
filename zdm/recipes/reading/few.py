"""How many rows a statement of the author writes at most, where that is few.

A few rows are one short statement; many are written in batches. Without statistics a table
does not count as small; with them it is counted again when the step begins, up to the limit.
"""

import re
from collections.abc import Iterable, Sequence
from math import prod

from msgspec import Struct

from zdm.model.expression import Expression
from zdm.model.plan import NAMED_ROWS, Check
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.sql import ident, literal
from zdm.model.statement import Action
from zdm.parse import comparisons, expressions, mentioned
from zdm.schema import family, lookup, not_null_proof

SMALL = 10_000  # rows of a table
KEYS = 1_000  # that are written out
JOINED = 1_000_000  # of all tables that an INSERT takes rows from, each with each


class Few(Struct, frozen=True, kw_only=True):
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
    if taken is None or mentioned.draws(action) or _calls_for_rows(action, snapshot):
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


_OF_ROWS = re.compile(r"\bRETURNS\s+(?:SETOF|TABLE)\b", re.IGNORECASE)


def _calls_for_rows(action: Action, snapshot: Snapshot) -> bool:
    """Whether it calls a function of the schema that gives any number of rows."""
    called = {words[-1] for words in mentioned.functions(action)}
    return any(
        f.name.name in called and _OF_ROWS.search(f.definition) for f in snapshot.functions
    )


def _taken(table: Table, tests: Sequence[Expression], snapshot: Snapshot) -> int | None:
    """How many rows of the table these tests leave, where they are few."""
    keyed = _matching(tests, table)
    return keyed if keyed is not None else small(table, snapshot)


def taken(action: Action, snapshot: Snapshot) -> tuple[Name, ...]:
    """The tables in use from which an INSERT takes its rows because they are small."""
    found = (
        (snapshot.table(lookup.found(one.relation, snapshot, action.statement.settings)), one)
        for one in mentioned.rows_from(action) or ()
    )
    return tuple(
        dict.fromkeys(
            table.name
            for table, one in found
            if table is not None and not table.created and _matching(one.tests, table) is None
        )
    )


def still_small(names: Iterable[Name]) -> tuple[Check, ...]:
    """That the tables are as small as their statistics say."""
    return tuple(
        Check(
            sql=_at_most(f"{name.sql} LIMIT {SMALL + 1}"),
            failure=f"{name} has more than {SMALL:,} rows, although its statistics said fewer"
            " when this was planned, so one statement would hold too many rows locked, or be"
            " stopped by its time limit each time",
            hint=f"run `ANALYZE {name.sql}` and `zdm rollback`, then make a new plan",
        )
        for name in names
    )


def still_few(at_most: Few, table: Table, condition: str) -> tuple[Check, ...]:
    """That no more rows of a table that was small meet the condition."""
    name, source = table.name, f"{table.name.sql} WHERE {condition} LIMIT"
    found = Check(
        sql=_at_most(f"{source} {SMALL + 1}"),
        failure=f"the DELETE selects more than {SMALL:,} rows of {name}, although by the"
        f" statistics {name} had fewer when this was planned, so one statement would hold too"
        " many rows locked, or be stopped by its time limit each time",
        hint=f"delete such rows in smaller transactions until at most {SMALL:,} are left, and"
        f" run the command again; `ANALYZE {name.sql}` before the next plan",
        rows=f"SELECT {_shown(table)} FROM {source} {NAMED_ROWS + 1}",  # noqa: S608  quoted
    )
    return () if at_most.keyed else (found,)


def _at_most(source: str) -> str:
    return f"SELECT count(*) <= {SMALL} FROM (SELECT FROM {source}) AS zdm_some"  # noqa: S608


def _shown(table: Table) -> str:
    """The key of a row as one text."""
    key = next((k.columns for k in table.constraints if k.kind == "primary key"), ())
    if not key:
        return f"{literal('ctid = ')} || {table.name.sql}.ctid::text"
    columns = ", ".join(f"{table.name.sql}.{ident(column)}" for column in key)
    label = literal(f"({', '.join(key)}) = ")
    return f"{label} || ROW({columns})::text"


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
