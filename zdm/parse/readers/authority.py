"""The first reader alone: a Statement as Actions, each with the Fact that libpg_query gives.

It is the authority; `facts` weighs its answer against a second reader, which takes a
quarter of a second to load.
"""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from zdm.errors import InputError
from zdm.model.schema import Snapshot
from zdm.model.statement import Action, Setting, Source, Statement, Unknown
from zdm.model.syntax import Other
from zdm.parse import libpg_query, trees
from zdm.parse.libpg_query import Parsed
from zdm.parse.readers import statements, tree_facts

_TOO_DEEP = 300  # levels of the tree; Python's limit of 1,000 frames is shared with callers
_DEEP = Unknown(reason="it is nested too deeply to be read with certainty")
_STRINGS = "standard_conforming_strings"
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
    return of_parsed(statement, parsed[0], search_path)


def of_parsed(
    statement: Statement, one: Parsed, search_path: Sequence[str]
) -> tuple[Action, ...]:
    """The same of a Statement that was parsed with its file."""
    if one.deepest > _TOO_DEEP and trees.deeper(one.tree, _TOO_DEEP):
        return (_unread(statement, one, _DEEP),)
    if _other_strings(statement):
        return (_unread(statement, one, _OTHER_STRINGS),)
    commands = tree_facts.commands(one.node, one.tree, tuple(search_path))
    return tuple(
        Action(
            statement=statement,
            index=index,
            count=len(commands),
            fact=fact,
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


def as_its_role(statements: Sequence[Statement], snapshot: Snapshot) -> Iterator[Statement]:
    """Those with a backslash with the role's standard_conforming_strings, as if their file had
    set it, unless it sets it itself."""
    values = [s.value for s in snapshot.settings if s.name == _STRINGS and s.value != "on"]
    role = tuple(Setting(name=_STRINGS, value=value) for value in values)
    for one in statements:
        its_own = any(s.name == _STRINGS for s in one.settings)
        if "\\" in one.sql and not its_own:
            yield replace(one, settings=(*role, *one.settings))
        else:
            yield one


def _other_strings(statement: Statement) -> bool:
    """libpg_query reads strings as the standard says; a session may be set otherwise."""
    strict = {s.value for s in statement.settings if s.name == _STRINGS}
    return "\\" in statement.sql and not strict <= {"on", "true", "1", "yes"}
