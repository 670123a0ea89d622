"""Each operation in its typical forms, as data.

`{t}` is a table with the columns id, code, note, size and price, `{c}` the column that the form
is about (digits in a varchar(20)), `{n}` the place of the form in its pair, which makes the
names of what is new its own. Values are such that each form accepts what the others leave.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One form; `column` and `table` are what it leaves under a new name, for another form to
    act on. `again`: it takes a name that the world has, so alone it is no migration."""

    operation: str  # the slug
    name: str
    sql: str
    column: str = ""
    table: str = ""
    nulls: bool = True  # whether it accepts rows in which its column is NULL
    again: bool = False
    main: bool = False  # the one that also meets the others across two tables

    def __str__(self) -> str:
        return f"{self.operation}/{self.name}"


_FILL = "UPDATE {t} SET {c} = '5' WHERE {c} IS NULL;"
_ADDED = "x{n}"
FORMS = (
    Form(
        operation="add_column",
        name="plain",
        main=True,
        sql="ALTER TABLE {t} ADD COLUMN x{n} varchar(20);",
        column=_ADDED,
    ),
    Form(
        operation="add_column",
        name="constant_default",
        sql="ALTER TABLE {t} ADD COLUMN x{n} varchar(20) NOT NULL DEFAULT '3';",
        column=_ADDED,
    ),
    Form(
        operation="add_column",
        name="volatile_default",
        sql="ALTER TABLE {t} ADD COLUMN x{n} uuid DEFAULT gen_random_uuid();",
        column=_ADDED,
    ),
    Form(
        operation="add_column",
        name="filled",
        main=True,
        sql="ALTER TABLE {t} ADD COLUMN x{n} varchar(20);"
        " UPDATE {t} SET x{n} = coalesce(upper({c}), '4');"
        " ALTER TABLE {t} ALTER COLUMN x{n} SET NOT NULL;",
        column=_ADDED,
    ),
    Form(
        operation="add_column",
        name="serial",
        sql="ALTER TABLE {t} ADD COLUMN x{n} serial;",
        column=_ADDED,
    ),
    Form(
        operation="add_column",
        name="references",
        main=True,
        sql="ALTER TABLE {t} ADD COLUMN x{n} bigint REFERENCES folder (id);",
        column=_ADDED,
    ),
    Form(
        operation="add_column",
        name="again",
        sql="ALTER TABLE {t} ADD COLUMN {c} varchar(20);",
        again=True,
    ),
    Form(
        operation="rename_column",
        name="plain",
        main=True,
        sql="ALTER TABLE {t} RENAME COLUMN {c} TO x{n};",
        column=_ADDED,
    ),
    Form(
        operation="rename_column",
        name="fused",
        main=True,
        sql="ALTER TABLE {t} ADD COLUMN x{n} varchar(20); UPDATE {t} SET x{n} = {c};"
        " ALTER TABLE {t} DROP COLUMN {c};",
        column=_ADDED,
    ),
    Form(
        operation="change_type",
        name="wider",
        main=True,
        sql="ALTER TABLE {t} ALTER COLUMN {c} TYPE varchar(50);",
    ),
    Form(
        operation="change_type",
        name="fused",
        main=True,
        sql="ALTER TABLE {t} ADD COLUMN x{n} bigint;\n"
        "-- zdm: reverse {c} = x{n}::varchar(20)\n"
        "UPDATE {t} SET x{n} = {c}::bigint;"
        " ALTER TABLE {t} DROP COLUMN {c};",
        column=_ADDED,
    ),
    Form(
        operation="widen_integer",
        name="plain",
        main=True,
        sql="ALTER TABLE {t} ALTER COLUMN size TYPE bigint;",
    ),
    Form(
        operation="retype_column",
        name="plain",
        main=True,
        sql="ALTER TABLE {t} ALTER COLUMN price TYPE numeric(14,4);",
    ),
    Form(
        operation="set_not_null",
        name="plain",
        sql="ALTER TABLE {t} ALTER COLUMN {c} SET NOT NULL;",
        nulls=False,
    ),
    Form(
        operation="set_not_null",
        name="filled",
        main=True,
        sql=f"{_FILL} ALTER TABLE {{t}} ALTER COLUMN {{c}} SET NOT NULL;",
    ),
    Form(
        operation="add_check",
        name="plain",
        main=True,
        sql="ALTER TABLE {t} ADD CONSTRAINT k{n} CHECK ({c} <> 'x');",
    ),
    Form(
        operation="add_check",
        name="new_column",
        sql="ALTER TABLE {t} ADD COLUMN y{n} int; ALTER TABLE {t} ADD CHECK (y{n} > 0);",
        column="y{n}",
    ),
    Form(
        operation="add_foreign_key",
        name="new_column",
        main=True,
        sql="ALTER TABLE {t} ADD COLUMN f{n} bigint; ALTER TABLE {t} ADD FOREIGN KEY (f{n})"
        " REFERENCES folder (id);",
        column="f{n}",
    ),
    Form(
        operation="add_foreign_key",
        name="to_itself",
        sql="ALTER TABLE {t} ADD CONSTRAINT f{n} FOREIGN KEY (id) REFERENCES {t} (id);",
    ),
    Form(
        operation="add_unique",
        name="plain",
        main=True,
        sql="ALTER TABLE {t} ADD CONSTRAINT q{n} UNIQUE (id, {c});",
    ),
    Form(
        operation="add_unique",
        name="using_index",
        sql="CREATE UNIQUE INDEX q{n} ON {t} ({c}, id);"
        " ALTER TABLE {t} ADD UNIQUE USING INDEX q{n};",
    ),
    Form(
        operation="add_primary_key",
        name="another_table",
        main=True,
        sql="ALTER TABLE keyless{n} ADD PRIMARY KEY (id);",
    ),
    Form(
        operation="drop_constraint",
        name="check",
        main=True,
        sql="ALTER TABLE {t} DROP CONSTRAINT {t}_size_check;",
    ),
    Form(
        operation="replace_key",
        name="another_table",
        main=True,
        sql="ALTER TABLE keyed{n} DROP CONSTRAINT keyed{n}_key;"
        " ALTER TABLE keyed{n} ADD CONSTRAINT keyed{n}_key UNIQUE (id);",
    ),
    Form(
        operation="validate_constraint",
        name="valid_already",
        main=True,
        sql="ALTER TABLE {t} VALIDATE CONSTRAINT {t}_size_check;",
    ),
    Form(
        operation="rename_constraint",
        name="check",
        main=True,
        sql="ALTER TABLE {t} RENAME CONSTRAINT {t}_size_check TO r{n};",
    ),
    Form(
        operation="change_default",
        name="set",
        sql="ALTER TABLE {t} ALTER COLUMN {c} SET DEFAULT '2';",
    ),
    Form(
        operation="change_default",
        name="drop",
        main=True,
        sql="ALTER TABLE {t} ALTER COLUMN {c} DROP DEFAULT;",
    ),
    Form(
        operation="backfill",
        name="every_row",
        main=True,
        sql="UPDATE {t} SET {c} = btrim({c});",
    ),
    Form(operation="backfill", name="where_null", sql=_FILL),
    Form(
        operation="drop_column",
        name="plain",
        main=True,
        sql="ALTER TABLE {t} DROP COLUMN {c};",
    ),
    Form(
        operation="create_index",
        name="plain",
        sql="CREATE INDEX {t}_{c}_{n} ON {t} ({c});",
    ),
    Form(
        operation="create_index",
        name="unique",
        main=True,
        sql="CREATE UNIQUE INDEX {t}_{c}_{n} ON {t} ({c});",
    ),
    Form(
        operation="create_index",
        name="again",
        sql="CREATE INDEX {t}_{c}_old ON {t} ({c}, id);",
        again=True,
    ),
    Form(operation="drop_index", name="plain", main=True, sql="DROP INDEX {t}_{c}_old;"),
    Form(
        operation="drop_index",
        name="replaced",
        sql="DROP INDEX {t}_{c}_old; CREATE INDEX {t}_{c}_old ON {t} ({c}, id);",
    ),
    Form(
        operation="rename_index",
        name="plain",
        main=True,
        sql="ALTER INDEX {t}_{c}_old RENAME TO i{n};",
    ),
    Form(
        operation="rename_index",
        name="of_key",
        sql="ALTER INDEX {t}_pkey RENAME TO i{n};",
    ),
    Form(
        operation="change_identity",
        name="always",
        main=True,
        sql="ALTER TABLE keyless{n} ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY"
        " (START WITH 1000);",
    ),
    Form(
        operation="drop_object",
        name="sequence",
        main=True,
        sql="DROP SEQUENCE counted{n};",
    ),
    Form(
        operation="grant",
        name="public",
        main=True,
        sql="GRANT SELECT, UPDATE ({c}) ON {t} TO PUBLIC;",
    ),
    Form(
        operation="change_settings",
        name="statistics",
        main=True,
        sql="ALTER TABLE {t} ALTER COLUMN {c} SET STATISTICS 50;",
    ),
    Form(
        operation="change_settings",
        name="fillfactor",
        sql="ALTER TABLE {t} SET (fillfactor = 80);",
    ),
    Form(
        operation="change_policy",
        name="create",
        main=True,
        sql="CREATE POLICY p{n} ON {t} USING ({c} IS NOT NULL);",
    ),
    Form(
        operation="change_policy",
        name="enable",
        sql="CREATE POLICY p{n} ON {t} USING (true);"
        " ALTER TABLE {t} ENABLE ROW LEVEL SECURITY;",
    ),
    Form(
        operation="create_table",
        name="references",
        main=True,
        sql="CREATE TABLE made{n} (id bigint PRIMARY KEY, code varchar(20), note varchar(20),"
        " size integer, of bigint REFERENCES {t} (id));",
        table="made{n}",
    ),
    Form(
        operation="create_table",
        name="like",
        sql="CREATE TABLE made{n} (LIKE {t});",
        table="made{n}",
    ),
    Form(
        operation="new_table_change",
        name="foreign_key",
        main=True,
        sql="CREATE TABLE made{n} (id bigint PRIMARY KEY, code varchar(20), of bigint);"
        " ALTER TABLE made{n} ADD FOREIGN KEY (of) REFERENCES {t} (id);",
        table="made{n}",
    ),
    Form(
        operation="rename_table",
        name="plain",
        main=True,
        sql="ALTER TABLE {t} RENAME TO made{n};",
        table="made{n}",
    ),
    Form(operation="drop_table", name="plain", main=True, sql="DROP TABLE {t};"),
    Form(
        operation="set_sequence",
        name="restart",
        main=True,
        sql="ALTER SEQUENCE counted{n} RESTART WITH 100;",
    ),
    Form(
        operation="new_object",
        name="enum",
        sql="CREATE TYPE made{n} AS ENUM ('a', 'b');",
    ),
    Form(
        operation="new_object",
        name="view",
        main=True,
        sql="CREATE VIEW made{n} AS SELECT id, {c} AS shown FROM {t};",
    ),
    Form(
        operation="new_object",
        name="function",
        sql="CREATE FUNCTION made{n}() RETURNS bigint LANGUAGE sql"
        " AS 'SELECT count({c}) FROM {t}';",
    ),
    Form(
        operation="new_object",
        name="view_of_all",
        sql="CREATE VIEW made{n} AS SELECT * FROM {t};",
    ),
    Form(operation="new_object", name="sequence", sql="CREATE SEQUENCE made{n};"),
    Form(
        operation="insert_rows",
        name="values",
        main=True,
        sql="INSERT INTO {t} (id, {c}) VALUES (90{n}, '90{n}');",
    ),
    Form(
        operation="insert_rows",
        name="by_position",
        sql="INSERT INTO {t} VALUES (91{n}, '91{n}');",
    ),
    Form(
        operation="copy_rows",
        name="new_table",
        main=True,
        sql="CREATE TABLE copy{n} (id bigint PRIMARY KEY, text varchar(20));"
        " INSERT INTO copy{n} SELECT id, {c} FROM {t};",
    ),
    Form(
        operation="move_column",
        name="new_table",
        main=True,
        sql="CREATE TABLE place{n} (of_id bigint PRIMARY KEY REFERENCES placed{n}"
        " ON DELETE CASCADE, place text); INSERT INTO place{n} SELECT id, place FROM placed{n}"
        " WHERE place IS NOT NULL; ALTER TABLE placed{n} DROP COLUMN place;",
    ),
    Form(
        operation="comment",
        name="column",
        main=True,
        sql="COMMENT ON COLUMN {t}.{c} IS 'digits';",
    ),
    Form(operation="comment", name="view", sql="COMMENT ON VIEW seen{n} IS 'ids';"),
    Form(
        operation="as_written",
        name="expand",
        sql="-- zdm: run in expand -- statistics alone\n"
        "ALTER TABLE {t} ALTER COLUMN {c} SET STATISTICS 50;",
    ),
    Form(
        operation="as_written",
        name="contract",
        main=True,
        sql="-- zdm: run in contract -- the new version writes no size\n"
        "ALTER TABLE {t} DROP CONSTRAINT {t}_size_check;",
    ),
    Form(
        operation="drop_not_null",
        name="plain",
        main=True,
        sql="ALTER TABLE {t} ALTER COLUMN {c} DROP NOT NULL;",
    ),
    Form(
        operation="add_enum_value",
        name="plain",
        main=True,
        sql="ALTER TYPE mood ADD VALUE 'new{n}' AFTER 'sad';",
    ),
    Form(
        operation="rename_enum_value",
        name="of_nobody",
        main=True,
        sql="ALTER TYPE of_nobody RENAME VALUE 'a' TO 'new{n}';",
    ),
    Form(
        operation="swap_enum",
        name="added",
        main=True,
        sql="ALTER TYPE mood RENAME TO mood_old;"
        " CREATE TYPE mood AS ENUM ('sad', 'new{n}', 'ok'); DROP TYPE mood_old;",
    ),
    Form(
        operation="update_rows",
        name="by_key",
        main=True,
        sql="UPDATE {t} SET {c} = NULL WHERE id = 2{n};",
    ),
    Form(
        operation="delete_rows",
        name="by_key",
        main=True,
        sql="DELETE FROM {t} WHERE id = 1{n};",
    ),
    Form(
        operation="delete_rows",
        name="in_batches",
        sql="DELETE FROM {t} WHERE {c} = ' 13';",
    ),
    Form(
        operation="create_trigger",
        name="plain",
        main=True,
        sql="CREATE TRIGGER made{n} AFTER INSERT ON {t} FOR EACH ROW"
        " EXECUTE FUNCTION noting();",
    ),
    Form(
        operation="replace_trigger",
        name="or_replace",
        main=True,
        sql="CREATE OR REPLACE TRIGGER noted AFTER INSERT ON keyless{n} FOR EACH ROW"
        " EXECUTE FUNCTION noting();",
    ),
    Form(
        operation="drop_trigger",
        name="plain",
        main=True,
        sql="DROP TRIGGER noted ON keyless{n};",
    ),
    Form(
        operation="toggle_trigger",
        name="disable",
        main=True,
        sql="ALTER TABLE keyless{n} DISABLE TRIGGER noted;",
    ),
    Form(
        operation="replace_function",
        name="or_replace",
        main=True,
        sql="CREATE OR REPLACE FUNCTION one{n}(a integer) RETURNS integer LANGUAGE plpgsql"
        " AS 'BEGIN RETURN 2; END';",
    ),
    Form(
        operation="extend_function",
        name="default",
        main=True,
        sql="DROP FUNCTION one{n}(integer);\n"
        "CREATE FUNCTION one{n}(a integer, b integer DEFAULT 0) RETURNS integer"
        " LANGUAGE plpgsql AS 'BEGIN RETURN 2; END';",
    ),
    Form(
        operation="drop_function",
        name="plain",
        main=True,
        sql="DROP FUNCTION one{n}(integer);",
    ),
    Form(
        operation="replace_view",
        name="or_replace",
        main=True,
        sql="CREATE OR REPLACE VIEW seen{n} AS SELECT id, n FROM keyed{n};",
    ),
    Form(operation="drop_view", name="plain", main=True, sql="DROP VIEW seen{n};"),
    Form(
        operation="new_object",
        name="materialized_view",
        main=True,
        sql="CREATE MATERIALIZED VIEW many{n} AS SELECT id, {c} FROM {t};"
        " CREATE UNIQUE INDEX ON many{n} (id);",
    ),
    Form(
        operation="refresh_view",
        name="new",
        main=True,
        sql="CREATE MATERIALIZED VIEW more{n} AS SELECT id FROM {t} WITH NO DATA;"
        " REFRESH MATERIALIZED VIEW more{n};",
    ),
    Form(
        operation="create_statistics",
        name="plain",
        main=True,
        sql="CREATE STATISTICS both{n} ON {c}, size FROM {t};",
    ),
    Form(
        operation="maintain_table",
        name="vacuum",
        main=True,
        sql="VACUUM (ANALYZE) {t};",
    ),
    Form(
        operation="maintain_table",
        name="reindex",
        sql="REINDEX TABLE CONCURRENTLY {t};",
    ),
    Form(
        operation="attach_partition",
        name="plain",
        main=True,
        sql="ALTER TABLE parted{n} ATTACH PARTITION loose{n} FOR VALUES FROM (100) TO (200);",
    ),
    Form(
        operation="attach_partition",
        name="new_table",
        sql="CREATE TABLE part{n} (LIKE parted{n});"
        " ALTER TABLE parted{n} ATTACH PARTITION part{n} FOR VALUES FROM (200) TO (300);",
    ),
    Form(
        operation="partition_table",
        name="plain",
        main=True,
        sql="ALTER TABLE whole{n} RENAME TO whole{n}_a;"
        " CREATE TABLE whole{n} (LIKE whole{n}_a INCLUDING DEFAULTS) PARTITION BY RANGE (id);"
        " ALTER TABLE whole{n} ATTACH PARTITION whole{n}_a FOR VALUES FROM (0) TO (100);"
        " CREATE TABLE whole{n}_b PARTITION OF whole{n} FOR VALUES FROM (100) TO (200);",
    ),
    Form(
        operation="detach_partition",
        name="plain",
        main=True,
        sql="ALTER TABLE parted{n} DETACH PARTITION parted{n}_a;",
    ),
    Form(
        operation="alter_sequence",
        name="plain",
        main=True,
        sql="ALTER SEQUENCE counted{n} INCREMENT BY 5;",
    ),
    Form(
        operation="rename_view",
        name="plain",
        main=True,
        sql="ALTER VIEW seen{n} RENAME TO looked{n};",
    ),
    Form(
        operation="set_schema",
        name="view",
        main=True,
        sql="CREATE SCHEMA moved{n}; ALTER VIEW seen{n} SET SCHEMA moved{n};",
    ),
    Form(
        operation="change_owner",
        name="plain",
        main=True,
        sql="ALTER TABLE {t} OWNER TO pg_monitor;",
    ),
    Form(
        operation="rename_part",
        name="trigger",
        main=True,
        sql="ALTER TRIGGER noted ON keyless{n} RENAME TO noticed;",
    ),
    Form(
        operation="create_publication",
        name="plain",
        main=True,
        sql="CREATE PUBLICATION all{n} FOR TABLE {t};",
    ),
    Form(
        operation="drop_publication",
        name="plain",
        main=True,
        sql="DROP PUBLICATION sent{n};",
    ),
    Form(
        operation="rename_function",
        name="plain",
        main=True,
        sql="ALTER FUNCTION one{n} RENAME TO first{n};",
    ),
)
