"""Generators for changes of names, rights, settings and objects that are no tables."""

from typing import TYPE_CHECKING

from tests.adversary.world import APP, GROUP
from zdm.model.sql import ident

if TYPE_CHECKING:
    from tests.adversary.statements.changes import Statements, Train


def rename_index(train: "Train") -> "Statements":
    """The primary key's, or one that the train makes."""
    table = train.table()
    train.made += 1
    if train.chance(0.5):
        return (f"ALTER INDEX public.{ident(table.name + '_pkey')} RENAME TO pk_{train.made};",)
    name = f"made_{train.made}"
    return (
        f"CREATE INDEX {name} ON {table.sql} (id);",
        f"ALTER INDEX public.{name} RENAME TO {name}_new;",
    )


def drop_object(train: "Train") -> "Statements":
    """A type, domain, sequence or schema that nothing uses."""
    train.made += 1
    kind, made, name = train.random.choice(
        (
            ("TYPE", "TYPE {n} AS ENUM ('a', 'b')", "public.unused{m}"),
            ("DOMAIN", "DOMAIN {n} AS text", "public.unused{m}"),
            ("SEQUENCE", "SEQUENCE {n}", "public.unused{m}"),
            ("SCHEMA", "SCHEMA {n}", "unused{m}"),
        )
    )
    name = name.format(m=train.made)
    train.functions.append(f"CREATE {made.format(n=name)};")
    return (f"DROP {kind} {name};",)


def grant(train: "Train") -> "Statements":
    """Rights that the application has, or has not."""
    table = train.table()
    column = ident(train.random.choice(table.columns).name)
    right = train.random.choice(("SELECT", f"UPDATE ({column})", "TRUNCATE", "REFERENCES"))
    if train.chance(0.3):
        return (f"REVOKE TRIGGER ON {table.sql} FROM {APP};",)
    return (f"GRANT {right} ON {table.sql} TO {train.random.choice((APP, 'PUBLIC'))};",)


def change_settings(train: "Train") -> "Statements":
    """Of a table or a column."""
    table = train.table()
    column = ident(train.random.choice(table.columns).name)
    change = train.random.choice(
        (
            f"ALTER COLUMN {column} SET STATISTICS 50",
            f"ALTER COLUMN {column} SET (n_distinct = 7)",
            "SET (autovacuum_vacuum_scale_factor = 0.01)",
            "REPLICA IDENTITY FULL",
        )
    )
    return (f"ALTER TABLE {table.sql} {change};",)


def change_policy(train: "Train") -> "Statements":
    """One more that hides nothing, and row security after it."""
    table = train.table()
    train.made += 1
    create = f"CREATE POLICY made_{train.made} ON {table.sql} USING (true);"
    enable = (f"ALTER TABLE {table.sql} ENABLE ROW LEVEL SECURITY;",)
    return (create, *(enable if train.chance(0.3) else ()))


def create_statistics(train: "Train") -> "Statements":
    """Of the key and an expression on it, so that any table has it."""
    table = train.table()
    train.made += 1
    name = f"public.both{train.made}"
    made = f"CREATE STATISTICS {name} ON id, (id % 7) FROM {table.sql};"
    return (made, f"DROP STATISTICS {name};") if train.chance(0.1) else (made,)


def maintain_table(train: "Train") -> "Statements":
    """ANALYZE, VACUUM, or REINDEX of its indexes, behind what the train did to it."""
    table = train.table()
    key = f"public.{ident(table.name + '_pkey')}"
    return (
        train.random.choice(
            (
                f"ANALYZE {table.sql};",
                f"ANALYZE {table.sql} (id), {train.table().sql};",
                f"VACUUM (ANALYZE) {table.sql};",
                f"VACUUM {table.sql};",
                f"REINDEX TABLE CONCURRENTLY {table.sql};",
                f"REINDEX INDEX CONCURRENTLY {key};",
            )
        ),
    )


def rename_part(train: "Train") -> "Statements":
    """A policy that the train makes."""
    table = train.table()
    train.made += 1
    name = f"made_{train.made}"
    create = f"CREATE POLICY {name} ON {table.sql} USING (true);"
    return (create, f"ALTER POLICY {name} ON {table.sql} RENAME TO {name}_new;")


def change_owner(train: "Train") -> "Statements":
    """Of a table, or of a function that the train makes."""
    table = train.table()
    train.made += 1
    if train.chance(0.3):
        name = f"public.made{train.made}()"
        made = f"CREATE FUNCTION {name} RETURNS int LANGUAGE sql AS 'SELECT 1';"
        return (made, f"ALTER FUNCTION {name} OWNER TO {GROUP};")
    return (f"ALTER TABLE {table.sql} OWNER TO {GROUP};",)


def create_publication(train: "Train") -> "Statements":
    """Of a table with its changes, or of its new rows alone."""
    table = train.table()
    train.made += 1
    less = " WITH (publish = 'insert')" if train.chance(0.3) else ""
    return (f"CREATE PUBLICATION sent{train.made} FOR TABLE ONLY {table.sql}{less};",)


def drop_publication(train: "Train") -> "Statements":
    """One that is there before the train, or is not."""
    train.made += 1
    table, name = train.table(), f'"Sent {train.made}"'
    if train.chance(0.2):
        return (f"DROP PUBLICATION IF EXISTS {name};",)
    publish = train.random.choice(("insert", "insert, truncate"))
    train.functions.append(
        f"CREATE PUBLICATION {name} FOR TABLE ONLY {table.sql} WITH (publish = '{publish}');"
    )
    return (f"DROP PUBLICATION {name};",)


def change_identity(train: "Train") -> "Statements":
    """The key becomes an identity, whose numbers begin far beyond those of the rows."""
    table = train.table()
    kind = train.random.choice(("ALWAYS", "BY DEFAULT"))
    begins = f"START WITH {train.random.choice((1_000_000, 2_000_000))}"
    return (
        f"ALTER TABLE {table.sql} ALTER COLUMN id ADD GENERATED {kind} AS IDENTITY ({begins});",
    )


def alter_sequence(train: "Train") -> "Statements":
    """The sequence of a table's key, or one that the train makes."""
    table = train.table()
    option = train.random.choice(
        ("INCREMENT BY 3", "CACHE 7", "MAXVALUE 900000000", "CYCLE", "START WITH 5")
    )
    if "IDENTITY" in table.columns[0].rest and train.chance(0.7):
        sequence = f"{ident(table.name + '_' + table.columns[0].name + '_seq')}"
        return (f"ALTER SEQUENCE public.{sequence} {option};",)
    train.made += 1
    made = f"public.numbers{train.made}"
    return (f"CREATE SEQUENCE {made};", f"ALTER SEQUENCE {made} {option};")


def rename_view(train: "Train") -> "Statements":
    """A view of rows of its own, which is there before the train."""
    train.made += 1
    name = f'public."Seen {train.made}"'
    train.functions.append(f"CREATE VIEW {name} AS SELECT 1 AS id, 'x' AS \"Said\";")
    return (f"ALTER VIEW {name} RENAME TO seen_{train.made};",)


def set_schema(train: "Train") -> "Statements":
    """A view or function that is there before the train, with or without USAGE of its new
    schema for everybody."""
    train.made += 1
    schema, name = f"apart{train.made}", f'public."Moved {train.made}"'
    made = f"CREATE SCHEMA {schema};"
    if train.chance(0.5):
        made += f"CREATE VIEW {name} AS SELECT 1 AS id, 'x' AS \"Said\";"
        move = f"ALTER VIEW {name} SET SCHEMA {schema};"
    else:
        made += f"CREATE FUNCTION {name}() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT 1';"
        move = f"ALTER FUNCTION {name} SET SCHEMA {schema};"
    train.functions.append(made)
    usage = (f"GRANT USAGE ON SCHEMA {schema} TO PUBLIC;",) if train.chance(0.8) else ()
    return (*usage, move)


def rename_function(train: "Train") -> "Statements":
    """One that is there before the train."""
    train.made += 1
    name = f"public.counting{train.made}"
    train.functions.append(
        f"CREATE FUNCTION {name}(a integer DEFAULT 1) RETURNS bigint LANGUAGE sql STABLE"
        " AS 'SELECT a::bigint';"
    )
    return (f"ALTER FUNCTION {name} RENAME TO counted{train.made};",)


def _partitioned(train: "Train") -> str:
    """A partitioned table with rows, and one beside it, which are there before the train."""
    train.made += 1
    name, default = f"parted{train.made}", train.chance(0.2)
    columns = "(id bigint NOT NULL, said text)"
    train.functions += [
        f"CREATE TABLE public.{name} {columns} PARTITION BY RANGE (id);",
        f"CREATE TABLE public.{name}_a PARTITION OF public.{name} FOR VALUES FROM (1) TO (9);",
        f"INSERT INTO public.{name} SELECT n, 'x' FROM generate_series(1, 8) AS n;",
        f"CREATE TABLE public.{name}_loose {columns};",
        f"INSERT INTO public.{name}_loose SELECT n, 'y' FROM generate_series(10, 15) AS n;",
        *([f"CREATE TABLE public.{name}_d PARTITION OF public.{name} DEFAULT;"] * default),
    ]
    return f"public.{name}"


def attach_partition(train: "Train") -> "Statements":
    """A table in use, or one that the train makes."""
    parent = _partitioned(train)
    bounds = f"FOR VALUES FROM (10) TO ({train.random.choice(('20', 'MAXVALUE', '15'))})"
    if train.chance(0.5):
        return (f"ALTER TABLE {parent} ATTACH PARTITION {parent}_loose {bounds};",)
    return (
        f"CREATE TABLE {parent}_new (LIKE {parent});",
        f"ALTER TABLE {parent} ATTACH PARTITION {parent}_new {bounds};",
    )


def partition_table(train: "Train") -> "Statements":
    """A table in use becomes the first partition; now and then something of it is left out."""
    train.made += 1
    name = f"public.whole{train.made}"
    first, bare = f"{name}_a", f"whole{train.made}"
    keyed, checked, indexed = (train.chance(0.5) for _ in range(3))
    view = f"VIEW public.{bare}_seen AS SELECT id, day, said FROM {name} WHERE id < 25;"
    viewed = train.chance(0.4)
    key = f"CONSTRAINT {bare}_key PRIMARY KEY (day, id)"
    train.functions += [
        f"CREATE TABLE {name} (id bigint NOT NULL, day integer NOT NULL, said text DEFAULT 'x'"
        + f", CONSTRAINT {bare}_id CHECK (id > 0)" * checked
        + f", {key}" * keyed
        + ");",
        *([f"CREATE INDEX {bare}_said ON {name} (said);"] * indexed),
        *([f"GRANT SELECT ON {name} TO PUBLIC;"] * train.chance(0.3)),
        *([f"CREATE {view}", f"GRANT SELECT ON public.{bare}_seen TO PUBLIC;"] * viewed),
        f"INSERT INTO {name} SELECT n, n % 5, 'y' FROM generate_series(1, 30) AS n;",
    ]
    by, bounds, others = train.random.choice(
        (
            ("RANGE", "FROM (MINVALUE) TO (100)", "FROM (100) TO (MAXVALUE)"),
            ("RANGE", "FROM (0) TO (5)", "FROM (5) TO (10)"),
            ("LIST", "IN (0, 1, 2, 3, 4)", "IN (5)"),
            ("RANGE", "DEFAULT", ""),
        )
    )
    more = " INCLUDING CONSTRAINTS" * (checked and not train.chance(0.1))
    values = bounds if bounds == "DEFAULT" else f"FOR VALUES {bounds}"
    rename, like = "RENAME CONSTRAINT", f"LIKE {first} INCLUDING DEFAULTS{more}"
    return (
        f"ALTER TABLE {name} RENAME TO {bare}_a;",
        *([f"ALTER TABLE {first} {rename} {bare}_key TO {bare}_a_key;"] * keyed),
        *([f"ALTER INDEX public.{bare}_said RENAME TO {bare}_a_said;"] * indexed),
        f"CREATE TABLE {name} ({like}) PARTITION BY {by} (day);",
        *([f"ALTER TABLE {name} ADD {key};"] * keyed),
        *([f"CREATE INDEX {bare}_said ON {name} (said);"] * indexed),
        *([f"GRANT SELECT ON {name} TO PUBLIC;"] * train.chance(0.7)),
        *([f"CREATE OR REPLACE {view}"] * (viewed and train.chance(0.9))),
        f"ALTER TABLE {name} ATTACH PARTITION {first} {values};",
        *([f"CREATE TABLE {name}_b PARTITION OF {name} FOR VALUES {others};"] * bool(others)),
    )


def detach_partition(train: "Train") -> "Statements":
    """The one with rows, which may be dropped then."""
    parent = _partitioned(train)
    detach = f"ALTER TABLE {parent} DETACH PARTITION {parent}_a;"
    return (detach, f"DROP TABLE {parent}_a;") if train.chance(0.3) else (detach,)
