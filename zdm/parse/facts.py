"""Two readers, one rule: a Statement as Actions, each with the Fact that both agree on.

libpg_query is the authority. Where sqlglot has no reading, the fact is marked
`single_reader`; where it reads something else, the Action is Unknown.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from zdm.model.statement import Action, Fact, Statement, Unknown
from zdm.parse.readers import authority, sqlglot_reader
from zdm.parse.readers.sqlglot_reader import Reading


def actions(
    statement: Statement, search_path: Sequence[str] = ("public",)
) -> tuple[Action, ...]:
    """The Actions of one Statement; raises InputError where PostgreSQL rejects it."""
    read = authority.actions(statement, search_path)
    if all(isinstance(action.fact, Unknown) for action in read):
        return read
    readings = sqlglot_reader.read(statement.sql)
    return tuple(
        replace(action, fact=agreed(action.fact, action.index, action.count, readings))
        for action in read
    )


def agreed(
    fact: Fact | Unknown, index: int, count: int, readings: tuple[Reading, ...] | None
) -> Fact | Unknown:
    """The fact of the authority, weighed against the second reader's reading."""
    if isinstance(fact, Unknown):
        return fact
    if readings is None:
        return replace(fact, single_reader=True)
    if len(readings) != count:
        return Unknown(
            reason=f"libpg_query reads {count} sub-commands and sqlglot {len(readings)}"
        )
    reading = readings[index]
    difference = _difference(fact, reading)
    if difference:
        return Unknown(reason=f"the two readers differ: {difference}")
    return fact


def _difference(fact: Fact, reading: Reading) -> str:
    mine = {
        "kind": str(fact.kind),
        "table": fact.table.name if fact.table else "",
        "name": fact.name,
        "new name": fact.new_name,
        "CONCURRENTLY": str(fact.concurrently),
        "IF EXISTS": str(fact.if_exists),
        "CASCADE": str(fact.cascade),
        "constraint": fact.constraint_kind,
        "NOT VALID": str(fact.not_valid),
    }
    theirs = {
        "kind": str(reading.kind),
        "table": reading.table,
        "name": reading.name,
        "new name": reading.new_name,
        "CONCURRENTLY": str(reading.concurrently),
        "IF EXISTS": str(reading.if_exists),
        "CASCADE": str(reading.cascade),
        "constraint": reading.constraint_kind,
        "NOT VALID": str(reading.not_valid),
    }
    if reading.schema and fact.table and reading.schema != fact.table.schema:
        return f"schema is {fact.table.schema} for libpg_query and {reading.schema} for sqlglot"
    for key, value in mine.items():
        if value != theirs[key]:
            return f"{key} is `{value}` for libpg_query and `{theirs[key]}` for sqlglot"
    return ""
