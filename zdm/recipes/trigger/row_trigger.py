"""Trigger functions and row triggers, under the settings that the author wrote for.

A trigger function runs in the application's session, with the application's search_path and
TimeZone: an expression of the author must be evaluated under the settings in force where it
was written, so they are pinned to the function (manual, CREATE FUNCTION, SET clause).
"""

import re

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.expression import Expression as Model
from zdm.model.expression import Feature
from zdm.model.schema import Name, Table
from zdm.model.sql import ident
from zdm.model.statement import Setting
from zdm.parse import emit, expressions, names
from zdm.parse.emit import Body, Constant, Expression, Ident, Part, Qualified
from zdm.recipes.site import Site
from zdm.schema import default_volatility, type_change, type_names

_TIMES = ("TimeZone", "DateStyle", "IntervalStyle")
_NUMBERS = ("extra_float_digits", "lc_monetary", "lc_numeric", "bytea_output")
_FORMATS = (*_TIMES, *_NUMBERS, "lc_time")
PINNED = frozenset({"search_path", *(name.lower() for name in _FORMATS)})
_IS_TIME = re.compile(r"date|time|interval|range")
_IS_NUMBER = re.compile(r"real|double|float|money|bytea|point|box|circle|line|path|polygon")


class Pins(Struct, frozen=True, kw_only=True):
    """Settings of a trigger function: some by value, some as they are where it is made, which
    is under the author's settings, else the migrating role's own, as the batches are."""

    settings: tuple[Setting, ...] = ()
    current: tuple[str, ...] = ()


NONE = Pins()


def pins(site: Site, *texts: str) -> Pins:
    """What expressions depend on beside the row. A name is found by search_path, with the
    temporary schema last: left out, a temporary table of the session would be found first."""
    given = tuple(s for s in site.settings if s.name.lower() in PINNED)
    found = [_stored(expressions.read(text), site.table) for text in texts]
    if all(expressions.is_plain(one) for one in found):
        return Pins(settings=given)
    path = tuple(s for s in type_names.path(site.snapshot, given) if s != "pg_temp")
    settings = (
        Setting(name="search_path", value=", ".join(ident(s) for s in (*path, "pg_temp"))),
        *(s for s in given if s.name.lower() != "search_path"),
    )
    known = {s.name.lower() for s in settings}
    needs = {name for one in found for name in _formats(one, site)}
    current = tuple(n for n in _FORMATS if n in needs and n.lower() not in known)
    return Pins(settings=settings, current=current)


def _formats(expression: Model, site: Site) -> tuple[str, ...]:
    """The settings by which it may read and print values; what a function of others does is
    not known."""
    calls = expressions.functions(expression)
    if not all(default_volatility.is_built_in(words, site.snapshot) for words in calls):
        return _FORMATS
    read = {c.type for c in site.table.columns if c.name in expressions.columns(expression)}
    read |= {type_names.canonical(c.type, site.snapshot) for c in expressions.casts(expression)}
    kinds = " ".join(read)
    if not all(type_names.split(t.removesuffix("[]"))[0] in type_change.BUILT_IN for t in read):
        enums = {type_names.str_qualified(t.name) for t in site.snapshot.types if t.labels}
        if not read <= type_change.BUILT_IN | enums | {r for r in read if "." not in r}:
            return _FORMATS  # composites, domains
    times = (*_TIMES, "lc_time") if _IS_TIME.search(kinds) else ()
    return (*times, *(_NUMBERS if _IS_NUMBER.search(kinds) else ()))


def _stored(expression: Model, table: Table) -> Model:
    """It over stored columns: a generated one is not computed yet before the row is written,
    so its expression takes its place."""
    return expressions.replaced(expression, _generated(table))


def _generated(table: Table) -> dict[str, Model]:
    return {
        c.name: expressions.read(f"CAST(({c.default}) AS {c.type})")
        for c in table.columns
        if c.generated and c.default is not None
    }


def reads(text: str, table: Table) -> frozenset[str]:
    """The columns that it reads, through generated ones too."""
    return frozenset(expressions.columns(_stored(expressions.read(text), table)))


def of_new_row(text: str, table: Table) -> str:
    """The expression with each column of the table as a field of NEW."""
    return _of_row(text, table, "new")


def of_old_row(text: str, table: Table) -> str:
    """The same of OLD."""
    return _of_row(text, table, "old")


def _of_row(text: str, table: Table, record: str) -> str:
    known = frozenset(column.name for column in table.columns)
    return expressions.of_row(_stored(expressions.read(text), table), record, known)


def function_sql(name: Name, body: str, pinned: Pins = NONE) -> str:
    """CREATE FUNCTION … RETURNS trigger in plpgsql, under the settings that change meaning."""
    return _function(name, body, pinned)


def owners_function_sql(name: Name, body: str, pinned: Pins = NONE) -> tuple[str, ...]:
    """The same with its owner's rights, which no role but the owner can give to a trigger.

    Its search_path is that of the session which creates it, with the temporary schema last and
    named: left out, a caller's temporary type of the same name would be found first (manual,
    CREATE FUNCTION, Writing SECURITY DEFINER Functions Safely).
    """
    others = tuple(s for s in pinned.settings if s.name.lower() != "search_path")
    return (
        emit.sql(
            "SELECT pg_catalog.set_config('search_path', pg_catalog.concat_ws(', ',"
            " nullif(pg_catalog.current_setting('search_path'), ''), 'pg_temp'), true)"
        ),
        _function(
            name,
            body,
            replace(pinned, settings=others),
            " SECURITY DEFINER SET search_path FROM CURRENT",
        ),
        emit.sql("REVOKE ALL ON FUNCTION {f}() FROM PUBLIC", f=Qualified(name)),
    )


def _function(name: Name, body: str, pinned: Pins, options: str = "") -> str:
    clauses = [options, *(f" SET {name} FROM CURRENT" for name in pinned.current)]
    parts: dict[str, Part] = {}
    for number, setting in enumerate(pinned.settings):
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


def assigned_sql(name: str, table: Name, column: str, function: Name, when: str) -> str:
    """CREATE TRIGGER … BEFORE UPDATE OF the column: for statements that set it, to whatever
    value (manual, CREATE TRIGGER), and rows where `when` is true. The function has an argument
    by which it knows this trigger."""
    return emit.sql(
        "CREATE TRIGGER {g} BEFORE UPDATE OF {c} ON {t} FOR EACH ROW WHEN ({when})"
        " EXECUTE FUNCTION {f}('assigned')",
        g=Ident(name),
        c=Ident(column),
        t=Qualified(table),
        when=Expression(when),
        f=Qualified(function),
    )


def fits_when(text: str, site: Site, pinned: Pins) -> bool:
    """Whether the expression can be in the WHEN of a trigger and mean there what it means in a
    function: without subqueries and generated columns, and where no setting but the
    search_path by which its names were found matters (manual, CREATE TRIGGER)."""
    expression = expressions.read(text)
    words = set(expressions.columns(expression))
    generated = any(c.generated and c.name in words for c in site.table.columns)
    given = any(setting.name.lower() in PINNED for setting in site.settings)
    if generated or given or pinned.current:
        return False
    return Feature.SUBQUERY not in expressions.features(expression)


def _values(setting: Setting) -> tuple[str, ...]:
    if setting.name.lower() == "search_path":
        return names.search_path(setting.value)
    return (setting.value,)
