"""Two readers, one rule: a Statement as Actions, each with the Fact that both agree on.

libpg_query is the authority. Where sqlglot has no reading, the fact is marked
`single_reader`; where it reads something else, the Action is Unknown.
"""

from collections.abc import Sequence
from dataclasses import replace

from zdm.errors import InputError
from zdm.model.statement import Action, Fact, Setting, Source, Statement, Unknown
from zdm.model.syntax import Other
from zdm.parse import libpg_query, trees
from zdm.parse.libpg_query import Parsed
from zdm.parse.readers import sqlglot_reader, statements, tree_facts
from zdm.parse.readers.sqlglot_reader import Reading

_TOO_DEEP = 300  # levels of the tree; Python's limit of 1,000 frames is shared with callers
_DEEP = Unknown(reason="it is nested too deeply to be read with certainty")
_OTHER_STRINGS = Unknown(
    reason="it has a backslash under standard_conforming_strings = off, which changes where"
    " its strings end"
)


def actions(
    statement: Statement, search_path: Sequence[str] = ("public",)
) -> tuple[Action, ...]:
    """The Actions of one Statement; raises InputError where PostgreSQL rejects it."""
    try:
        parsed = libpg_query.statements(statement.sql.encode())
    except libpg_query.NotSqlError as error:
        raise InputError(
            f"{statement.source}: PostgreSQL cannot read this statement: {error.message}",
            hint="run it in psql to see the same error, and fix it",
        ) from error
    if len(parsed) != 1:
        raise InputError(
            f"{statement.source}: {len(parsed)} statements where one was expected",
            hint="this is a bug in zdm: the text was not split",
        )
    one = parsed[0]
    if trees.deeper(one.tree, _TOO_DEEP):
        return (_unread(statement, one, _DEEP),)
    if _other_strings(statement):
        return (_unread(statement, one, _OTHER_STRINGS),)
    commands = tree_facts.commands(one.node, one.tree, tuple(search_path))
    readings = sqlglot_reader.read(statement.sql)
    return tuple(
        Action(
            statement=statement,
            index=index,
            count=len(commands),
            fact=agreed(fact, index, len(commands), readings),
            said=statements.read(node, tree),
            tree=tree,
        )
        for index, (node, tree, fact) in enumerate(commands)
    )


def of_step(
    sql: str, settings: tuple[Setting, ...], search_path: tuple[str, ...]
) -> tuple[Action, ...]:
    """The Actions of a plan's own SQL: libpg_query alone reads it, for zdm wrote it or has
    shown it to both readers already."""
    source = Source(file="", line=0, column=0)
    whole = Statement(sql=sql, source=source, settings=settings)
    return tuple(
        Action(
            statement=whole,
            index=index,
            count=1,
            fact=fact,
            said=statements.read(node, tree),
            tree=tree,
        )
        for one in libpg_query.statements(sql.encode())
        for index, (node, tree, fact) in enumerate(
            tree_facts.commands(one.node, one.tree, search_path)
        )
    )


def _unread(statement: Statement, one: Parsed, why: Unknown) -> Action:
    return Action(statement=statement, index=0, count=1, fact=why, said=Other(), tree=one.tree)


def _other_strings(statement: Statement) -> bool:
    """libpg_query reads strings as the standard says; a session may be set otherwise."""
    strict = {s.value for s in statement.settings if s.name == "standard_conforming_strings"}
    return "\\" in statement.sql and not strict <= {"on", "true", "1", "yes"}


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
