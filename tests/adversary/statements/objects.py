"""Functions, triggers and views that change.

What one of the author's does to rows is the author's business, so those here do nothing: the
triggers of the worlds change rows."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.adversary.statements.changes import Statements, Train

_NOTHING = "BEGIN PERFORM 1; RETURN NULL; END"
_REFUSES = "BEGIN IF false THEN RAISE EXCEPTION ''never''; END IF; RETURN NULL; END"


def _trigger_function(train: "Train", *, may_refuse: float = 0.0) -> str:
    train.made += 1
    name = f"public.noting{train.made}"
    body = _REFUSES if train.chance(may_refuse) else _NOTHING
    train.functions.append(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS '{body}';"
    )
    return name


def _trigger(name: str, on: str, runs: str, *, event: str = "INSERT OR UPDATE") -> str:
    return (
        f"CREATE TRIGGER {name} AFTER {event} ON {on} FOR EACH ROW EXECUTE FUNCTION {runs}();"
    )


def _there(train: "Train", *, off: float = 0.0) -> tuple[str, str, str, bool]:
    """A trigger that is there before the train: its name, its table now, its function, and
    whether it is disabled."""
    (before, now), runs = train.there(), _trigger_function(train)
    name = f"noted{train.made}"
    train.functions.append(_trigger(name, before.sql, runs))
    disabled = off > 0 and train.chance(off)
    if disabled:
        train.functions.append(f"ALTER TABLE {before.sql} DISABLE TRIGGER {name};")
    return name, now.sql, runs, disabled


def create_trigger(train: "Train") -> "Statements":
    """One that does nothing, or never refuses although its text says that it may."""
    runs = _trigger_function(train, may_refuse=0.4)
    return (_trigger(f"noted{train.made}", train.table().sql, runs),)


def replace_trigger(train: "Train") -> "Statements":
    """By DROP and CREATE, or by OR REPLACE."""
    name, table, runs, _ = _there(train)
    made = _trigger(name, table, runs, event="DELETE")
    if train.chance(0.5):
        return (made.replace("CREATE", "CREATE OR REPLACE", 1),)
    return (f"DROP TRIGGER {name} ON {table};", made)


def drop_trigger(train: "Train") -> "Statements":
    """Enabled or not, also with the function that it runs."""
    name, table, runs, _ = _there(train, off=0.3)
    after = (f"DROP FUNCTION {runs}();",) if train.chance(0.3) else ()
    return (f"DROP TRIGGER {name} ON {table};", *after)


def toggle_trigger(train: "Train") -> "Statements":
    """Off, or on again."""
    name, table, _, disabled = _there(train, off=0.5)
    change = "ENABLE" if disabled else "DISABLE"
    return (f"ALTER TABLE {table} {change} TRIGGER {name};",)


def replace_function(train: "Train") -> "Statements":
    """One that a trigger runs, or one that nothing calls, by either way."""
    if train.chance(0.3):
        _, _, runs, _ = _there(train)
        return (
            f"CREATE OR REPLACE FUNCTION {runs}() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN PERFORM 2; RETURN NULL; END';",
        )
    name, made = _function(train)
    again = made.replace("RETURN 1", "RETURN 2")
    if train.chance(0.5):
        return (again.replace("CREATE", "CREATE OR REPLACE", 1),)
    return (f"DROP FUNCTION {name};", again)


def extend_function(train: "Train") -> "Statements":
    """By a parameter more, or a wider one."""
    name, made = _function(train)
    more = "a bigint" if train.chance(0.3) else "a integer, b text DEFAULT 'x'"
    again = made.replace("a integer", more).replace("RETURN 1", "RETURN 2")
    return (f"DROP FUNCTION {name}(integer);", again)


def drop_function(train: "Train") -> "Statements":
    """Also with another one of its name, for other arguments."""
    name, made = _function(train)
    more = made.replace("a integer", "a integer, b text")
    return (f"DROP FUNCTION {name}(integer);", *((more,) if train.chance(0.4) else ()))


def _function(train: "Train") -> tuple[str, str]:
    train.made += 1
    name = f"public.one{train.made}"
    made = (
        f"CREATE FUNCTION {name}(a integer) RETURNS bigint LANGUAGE plpgsql"
        " AS 'BEGIN RETURN 1; END';"
    )
    train.functions.append(made)
    return name, made


def replace_view(train: "Train") -> "Statements":
    """With the same columns, or one more."""
    name, query = _view(train)
    more = query.replace("SELECT id", "SELECT id, 1 AS more") if train.chance(0.5) else query
    if train.chance(0.5):
        return (f"CREATE OR REPLACE VIEW {name} AS {more} WHERE id > 3;",)
    return (f"DROP VIEW {name};", f"CREATE VIEW {name} AS {more} WHERE id > 3;")


def drop_view(train: "Train") -> "Statements":
    """Plain or materialized."""
    name, query = _view(train)
    if train.chance(0.3):
        train.functions[-1] = f"CREATE MATERIALIZED VIEW {name} AS {query};"
        return (f"DROP MATERIALIZED VIEW {name};",)
    return (f"DROP VIEW {name};",)


def refresh_view(train: "Train") -> "Statements":
    """One that is read, with its unique index, or one that the train makes."""
    name, query = _view(train)
    made = f"CREATE MATERIALIZED VIEW {name} AS {query};"
    index = f"CREATE UNIQUE INDEX ON {name} (id);"
    if train.chance(0.4):
        del train.functions[-1]
        return (made, *((index,) if train.chance(0.5) else ()))
    train.functions[-1] = made
    train.functions.append(index)
    word = "CONCURRENTLY " if train.chance(0.5) else ""
    return (f"REFRESH MATERIALIZED VIEW {word}{name};",)


def _view(train: "Train") -> tuple[str, str]:
    train.made += 1
    name, query = f"public.seen{train.made}", f"SELECT id FROM {train.there()[0].sql}"
    train.functions.append(f"CREATE VIEW {name} AS {query};")
    return name, query


GENERATORS = (
    create_trigger,
    replace_trigger,
    drop_trigger,
    toggle_trigger,
    replace_function,
    extend_function,
    drop_function,
    replace_view,
    drop_view,
    refresh_view,
)
