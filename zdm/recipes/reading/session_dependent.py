"""What an expression may not depend on where a trigger evaluates it in every session.

The application's sessions have a user, settings and rights of their own, so what asks for
these would give another value there than in a batch, or fail the application's write.
"""

import re
from collections.abc import Iterator

from zdm.model.expression import Constant, Expression
from zdm.model.schema import Function, Snapshot, Table, Volatility
from zdm.model.sql import ident
from zdm.parse import expressions
from zdm.recipes.reading import held
from zdm.schema import default_volatility

Line = tuple[str, str]  # fact and remedy
_WORD = re.compile(r"\w+")
_SESSION = frozenset(
    _WORD.findall(
        """current_setting current_schema current_schemas current_query pg_backend_pid
        inet_client_addr inet_client_port inet_server_addr txid_current pg_current_xact_id
        has_table_privilege pg_has_role"""
    )
)
_CLOCK = frozenset(
    _WORD.findall("now statement_timestamp transaction_timestamp clock_timestamp timeofday")
)
_CLOCK_WORDS = re.compile(r"\s*(now|today|tomorrow|yesterday)\s*", re.IGNORECASE)


def obstacle(texts: tuple[str, ...], table: Table, snapshot: Snapshot) -> Line | None:
    """Why expressions cannot be in a trigger of the table, and the remedy."""
    for text in texts:
        expression = expressions.read(text)
        found = (
            _of_session(text, expression)
            or _of_tables(text, expression, snapshot)
            or _forbidden(expression, table, snapshot)
        )
        if found is not None:
            return found
    return None


def changing(text: str, snapshot: Snapshot) -> bool:
    """Whether its value may be another one in the next transaction, for the same row."""
    expression = expressions.read(text)
    calls = expressions.functions(expression)
    own = [f for words in calls for f in _called(words, snapshot)]
    clock = any(words[-1] in _CLOCK for words in calls) or any(
        call.function[-1] == "age" and len(call.arguments) == 1
        for call in expressions.calls(expression)
    )
    return (
        clock
        or bool(expressions.session_values(expression))
        or any(f.volatility is not Volatility.IMMUTABLE for f in own)
        or any(_is_clock(cast.of) for cast in expressions.casts(expression))
    )


def _is_clock(expression: Expression) -> bool:
    form = expressions.form(expression)
    if not isinstance(form, Constant) or not form.is_string or form.value is None:
        return False
    return _CLOCK_WORDS.fullmatch(form.value) is not None


def _of_session(text: str, expression: Expression) -> Line | None:
    called = any(words[-1] in _SESSION for words in expressions.functions(expression))
    asked = any(
        "time" not in word and "date" not in word
        for word in expressions.session_values(expression)
    )
    if not called and not asked:
        return None
    return (
        f"`{text}` asks for the session's user or settings, which are others in the"
        " application's sessions than in the backfill's",
        "write the value itself into the expression",
    )


def _of_tables(text: str, expression: Expression, snapshot: Snapshot) -> Line | None:
    for function in _reached(expression, snapshot):
        for table in snapshot.tables:
            name = re.escape(table.name.name)
            reads = rf'\b(?:from|join)\s+(?:only\s+)?(?:"?\w+"?\.)?"?{name}"?(?!\w)'
            if re.search(reads, function.definition, re.IGNORECASE):
                return (
                    f"`{text}` calls {function.name}, which reads {table.name}: when that"
                    " changes, the value is not computed again",
                    "use an expression of the row alone",
                )
    return None


def _called(words: tuple[str, ...], snapshot: Snapshot) -> tuple[Function, ...]:
    if words[0] == "pg_catalog":
        return ()
    found = (f for f in snapshot.functions if f.name.name == words[-1])
    return tuple(f for f in found if len(words) == 1 or f.name.schema == words[0])


def _reached(expression: Expression, snapshot: Snapshot) -> tuple[Function, ...]:
    """The functions that it calls, and those that their bodies call."""
    left = [f for words in expressions.functions(expression) for f in _called(words, snapshot)]
    found: dict[tuple[str, str], Function] = {}
    while left:
        function = left.pop()
        key = (str(function.name), function.arguments)
        if key not in found:
            found[key] = function
            said = set(re.findall(r'(\w+)"?\s*\(', function.definition.partition(" AS ")[2]))
            left += [f for f in snapshot.functions if f.name.name in said]
    return tuple(found[key] for key in sorted(found))


def _forbidden(expression: Expression, table: Table, snapshot: Snapshot) -> Line | None:
    """A role that writes the table, and may not call what the trigger calls for it."""
    reached = _reached(expression, snapshot)
    schemas = {f.name.schema for f in reached} | set(_schemas(expression, snapshot))
    for role in held.writers(table, "INSERT", "UPDATE"):
        roles = {role, *held.groups(role, snapshot)}
        for schema in sorted(schemas):
            usage = held.schema_grants(schema, snapshot)
            if not held.has(usage, "USAGE", roles, public=schema == "public"):
                return _missing(role, table, f"USAGE ON SCHEMA {ident(schema)}")
        for function in reached:
            if not held.has(function.grants, "EXECUTE", roles, public=True):
                what = f"EXECUTE ON FUNCTION {function.name.sql}({function.arguments})"
                return _missing(role, table, what)
    return None


def _schemas(expression: Expression, snapshot: Snapshot) -> Iterator[str]:
    for words in expressions.functions(expression):
        if len(words) > 1 and words[0] != "pg_catalog":
            yield words[0]
        elif not default_volatility.is_built_in(words, snapshot) and not _called(
            words, snapshot
        ):
            there = {extension.schema for extension in snapshot.extensions}
            yield from there & set(snapshot.search_path) - {"pg_catalog"}
    for cast in expressions.casts(expression):
        if len(cast.type.words) > 1 and cast.type.words[0] != "pg_catalog":
            yield cast.type.words[0]


def _missing(role: str, table: Table, right: str) -> Line:
    who = ident(role) if role else "PUBLIC"
    return (
        f"{role or 'PUBLIC'} writes {table.name} and lacks {right}, which the trigger needs in"
        " its sessions: each of its writes would fail",
        f"run `GRANT {right} TO {who}` first, in an earlier release",
    )
