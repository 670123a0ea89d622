"""Trigger functions and row triggers, under the settings that the author wrote for.

A trigger function runs in the application's session, with the application's search_path and
TimeZone: an expression of the author must be evaluated under the settings in force where it
was written, so they are pinned to the function (manual, CREATE FUNCTION, SET clause).
"""

from zdm.model.expression import Feature
from zdm.model.schema import Name, Table
from zdm.model.statement import Setting
from zdm.parse import emit, expressions, names
from zdm.parse.emit import Body, Constant, Expression, Ident, Part, Qualified

PINNED = frozenset({"search_path", "timezone", "datestyle", "intervalstyle"})


def of_new_row(text: str, table: Table) -> str:
    """The expression with each column of the table as a field of NEW."""
    known = frozenset(column.name for column in table.columns)
    return expressions.of_row(expressions.read(text), "new", known)


def function_sql(name: Name, body: str, settings: tuple[Setting, ...] = ()) -> str:
    """CREATE FUNCTION … RETURNS trigger in plpgsql, under the settings that change meaning."""
    return _function(name, body, tuple(s for s in settings if s.name.lower() in PINNED))


def owners_function_sql(
    name: Name, body: str, settings: tuple[Setting, ...] = ()
) -> tuple[str, ...]:
    """The same with its owner's rights, which no role but the owner can give to a trigger.

    Its search_path is that of the session which creates it, with the temporary schema last and
    named: left out, a caller's temporary type of the same name would be found first (manual,
    CREATE FUNCTION, Writing SECURITY DEFINER Functions Safely).
    """
    others = tuple(s for s in settings if s.name.lower() in PINNED - {"search_path"})
    return (
        emit.sql(
            "SELECT pg_catalog.set_config('search_path', pg_catalog.concat_ws(', ',"
            " nullif(pg_catalog.current_setting('search_path'), ''), 'pg_temp'), true)"
        ),
        _function(name, body, others, " SECURITY DEFINER SET search_path FROM CURRENT"),
        emit.sql("REVOKE ALL ON FUNCTION {f}() FROM PUBLIC", f=Qualified(name)),
    )


def _function(name: Name, body: str, settings: tuple[Setting, ...], options: str = "") -> str:
    clauses = [options]
    parts: dict[str, Part] = {}
    for number, setting in enumerate(settings):
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


def trigger_sql(name: str, table: Name, function: Name, when: str | None = None) -> str:
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


def fits_when(text: str, table: Table, settings: tuple[Setting, ...]) -> bool:
    """Whether the expression can be in the WHEN of a trigger and mean there what it means in a
    function: without subqueries and generated columns, and under no settings of its own
    (manual, CREATE TRIGGER)."""
    expression = expressions.read(text)
    words = set(expressions.columns(expression))
    generated = any(c.generated and c.name in words for c in table.columns)
    pinned = any(setting.name.lower() in PINNED for setting in settings)
    return not (generated or pinned or Feature.SUBQUERY in expressions.features(expression))


def _values(setting: Setting) -> tuple[str, ...]:
    if setting.name.lower() == "search_path":
        return names.search_path(setting.value)
    return (setting.value,)
