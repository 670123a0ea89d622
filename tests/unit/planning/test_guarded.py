"""DO blocks become the statements that they run, by what the Snapshot answers."""

import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.catalog.database import Unshown
from zdm.model.schema import (
    Constraint,
    Index,
    Name,
    Policy,
    Snapshot,
    Table,
    Trigger,
    Type,
    View,
)
from zdm.planning import classify

ADD = "ALTER TABLE users ADD COLUMN a int"
TRIGGER = Trigger(
    name="audited",
    definition="CREATE TRIGGER audited BEFORE UPDATE ON public.users …",
    function=Name("public", "f"),
    enabled="O",
)
INDEX = Index(
    name="users_email",
    definition="CREATE INDEX users_email ON public.users USING btree (email)",
    keys=("email",),
    columns=("email",),
)
MOOD = Type(name=Name("public", "mood"), kind="enum", definition="…", labels=("a",))


def start(**details: object) -> Snapshot:
    users = schemas.users(triggers=(TRIGGER,))
    users = replace(
        users,
        indexes=(*users.indexes, INDEX),
        policies=(Policy(name="own", definition="…"),),
    )
    return schemas.snapshot(users, types=(MOOD,), **details)  # type: ignore[arg-type]  # any


def block(body: str) -> str:
    return f"DO $$ BEGIN\n{body}\nEND $$;"


def guarded(condition: str) -> str:
    return block(f"IF {condition} THEN {ADD}; END IF;")


def runs(condition: str, snapshot: Snapshot | None = None) -> bool | None:
    """Whether the statement behind the condition runs; None: it cannot be told."""
    answer = ask(guarded(condition), snapshot or start())
    if answer.refusals:
        return None
    return answer.slugs == ["add_column"]


@pytest.mark.parametrize(
    "asked",
    [
        "pg_constraint WHERE conname = 'users_pkey'",
        "pg_constraint c WHERE c.conname = 'users_pkey' AND c.conrelid = 'users'::regclass",
        "pg_catalog.pg_attribute WHERE attrelid = to_regclass('public.users')"
        " AND attname = 'email' AND NOT attisdropped",
        "pg_class WHERE relname = 'users_email'",
        "pg_indexes WHERE schemaname = 'public' AND indexname = 'users_email'",
        "pg_tables WHERE tablename = 'users' AND schemaname = current_schema()",
        "pg_trigger WHERE tgname = 'audited' AND tgrelid = 'users'::regclass",
        "pg_policies WHERE policyname = 'own' AND tablename = 'users'",
        "pg_type WHERE typname = 'mood'::name",
        "information_schema.table_constraints WHERE constraint_name = 'users_pkey'"
        " AND table_name = 'users'",
        "information_schema.columns WHERE table_schema = 'public' AND table_name = 'users'"
        " AND column_name = 'email'",
        "information_schema.tables WHERE table_name = 'users'",
    ],
)
def test_what_is_there_is_found_and_nothing_else(asked: str) -> None:
    other = asked.replace("'users_pkey'", "'x'").replace("'email'", "'x'")
    for name in ("users_email", "audited", "own", "mood"):
        other = other.replace(f"'{name}'", "'x'")
    if other == asked:
        other = asked.replace("'users'", "'x'")

    assert runs(f"EXISTS (SELECT 1 FROM {asked})") is True
    assert runs(f"NOT EXISTS (SELECT FROM {asked})") is False
    assert runs(f"EXISTS (SELECT 1 FROM {other})") is False


@pytest.mark.parametrize(
    "condition",
    [
        "true",
        "EXISTS (SELECT 1 FROM users)",
        "EXISTS (SELECT 1 FROM pg_constraint WHERE contype = 'p')",
        "EXISTS (SELECT count(*) FROM pg_constraint WHERE conname = 'x')",
        "EXISTS (SELECT 1 FROM pg_constraint WHERE conname LIKE 'x%')",
        "EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'x' LIMIT 0)",
        "EXISTS (SELECT 1 FROM pg_constraint, pg_class WHERE conname = 'x')",
        "EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'x' OR conname = 'y')",
        "EXISTS (SELECT 1 FROM pg_constraint WHERE conname = lower('X'))",
        "EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = 'gone'::regclass)",
        "EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('a b'))",
        "EXISTS (SELECT 1 FROM pg_class WHERE relname = 'pg_class')",
        "EXISTS (SELECT 1 FROM pg_type WHERE typname = '_mood')",
        "EXISTS (SELECT 1 FROM app.pg_type WHERE typname = 'mood')",
        "EXISTS (SELECT 1 FROM pg_proc WHERE proname = 'f')",
        "EXISTS (SELECT 1 FROM pg_attribute WHERE attname = 'email')",
        "EXISTS (SELECT 1 FROM information_schema.columns WHERE column_name = 'email')",
        "EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = 'public')",
        "NOT EXISTS (SELECT 1 FROM pg_attribute WHERE attname = 'oid'"
        " AND attrelid = to_regclass('pg_class'))",
    ],
)
def test_what_the_snapshot_cannot_answer_is_refused(condition: str) -> None:
    assert runs(condition) is None


def test_a_constant_is_cut_as_the_server_cuts_names() -> None:
    long = "x" * 70
    table = schemas.users()
    cut = replace(table, indexes=(replace(INDEX, name="x" * 63),))

    assert runs(
        f"EXISTS (SELECT FROM pg_indexes WHERE indexname = '{long}')", schemas.snapshot(cut)
    )
    assert runs(f"EXISTS (SELECT FROM pg_indexes WHERE indexname = '{long}'::text)") is None


def test_conditions_are_joined() -> None:
    there, gone = (
        f"EXISTS (SELECT 1 FROM pg_tables WHERE tablename = '{name}')"
        for name in ("users", "gone")
    )

    assert runs(f"{there} AND NOT {gone}") is True
    assert runs(f"{there} AND {gone}") is False
    assert runs(f"{gone} OR {there}") is True


def test_a_view_may_have_the_column() -> None:
    asked = (
        "EXISTS (SELECT FROM information_schema.columns"
        " WHERE table_name = 'v' AND column_name = 'shown')"
    )
    view = View(name=Name("public", "v"), kind="view", definition="…", columns=("shown",))

    assert runs(asked, start(views=(view,))) is True
    assert runs(asked, start(views=(replace(view, columns=()),))) is None


LEGACY = replace(schemas.users(), name=Name("legacy", "users"))
HIDDEN = Unshown(not_owned=frozenset({("legacy", "users")}))


def both(*own: Table, unshown: Unshown = HIDDEN) -> Snapshot:
    """The table of another role, and those of this one."""
    return replace(
        schemas.snapshot(LEGACY, *own), schemas=("legacy", "public"), unshown=unshown
    )


@pytest.mark.parametrize(
    "asked",
    [
        "columns WHERE table_name = 'users' AND column_name = 'email'",
        "table_constraints WHERE table_name = 'users' AND constraint_name = 'users_pkey'",
        "table_constraints WHERE constraint_name = 'users_pkey'",
        "tables WHERE table_name = 'users'",
        "tables WHERE table_name = 'users' AND table_schema = 'legacy'",
    ],
)
def test_what_the_role_does_not_own_may_be_hidden_from_it(asked: str) -> None:
    asked = f"EXISTS (SELECT FROM information_schema.{asked})"
    add = f"IF NOT {asked} THEN ALTER TABLE legacy.users ADD b int; END IF;"
    answer = ask(block(add), both())

    (refusal,) = answer.refusals

    assert "cannot be read with certainty" in refusal
    assert ask(block(add), both(unshown=Unshown())).refusals == ()


def test_what_the_role_owns_or_nobody_has_is_certain() -> None:
    table = "information_schema.columns WHERE table_name = 'users'"
    found = f"EXISTS (SELECT FROM {table} AND column_name = 'email')"

    assert runs(found, both(schemas.users())) is True
    assert runs(f"EXISTS (SELECT FROM {table} AND column_name = 'x')", both()) is False
    assert runs(f"{found[:-1]} AND table_schema = 'public')", both()) is False


@pytest.mark.parametrize(
    ("asked", "unknown"),
    [
        ("information_schema.tables WHERE table_name = 'triggers'", True),
        (
            "information_schema.tables WHERE table_name = 'triggers'"
            " AND table_schema = 'public'",
            False,
        ),
        ("pg_class WHERE relname = 'triggers'", True),
        ("pg_type WHERE typname = 'citext'", True),
        (
            "pg_attribute WHERE attname = 'a' AND attrelid = to_regclass('alembic_version')",
            True,
        ),
        (
            "information_schema.columns WHERE table_name = 'users' AND column_name = 'text'",
            False,
        ),
    ],
)
def test_what_the_snapshot_leaves_out_may_be_there(asked: str, *, unknown: bool) -> None:
    names = [
        ("public", "citext"),
        ("public", "alembic_version"),
    ]
    left_out = replace(start(), unshown=Unshown(names=frozenset(names)))

    assert runs(f"EXISTS (SELECT FROM {asked})", left_out) is (None if unknown else False)


def test_indexes_of_materialized_views_are_found_and_their_triggers_not_known() -> None:
    view = View(
        name=Name("public", "v"),
        kind="materialized view",
        definition="…",
        indexes=("CREATE INDEX v_a ON public.v USING btree (a)",),
        triggers=("CREATE TRIGGER t …",),
    )

    for asked, there in {
        "pg_indexes WHERE indexname = 'v_a'": True,
        "pg_indexes WHERE indexname = 'v_a' AND tablename = 'users'": False,
        "pg_class WHERE relname = 'v_a'": True,
        "pg_trigger WHERE tgname = 't'": None,
    }.items():
        assert runs(f"EXISTS (SELECT FROM {asked})", start(views=(view,))) is there


def test_foreign_tables_are_tables_of_information_schema_alone() -> None:
    foreign = replace(schemas.users(name=Name("public", "ft")), kind="foreign table")
    here = schemas.snapshot(schemas.users(), foreign)

    assert runs("EXISTS (SELECT FROM pg_tables WHERE tablename = 'ft')", here) is False
    asked = "EXISTS (SELECT FROM information_schema.tables WHERE table_name = 'ft')"
    assert runs(asked, here) is True


def test_names_of_multiranges_are_not_known() -> None:
    here = schemas.snapshot(schemas.users(), types=(replace(MOOD, kind="range"),))

    assert runs("EXISTS (SELECT FROM pg_type WHERE typname = 'mood')", here) is True
    assert runs("EXISTS (SELECT FROM pg_type WHERE typname = 'mood_multirange')", here) is None


def test_names_of_foreign_keys_to_partitions_are_not_known() -> None:
    parts = replace(
        schemas.users(name=Name("public", "parts")),
        kind="partitioned table",
        partition_key="RANGE (id)",
    )
    key = Constraint(
        name="fk",
        kind="foreign key",
        columns=("id",),
        definition="FOREIGN KEY (id) REFERENCES parts (id)",
        references=parts.name,
        referenced_columns=("id",),
    )
    users = schemas.users()
    here = schemas.snapshot(
        replace(users, constraints=(*users.constraints, key)),
        parts,
        schemas.users(name=Name("public", "apart")),
    )

    for catalog, name, table in (
        ("pg_constraint", "conname", "conrelid = '{}'::regclass"),
        ("information_schema.table_constraints", "constraint_name", "table_name = '{}'"),
    ):
        asked = f"EXISTS (SELECT FROM {catalog} WHERE {name} = '{{}}'{{}})"
        own = " AND " + table
        assert runs(asked.format("fk", ""), here) is True
        assert runs(asked.format("fk_1", ""), here) is None
        assert runs(asked.format("fk_1", own.format("users")), here) is None
        assert runs(asked.format("fk_1", own.format("apart")), here) is False


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ("to_regclass('public.users') IS NOT NULL", True),
        ("to_regclass('users') IS NULL", False),
        ("to_regclass('x') IS NULL", True),
        ("to_regclass('users_email') IS NOT NULL", True),
        ("to_regclass('pg_class') IS NULL", None),
        ("to_regtype('x') IS NULL", None),
        (
            "EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'users'::regclass"
            " AND attname = 'email' AND attnum > 0 AND NOT attisdropped)",
            True,
        ),
        (
            "EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'users'::regclass"
            " AND attname = 'ctid' AND attnum > 0)",
            False,
        ),
        (
            "EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'users'::regclass"
            " AND attname = 'email' AND attnum > 1)",
            None,
        ),
        ("EXISTS (SELECT FROM pg_namespace WHERE nspname = 'public')", True),
        ("EXISTS (SELECT FROM pg_namespace WHERE nspname = 'x')", False),
        ("EXISTS (SELECT FROM pg_namespace WHERE nspname = 'information_schema')", None),
        (
            "EXISTS (SELECT FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid"
            " WHERE t.typname = 'mood' AND e.enumlabel = 'a')",
            True,
        ),
        (
            "EXISTS (SELECT FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid"
            " WHERE t.typname = 'mood' AND e.enumlabel = 'x')",
            False,
        ),
        (
            "EXISTS (SELECT FROM pg_enum e JOIN pg_type t ON t.typarray = e.enumtypid"
            " WHERE t.typname = 'mood' AND e.enumlabel = 'a')",
            None,
        ),
        (
            "EXISTS (SELECT FROM pg_enum WHERE enumlabel = 'a'"
            " AND enumtypid = 'mood'::regtype)",
            True,
        ),
        (
            "EXISTS (SELECT FROM pg_enum WHERE enumlabel = 'x'"
            " AND enumtypid = 'mood'::regtype)",
            False,
        ),
        ("EXISTS (SELECT FROM pg_enum WHERE enumlabel = 'a' AND typname = 'mood')", None),
        ("EXISTS (SELECT FROM pg_enum WHERE enumtypid = 'gone'::regtype)", None),
    ],
)
def test_everyday_questions_are_answered(asked: str, there: bool | None) -> None:
    assert runs(asked) is there


def test_a_block_may_end_before_its_last_statement() -> None:
    there = "EXISTS (SELECT FROM pg_tables WHERE tablename = 'users')"

    for asked, slugs in ((there, []), (f"NOT {there}", ["add_column"])):
        answer = ask(block(f"IF {asked} THEN RETURN; END IF; {ADD};"), start())
        assert (answer.slugs, answer.refusals) == (slugs, ())


def test_names_of_constraints_of_domains_are_not_known() -> None:
    asked = "NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'k'{})"
    domain = replace(MOOD, kind="domain", constrained=True)

    here = schemas.snapshot(schemas.users(), types=(domain,))

    assert runs(asked.format(""), here) is None
    assert runs(asked.format(" AND conrelid = 'users'::regclass"), here) is True


def test_each_statement_meets_what_the_one_before_it_leaves() -> None:
    there = (
        "EXISTS (SELECT FROM information_schema.columns"
        " WHERE table_name = 'users' AND column_name = 'a')"
    )
    answer = ask(
        block(
            f"IF NOT {there} THEN {ADD}; END IF;"
            f" IF {there} THEN ALTER TABLE users ADD COLUMN b int; ELSE"
            " ALTER TABLE users ADD COLUMN c int; END IF;"
        )
        + guarded(f"NOT {there}"),
        start(),
    )

    assert [o.title for o in answer.operations] == ["add users.a", "add users.b"]


@pytest.mark.parametrize(
    ("statement", "condition", "there"),
    [
        ("CREATE TYPE mood AS ENUM ('a')", "duplicate_object", True),
        ("CREATE TYPE other AS ENUM ('a')", "duplicate_object", False),
        ("ALTER TABLE users ADD COLUMN name text", "duplicate_column", True),
        ("ALTER TABLE users ADD COLUMN other text", "duplicate_column", False),
        ("CREATE TABLE users (id int)", "duplicate_table", True),
        ("ALTER TABLE users ADD CONSTRAINT users_email UNIQUE (name)", "duplicate_table", True),
        ("ALTER TABLE users ADD CONSTRAINT other UNIQUE (name)", "duplicate_table", False),
        ("CREATE TABLE other (id int)", "duplicate_table OR duplicate_object", False),
        (
            "ALTER TABLE users ADD CONSTRAINT k CHECK (id > 0)",
            "duplicate_object",
            False,
        ),
    ],
)
def test_what_is_there_already_is_passed_over(
    statement: str, condition: str, *, there: bool
) -> None:
    sql = block(f"{statement}; EXCEPTION WHEN {condition} THEN null;")
    answer = ask(sql, start())

    assert answer.refusals == ()
    assert (answer.operations == ()) is there


@pytest.mark.parametrize(
    "body",
    [
        "ALTER TABLE users ADD COLUMN name text; EXCEPTION WHEN duplicate_object THEN null;",
        "ALTER TABLE users ADD COLUMN a int; EXCEPTION WHEN others THEN null;",
        f"{ADD}; EXCEPTION WHEN duplicate_column THEN DROP TABLE users;",
        f"{ADD}; ALTER TABLE users ADD b int; EXCEPTION WHEN duplicate_column THEN null;",
        "ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY (id);"
        " EXCEPTION WHEN duplicate_object THEN null;",
        "ALTER TABLE users ADD CHECK (id > 0); EXCEPTION WHEN duplicate_object THEN null;",
        f"SET LOCAL search_path = app; {ADD};",
        f"RESET search_path; {ADD};",
        "PERFORM f();",
        f"EXECUTE '{ADD}' || '';",
        f"EXECUTE '{ADD}' USING 1;",
        f"EXECUTE '{ADD}; DROP TABLE users';",
        f"EXECUTE 'SELECT 1'; {ADD};",
        f"EXECUTE 'COMMIT'; {ADD};",
        f"EXECUTE E'{ADD}\\n';",
        f"FOR i IN 1..2 LOOP {ADD}; END LOOP;",
        "RAISE EXCEPTION 'no';",
        f"-- zdm: run in expand -- reason\n{ADD};",
    ],
)
def test_a_block_that_does_more_is_refused(body: str) -> None:
    assert len(ask(block(body), start()).refusals) == 1


@pytest.mark.parametrize(
    "sql",
    [
        f"DO $$ DECLARE a int; BEGIN {ADD}; END $$;",
        f"DO LANGUAGE plperl $$ BEGIN {ADD}; END $$;",
        "DO ' BEGIN ALTER TABLE users ALTER name SET DEFAULT ''x''; END ';",
    ],
)
def test_a_block_of_another_form_is_refused(sql: str) -> None:
    assert len(ask(sql, start()).refusals) == 1


def test_a_directive_above_the_block_runs_it_as_written() -> None:
    answer = ask("-- zdm: run in expand -- reason\n" + block(f"{ADD};"), start())

    assert answer.slugs == ["as_written"]


def test_behind_what_is_not_known_nothing_can_be_told() -> None:
    answer = ask("DO $$ BEGIN PERFORM f(); END $$;" + guarded("EXISTS (SELECT FROM pg_type)"))

    assert len(answer.refusals) == 2


def test_a_block_that_does_nothing_is_noted() -> None:
    asked = guarded("NOT EXISTS (SELECT FROM pg_tables WHERE tablename = 'users')")
    found = classify.classify(schemas.train(f"\n{asked}"), start())

    assert found.notes == (
        "migration.sql:2:1: this DO block does nothing, by what its conditions find in the"
        " schema",
    )


def test_the_place_of_a_statement_is_that_within_the_block() -> None:
    sql = f"ALTER TABLE users ADD b int; DO $$ BEGIN RAISE NOTICE 'ä';\n  {ADD};\nEND $$;"
    found = classify.classify(schemas.train(sql), start())

    assert [str(p.context.origin[0]) for p in found.placed] == [
        "migration.sql:1:1",
        "migration.sql:2:3",
    ]
    assert found.notes == ()


def test_the_places_of_one_line_are_told_apart() -> None:
    sql = f"DO $$ BEGIN {ADD}; ALTER TABLE users ADD b int; END $$;"
    found = classify.classify(schemas.train(sql), start())

    assert [p.context.origin[0].column for p in found.placed] == [13, 49]


@pytest.mark.parametrize(
    "sql",
    [
        "-- zdm: orphans delete -- old\n" + block(f"{ADD};"),
        block(f"-- zdm: reverse email = lower(name)\n{ADD};"),
        "-- zdm: keep old values\n" + guarded("EXISTS (SELECT FROM information_schema.tables)"),
    ],
)
def test_a_directive_is_named_as_the_reason(sql: str) -> None:
    (refusal,) = ask(sql, start()).refusals

    assert refusal.startswith("this DO block has a directive above it or within it")


@pytest.mark.parametrize(
    "body", [f"EXECUTE '{ADD}';", f"EXECUTE $q${ADD}$q$;", f"EXECUTE ' {ADD} ';"]
)
def test_a_constant_that_is_executed_is_read(body: str) -> None:
    answer = ask(block(body), start())

    assert answer.refusals == ()
    assert [operation.slug for operation in answer.operations] == ["add_column"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("LOOP EXIT; END LOOP;", "it has a loop"),
        ("PERFORM f();", "it calls functions (PERFORM)"),
        ("RAISE EXCEPTION 'no';", "it raises an error"),
        ("COMMIT;", "it ends its transaction"),
        ("EXECUTE format('x');", "it runs EXECUTE of a text that is made when it runs"),
        ("SET lock_timeout = 1;", "it sets a parameter for what follows it"),
        ("IF true THEN NULL; END IF;", "it asks `true`, which zdm cannot answer"),
        (f"{ADD}; EXCEPTION WHEN others THEN NULL;", "it passes over others"),
        (f"{ADD}; {ADD}; EXCEPTION WHEN others THEN NULL;", "more than one statement"),
        (f"{ADD}; EXCEPTION WHEN others THEN {ADD};", "runs other statements after an error"),
    ],
)
def test_a_refused_block_says_what_is_in_the_way(body: str, reason: str) -> None:
    (message,) = ask(block(body), start()).refusals

    assert reason in message


def test_a_block_with_variables_says_so() -> None:
    sql = f"DO $$ DECLARE a int; BEGIN {ADD}; END $$;"
    (message,) = ask(sql, start()).refusals

    assert "it has variables" in message
