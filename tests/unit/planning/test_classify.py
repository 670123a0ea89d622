import pytest

from tests.unit import schemas
from zdm.model.findings import Severity
from zdm.model.schema import Column, Constraint, Name, Volatility
from zdm.planning import classify
from zdm.planning.classify import Classification

HERE = schemas.snapshot(schemas.users())
SEED = """ALTER TABLE users ADD COLUMN new_email text;
UPDATE users SET new_email = email;
ALTER TABLE users DROP COLUMN email;
"""


def classified(sql: str, *, fuse: bool = True) -> Classification:
    return classify.classify(schemas.train(sql), HERE, fuse=fuse)


def slugs(sql: str, *, fuse: bool = True) -> list[str]:
    return [place.operation.slug for place in classified(sql, fuse=fuse).placed]


def refusals(sql: str) -> list[tuple[str, str]]:
    return [(f.slug, str(f.source)) for f in classified(sql).refused]


def test_add_fill_and_drop_are_one_operation() -> None:
    found = classified(SEED)

    assert [place.operation.slug for place in found.placed] == ["rename_column"]
    assert [len(place.actions) for place in found.placed] == [3]
    assert found.findings == ()


def test_fusion_can_be_switched_off() -> None:
    assert slugs(SEED, fuse=False) == ["add_column", "backfill", "drop_column"]


def test_an_operation_meets_the_schema_that_the_ones_before_it_leave() -> None:
    found = classified(SEED + "COMMENT ON COLUMN users.new_email IS 'x';")
    table = found.placed[1].context.snapshot.table(schemas.USERS)

    assert table is not None
    assert table.column("new_email") is not None
    assert table.column("email") is None


def test_transactions_and_settings_are_consumed_silently() -> None:
    sql = "BEGIN; SET lock_timeout = '1s'; ALTER TABLE users ADD COLUMN a int; COMMIT;"
    found = classified(sql)

    assert [place.operation.slug for place in found.placed] == ["add_column"]
    assert (found.findings, found.notes) == ((), ())


def test_a_read_is_noted() -> None:
    found = classified("SELECT count(*) FROM users;\nALTER TABLE users ADD COLUMN a int;")

    assert found.notes == (
        "migration.sql:1:1: this SELECT is not part of the plan; zdm does not know what"
        " depends on its result",
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT set_config('app.x', '1', false);",
        "SELECT create_hypertable('users', 'at');",
        "SELECT addgeometrycolumn('users', 'place', 4326, 'POINT', 2) FROM users;",
        "SELECT id INTO copied FROM users;",
        "WITH gone AS (DELETE FROM users RETURNING id) SELECT * FROM gone;",
    ],
)
def test_a_select_that_writes_is_refused(sql: str) -> None:
    assert refusals(sql) != []


def test_a_select_of_what_is_there_is_noted() -> None:
    found = classified(
        "SELECT pg_advisory_xact_lock(7), max(id), pg_get_serial_sequence('users', 'id')"
        " FROM users;"
    )

    assert (found.findings, len(found.notes)) == ((), 1)


def test_a_lock_of_the_author_is_left_out_and_noted() -> None:
    found = classified(
        "BEGIN; LOCK TABLE users IN SHARE MODE; ALTER TABLE users ADD COLUMN a int; COMMIT;"
    )

    assert [place.operation.slug for place in found.placed] == ["add_column"]
    assert found.notes == (
        "migration.sql:1:8: this LOCK is not part of the plan; each step takes the locks that"
        " it needs, in a transaction of its own",
    )


def test_a_lock_on_which_a_statement_as_written_may_rely_is_refused() -> None:
    sql = "BEGIN; LOCK TABLE users;\n-- zdm: run in expand -- reviewed\nSELECT tidy(); COMMIT;"

    assert [slug for slug, _ in refusals(sql)] == ["unknown_statement"]


def test_merge_is_refused_by_name() -> None:
    sql = "MERGE INTO users USING new ON new.id = users.id WHEN MATCHED THEN DELETE;"
    old = schemas.snapshot(schemas.users(), version=140010)
    (now,) = classified(sql).refused
    (then,) = classify.classify(schemas.train(sql), old).refused

    assert now.message.startswith("MERGE fails where an application inserts a key")
    assert then.message == "PostgreSQL 14 has no MERGE, so this statement would fail"


def test_every_refusal_is_collected_with_its_place() -> None:
    sql = "DO $$ BEGIN CALL f(); END $$;\nALTER TABLE users ADD COLUMN a int;\n  DROP VIEW v;\n"

    assert refusals(sql) == [
        ("unknown_statement", "migration.sql:1:1"),
        ("no_operation", "migration.sql:3:3"),
    ]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "ALTER TABLE users DROP COLUMN nothing;",
            "users has no column nothing at this statement",
        ),
        (
            "ALTER TABLE app.none DROP COLUMN nothing;",
            "there is no table app.none in the schema at this statement",
        ),
    ],
)
def test_an_unknown_name_is_said(sql: str, message: str) -> None:
    assert [f.message for f in classified(sql).refused] == [message]


def test_the_author_s_word_lets_a_refused_statement_through() -> None:
    sql = "-- zdm: run in contract -- nobody reads it\nDROP VIEW v;"
    found = classified(sql)

    assert [place.operation.slug for place in found.placed] == ["as_written"]
    assert found.findings == ()


def test_a_directive_without_effect_is_refused() -> None:
    sql = "-- zdm: reverse a = 1\nALTER TABLE users ADD COLUMN a int;"

    assert refusals(sql) == [("unused_directive", "migration.sql:1:1")]


def test_a_directive_that_a_new_table_does_not_need_is_none_without_effect() -> None:
    sql = """CREATE TABLE fresh (a text);
ALTER TABLE fresh ADD COLUMN b int;
-- zdm: reverse a = b::text
UPDATE fresh SET b = a::int;
ALTER TABLE fresh DROP COLUMN a;"""

    assert refusals(sql) == []


@pytest.mark.parametrize("sql", ["SET search_path = public;", "BEGIN;"])
def test_a_directive_above_a_setting_is_refused(sql: str) -> None:
    assert [slug for slug, _ in refusals(f"-- zdm: run in expand -- x\n{sql}")] == [
        "unused_directive"
    ]


def test_run_in_counts_also_for_a_statement_that_could_be_planned() -> None:
    found = classified("-- zdm: run in expand -- x\nALTER TABLE users ADD COLUMN a int;")

    assert [place.operation.slug for place in found.placed] == ["as_written"]
    assert [(f.slug, f.severity) for f in found.findings] == [("run_as_written", Severity.WARN)]


def test_a_statement_that_runs_as_written_is_no_part_of_another_change() -> None:
    sql = """ALTER TABLE users ADD COLUMN b text;
UPDATE users SET b = name;
-- zdm: run in contract -- x
ALTER TABLE users DROP COLUMN name;"""

    assert "rename_column" not in {p.operation.slug for p in classified(sql).placed}


def test_a_read_that_is_to_run_in_a_phase_runs() -> None:
    found = classified("-- zdm: run in contract -- it warms the cache\nSELECT 1;")

    assert [place.operation.slug for place in found.placed] == ["as_written"]


@pytest.mark.parametrize(
    "sql",
    [
        "-- zdm: run in expand -- x\nDROP INDEX i;\nCREATE INDEX i ON users (name);",
        "-- zdm: run in contract -- x\nDROP TABLE others;\n"
        "-- zdm: run in contract -- x\nALTER TABLE users RENAME TO others;",
    ],
)
def test_a_name_that_is_freed_in_time_may_be_taken(sql: str) -> None:
    assert "name_reused" not in [slug for slug, _ in refusals(sql)]


def test_a_directive_of_a_refused_statement_is_not_called_useless() -> None:
    sql = SEED.replace("UPDATE", "-- zdm: reverse email = id\nUPDATE").replace(
        "= email", "= lower(email)"
    )

    assert [f.slug for f in classified(sql).findings] == ["type_change_blocked"]


def test_a_dropped_column_that_a_fill_reads_is_refused() -> None:
    sql = """ALTER TABLE users ADD COLUMN full_name text;
UPDATE users SET full_name = email || name;
ALTER TABLE users DROP COLUMN name;"""

    assert refusals(sql) == [("lost_writes", "migration.sql:3:1")]


@pytest.mark.parametrize(
    "copies",
    [
        "INSERT INTO kept SELECT id, to_jsonb(users) FROM users",
        "INSERT INTO kept SELECT id, to_jsonb(u) FROM users AS u",
        "INSERT INTO kept SELECT id, to_jsonb((u).email) FROM users AS u",
        "INSERT INTO kept SELECT a, to_jsonb(b) FROM users AS u (a, b, c)",
        "INSERT INTO kept SELECT a, to_jsonb(b) FROM (TABLE users) AS u (a, b, c)",
        "UPDATE kept SET was = to_jsonb(b) FROM users AS u (a, b, c) WHERE a = kept.id",
        "UPDATE users SET name = users::text",
        "UPDATE users SET name = o.b FROM users AS o (a, b, c) WHERE o.a = users.id - 1",
    ],
)
def test_a_value_that_is_taken_without_the_name_of_its_column_is_not_lost(copies: str) -> None:
    """Few rows are copied at once, and what the old version writes afterwards would be lost."""
    sql = f"""CREATE TABLE kept (id bigint PRIMARY KEY, was jsonb);
{copies};
ALTER TABLE users DROP COLUMN email;"""
    here = schemas.snapshot(schemas.users(rows=5))
    found = classify.classify(schemas.train(sql), here).refused

    assert [(f.slug, str(f.source)) for f in found] == [("lost_writes", "migration.sql:3:1")]


def test_every_column_of_another_table_is_none_of_the_one_that_is_changed() -> None:
    sql = """UPDATE users SET name = 'x' WHERE EXISTS (SELECT * FROM pg_catalog.pg_class);
ALTER TABLE users DROP COLUMN email;"""

    assert "lost_writes" not in [slug for slug, _ in refusals(sql)]


def test_a_fill_of_another_column_does_not_refuse_the_drop() -> None:
    assert refusals("UPDATE users SET name = 'x' WHERE name IS NULL;\n" + SEED) == []


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE users DROP COLUMN name;\nALTER TABLE users ADD COLUMN name text;",
        "ALTER TABLE users RENAME COLUMN name TO n;\nALTER TABLE users ADD COLUMN name text;",
        "ALTER TABLE users DROP COLUMN name;\nALTER TABLE users RENAME COLUMN email TO name;",
        "-- zdm: run in contract -- x\nDROP INDEX i;\n"
        "-- zdm: run in expand -- x\nCREATE INDEX i ON users (name);",
        "-- zdm: run in contract -- x\nDROP TABLE others;\nCREATE TABLE others (id int);",
        "-- zdm: run in contract -- x\nDROP TABLE others;\n"
        "-- zdm: run in expand -- x\nALTER TABLE users RENAME TO others;",
    ],
)
def test_a_name_that_is_freed_too_late_is_refused(sql: str) -> None:
    assert [slug for slug, _ in refusals(sql)] == ["name_reused"]


def test_names_inside_a_new_table_may_be_used_again() -> None:
    sql = """CREATE TABLE tags (a int);
ALTER TABLE tags DROP COLUMN a;
ALTER TABLE tags ADD COLUMN a text;"""

    assert refusals(sql) == []


def test_a_refusal_takes_its_parts_along() -> None:
    sql = SEED.replace("new_email text", "new_email text DEFAULT ''")

    assert refusals(sql) == [("cannot_be_fused", "migration.sql:1:1")]


def test_a_name_is_the_first_of_the_search_path_that_is_there() -> None:
    found = classified("SET search_path TO app, public;\nALTER TABLE users ADD COLUMN a int;")

    assert [place.operation.title for place in found.placed] == ["add users.a"]


def test_a_new_table_is_made_in_the_first_schema_of_the_path() -> None:
    sql = """CREATE SCHEMA app;
SET search_path TO none, app, public;
CREATE TABLE t (a int);
ALTER TABLE users ADD COLUMN a int;"""
    found = classified(sql)

    assert [place.operation.title for place in found.placed] == [
        "create schema app",
        "create table app.t",
        "add users.a",
    ]


def refused_on(sql: str, *schemas_there: str) -> list[tuple[str, str]]:
    start = schemas.snapshot(schemas.users(), schemas=schemas_there or ("public",))
    found = classify.classify(schemas.train(sql), start)
    return [(f.slug, f.message) for f in found.refused]


def test_what_follows_a_refused_statement_is_judged_on_the_schema_that_it_leaves() -> None:
    refused = refused_on(
        "ALTER SCHEMA public RENAME TO app;"
        "ALTER TABLE app.users ADD COLUMN note text;"
        "CREATE INDEX users_note ON app.users (note);",
        "public",
    )

    assert [slug for slug, _ in refused] == ["rename_breaks"]


def test_a_statement_of_which_nothing_is_known_is_named_by_its_first_words() -> None:
    ((slug, message),) = refused_on("ALTER INDEX users_pkey SET (fillfactor = 70);")

    assert slug == "no_operation"
    assert message == "zdm has no safe plan for this statement yet (alter index)"


@pytest.mark.parametrize("constraint", ["UNIQUE (email)", "CHECK (email <> '')"])
def test_a_rename_does_not_carry_a_constraint_of_its_own_train(constraint: str) -> None:
    refused = refused_on(
        f"ALTER TABLE users ADD {constraint}; ALTER TABLE users RENAME COLUMN email TO mail;"
    )

    assert [slug for slug, _ in refused] == ["constraint_renamed"]


@pytest.mark.parametrize(
    "moved",
    [
        "ALTER TABLE users RENAME COLUMN note TO text",
        "ALTER TABLE users ADD t text; UPDATE users SET t = note;"
        " ALTER TABLE users DROP COLUMN note",
    ],
)
def test_not_null_does_not_reach_the_new_column_while_the_old_version_writes_null(
    moved: str,
) -> None:
    there = schemas.users(Column(name="note", type="text"))
    found = classify.classify(
        schemas.train(f"ALTER TABLE users ALTER note SET NOT NULL; {moved};"),
        schemas.snapshot(there),
    )

    assert [one.slug for one in found.refused] == ["not_null_moved"]


def test_not_null_of_a_column_that_has_it_already_may_be_renamed() -> None:
    refused = refused_on(
        "ALTER TABLE users ALTER email SET NOT NULL; ALTER TABLE users RENAME email TO mail;"
    )

    assert refused == []


def _proved(train: str) -> list[str]:
    check = Constraint(
        name="k",
        kind="check",
        columns=("note",),
        definition="CHECK (((note IS NOT NULL) AND (note <> ''::text)))",
    )
    there = schemas.users(Column(name="note", type="text"), constraints=(check,))
    found = classify.classify(schemas.train(train), schemas.snapshot(there))
    return [one.slug for one in found.refused]


def test_nor_does_a_check_that_proves_it_stop_a_rename() -> None:
    declare = "ALTER TABLE users ALTER note SET NOT NULL;"
    rename = "ALTER TABLE users RENAME note TO text;"

    assert _proved(declare + rename) == []
    assert _proved(declare + "ALTER TABLE users DROP CONSTRAINT k;" + rename) == []


def test_unless_the_train_drops_it_before() -> None:
    found = _proved(
        "ALTER TABLE users DROP CONSTRAINT k; ALTER TABLE users ALTER note SET NOT NULL;"
        "ALTER TABLE users RENAME note TO text;"
    )

    assert found == ["not_null_moved"]


def test_an_exclusion_is_refused_with_what_to_do() -> None:
    exclude = "ALTER TABLE users ADD EXCLUDE USING gist (name WITH =);"
    found = classify.classify(schemas.train(exclude), schemas.snapshot(schemas.users()))

    assert [one.slug for one in found.refused] == ["exclusion_cannot_be_added"]
    assert "small" in found.refused[0].remedy


def test_what_follows_a_rename_is_not_told_that_the_table_is_missing() -> None:
    refused = refused_on(
        "ALTER TABLE users RENAME TO crew;"
        "ALTER TABLE crew ADD COLUMN note text;"
        "CREATE INDEX crew_note ON crew (note);"
    )

    ((slug, said),) = refused

    assert slug == "renamed_in_train"
    assert said.endswith("likewise migration.sql:1:72")


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("ALTER TABLE hidden ADD COLUMN a int;", "table hidden"),
        ("ALTER TABLE hidden DROP COLUMN a;", "table hidden"),
        ("ALTER TABLE users DROP COLUMN a;", "column users.a"),
        ("ALTER TABLE users ALTER a SET NOT NULL;", "column users.a"),
        ("CREATE INDEX i ON users (a);", "column users.a"),
        ("UPDATE users SET a = 1;", "column users.a"),
        ("INSERT INTO hidden VALUES (1);", "table hidden"),
    ],
)
def test_after_a_statement_that_nobody_can_read_nothing_is_said_to_be_missing(
    sql: str, name: str
) -> None:
    _, (slug, message) = refused_on("DO 'BEGIN CALL f(); END';" + sql)

    assert slug == "unknown_after"
    assert message == (
        f"whether {name} exists is unknown after migration.sql:1:1, whose effect zdm cannot see"
    )


def test_before_a_statement_that_nobody_can_read_a_name_is_missing_for_certain() -> None:
    refused = refused_on("ALTER TABLE hidden ADD COLUMN a int; DO 'BEGIN CALL f(); END';")

    assert [slug for slug, _ in refused] == ["unknown_table", "unknown_statement"]


def test_a_partition_may_say_more_about_a_column_without_its_type() -> None:
    found = classified(
        "CREATE TABLE events (at date, kind text) PARTITION BY RANGE (at);"
        "CREATE TABLE events_2025 PARTITION OF events (kind DEFAULT 'x' NOT NULL)"
        " FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');"
    )
    table = found.after.table(Name("public", "events_2025"))

    assert found.refused == ()
    assert table is not None
    assert table.column("kind") == Column(
        name="kind",
        type="text",
        not_null=True,
        default="'x'",
        default_volatility=Volatility.IMMUTABLE,
    )
