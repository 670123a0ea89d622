"""Questions to and edits of SQL expressions inside recipes.

A trigger function runs in the application's session, with the application's search_path and
TimeZone: an expression of the author must be evaluated under the settings in force where it
was written, so they are pinned to the function (manual, CREATE FUNCTION, SET clause).
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from zdm.model.schema import Name, Snapshot, Table, Volatility
from zdm.model.statement import Setting
from zdm.parse import emit, trees
from zdm.parse.emit import Body, Constant, Expression, Ident, Part, Qualified

Node = dict[str, Any]
PINNED = frozenset({"search_path", "timezone", "datestyle", "intervalstyle"})
_WORD = re.compile(r"\w+")
VOLATILE = frozenset(
    _WORD.findall(
        "clock_timestamp currval gen_random_uuid gen_random_bytes lastval nextval pg_sleep"
        " random random_normal setseed setval timeofday uuid_generate_v1 uuid_generate_v1mc"
        " uuid_generate_v4 uuidv4 uuidv7 pg_notify set_config dblink dblink_exec query_to_xml"
        " lo_import pg_read_file"
    )
)
STABLE = frozenset(
    _WORD.findall(
        "now statement_timestamp transaction_timestamp current_setting version txid_current"
        " pg_current_xact_id timezone to_char to_date to_number to_timestamp age date_trunc"
        " date_part concat concat_ws format to_json to_jsonb row_to_json json_build_object"
        " jsonb_build_object json_build_array jsonb_build_array pg_backend_pid"
        " current_database current_schema current_schemas"
    )
)


def nodes(tree: Any, kind: str) -> Iterator[Node]:
    """Every node of the kind within the tree, as the dict under its key."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == kind and isinstance(value, dict):
                yield value
            yield from nodes(value, kind)
    elif isinstance(tree, list):
        for item in tree:
            yield from nodes(item, kind)


def of_new_row(expression: str, table: Table) -> str:
    """The expression with each column of the table as a field of NEW."""
    tree = deepcopy(trees.expression(expression))
    known = {column.name for column in table.columns}
    for reference in nodes(tree, "ColumnRef"):
        column = trees.strings(reference["fields"])[-1]
        if column in known:
            reference["fields"] = [_string("new"), _string(column)]
    return trees.expression_sql(tree)


def bare(tree: Node) -> str:
    """The expression with its columns by bare names, without table or alias."""
    copy = deepcopy(tree)
    for reference in nodes(copy, "ColumnRef"):
        reference["fields"] = [_string(trees.strings(reference["fields"])[-1])]
    return trees.expression_sql(copy)


def volatility(expression: str, snapshot: Snapshot) -> Volatility:
    """How often it must be evaluated, by the functions it calls."""
    return tree_volatility(trees.expression(expression), snapshot)


def tree_volatility(tree: Node, snapshot: Snapshot) -> Volatility:
    """The same of a tree."""
    found = {
        _function_volatility(trees.strings(call["funcname"]), snapshot)
        for call in nodes(tree, "FuncCall")
    }
    if Volatility.VOLATILE in found:
        return Volatility.VOLATILE
    stable = Volatility.STABLE in found or any(nodes(tree, "SQLValueFunction"))
    return Volatility.STABLE if stable else Volatility.IMMUTABLE


def trigger_function(name: Name, body: str, settings: tuple[Setting, ...] = ()) -> str:
    """CREATE FUNCTION … RETURNS trigger in plpgsql, under the settings that change meaning."""
    clauses: list[str] = []
    parts: dict[str, Part] = {}
    for number, setting in enumerate(s for s in settings if s.name.lower() in PINNED):
        values = _values(setting)
        holes = [f"s{number}_{place}" for place in range(len(values))]
        clauses.append(f" SET {setting.name} TO " + ", ".join(f"{{{hole}}}" for hole in holes))
        parts |= dict(zip(holes, map(Constant, values), strict=True))
    return emit.sql(
        "CREATE FUNCTION {f}() RETURNS trigger LANGUAGE plpgsql"
        + "".join(clauses)
        + " AS {body}",
        f=Qualified(name),
        body=Body(body),
        **parts,
    )


def row_trigger(name: str, table: Name, function: Name, when: str | None = None) -> str:
    """CREATE TRIGGER … BEFORE INSERT OR UPDATE, for each row or where `when` is true."""
    parts: dict[str, Part] = {
        "g": Ident(name),
        "t": Qualified(table),
        "f": Qualified(function),
    }
    if when is not None:
        parts["when"] = Expression(when)
    return emit.sql(
        "CREATE TRIGGER {g} BEFORE INSERT OR UPDATE ON {t} FOR EACH ROW"
        + ("" if when is None else " WHEN ({when})")
        + " EXECUTE FUNCTION {f}()",
        **parts,
    )


def fits_when(expression: str, table: Table, settings: tuple[Setting, ...]) -> bool:
    """Whether the expression can be used in a trigger's WHEN and mean there what it means in a
    function: without subqueries and generated columns, and under no settings of its own
    (manual, CREATE TRIGGER)."""
    tree = trees.expression(expression)
    words = {trees.strings(one["fields"])[-1] for one in nodes(tree, "ColumnRef")}
    generated = any(c.generated and c.name in words for c in table.columns)
    pinned = any(setting.name.lower() in PINNED for setting in settings)
    return not (generated or pinned or any(nodes(tree, "SubLink")))


def _values(setting: Setting) -> tuple[str, ...]:
    if setting.name.lower() == "search_path":
        return search_path(setting.value)
    return (setting.value,)


def search_path(value: str) -> tuple[str, ...]:
    """The names in a search_path as SHOW prints it."""
    found, word, quoted = [], "", False
    for character in value + ",":
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            found.append(word.strip())
            word = ""
        else:
            word += character
    return tuple(name for name in found if name)


def qualified(text: str) -> Name:
    """A name as PostgreSQL prints it, quoted and with its schema where needed."""
    words = trees.strings(trees.expression(text)["ColumnRef"]["fields"])
    return Name(words[0] if len(words) > 1 else "", words[-1])


def _function_volatility(words: tuple[str, ...], snapshot: Snapshot) -> Volatility:
    name = words[-1]
    own = {f.volatility for f in snapshot.functions if f.name.name == name}
    if own:
        return Volatility.VOLATILE if Volatility.VOLATILE in own else own.pop()
    if name in VOLATILE:
        return Volatility.VOLATILE
    return Volatility.STABLE if name in STABLE else Volatility.IMMUTABLE


def _string(word: str) -> Node:
    return {"String": {"sval": word}}
