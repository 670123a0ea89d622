import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.catalog.database import Publication
from zdm.model.plan import BOTH, Backfill, Irreversible, RunSql
from zdm.model.schema import Column, Constraint, Index, Name, Snapshot, Table, Trigger
from zdm.parse import expressions


def the_fill(sql: str, snapshot: Snapshot | None = None) -> Backfill:
    answer = ask(sql, snapshot)
    assert answer.refusals == ()
    return next(step for step in answer.steps if isinstance(step, Backfill))


def test_rows_differ_where_the_authors_where_holds_and_a_value_differs() -> None:
    fill = the_fill("UPDATE users AS u SET name = lower(u.email) WHERE u.name IS NULL;")

    assert fill.differs == (
        '(name IS NULL) AND ("name" IS DISTINCT FROM CAST(lower(email) AS text))'
    )
    assert [(a.column, a.expression) for a in fill.assignments] == [("name", "lower(email)")]
    assert fill.key == ("id",)
    assert fill.serves == BOTH
    assert isinstance(fill.undo, Irreversible)


def test_without_a_where_every_row_that_differs_is_written() -> None:
    fill = the_fill("UPDATE users SET name = 'x', email = lower(email);")

    assert fill.differs == (
        "(\"name\" IS DISTINCT FROM CAST('x' AS text)"
        ' OR "email" IS DISTINCT FROM CAST(lower(email) AS text))'
    )


def test_the_clock_is_accepted_where_the_row_shows_that_it_is_done() -> None:
    seen = Column(name="seen", type="timestamp with time zone")
    fill = the_fill(
        "UPDATE users SET seen = now() WHERE seen IS NULL;",
        schemas.snapshot(schemas.users(seen)),
    )

    assert fill.differs == "(seen IS NULL)"


@pytest.mark.parametrize(
    "test",
    [
        "name IS DISTINCT FROM 'x'",
        "name <> 'x'",
        "name IS NULL OR name <> 'x'",
        "COALESCE(name, '') <> 'x'",
        "NOT (name = 'x')",
        "name = 'y' AND email > 'a'",
    ],
)
def test_the_clock_is_accepted_where_another_column_shows_it(test: str) -> None:
    seen = Column(name="seen", type="timestamp with time zone")
    fill = the_fill(
        f"UPDATE users SET seen = now(), name = 'x' WHERE {test};",
        schemas.snapshot(schemas.users(seen)),
    )

    assert fill.differs == f"({expressions.bare(expressions.read(test))})"


@pytest.mark.parametrize("test", ["name <> 'y'", "name IS NOT NULL", "name < 'x'"])
def test_a_test_that_a_row_still_meets_does_not_show_it(test: str) -> None:
    seen = Column(name="seen", type="timestamp with time zone")
    answer = ask(
        f"UPDATE users SET seen = now(), name = 'x' WHERE {test};",
        schemas.snapshot(schemas.users(seen)),
    )

    assert "gives a different value each time" in answer.refusals[0]


def test_new_writes_are_converted_while_it_runs() -> None:
    answer = ask("UPDATE users SET name = 'x' WHERE name = 'y';")

    assert answer.phases == ["expand", "backfill", "validate"]
    assert "EXCEPTION" not in answer.sql[0]
    assert answer.operations[0].title == "fill users.name in batches"


def test_a_value_that_may_not_convert_does_not_fail_the_application() -> None:
    answer = ask("UPDATE users SET name = upper(email);")

    assert "EXCEPTION WHEN data_exception" in answer.sql[0]


def test_the_triggers_of_the_table_are_named() -> None:
    audit = Trigger(name="audit", definition="", function=Name("public", "f"), enabled="O")
    answer = ask(
        "UPDATE users SET name = 'x';", schemas.snapshot(schemas.users(triggers=(audit,)))
    )

    assert any("fire for every row that is filled: audit" in h.message for h in answer.hazards)


def test_a_table_without_a_key_is_walked_by_its_pages() -> None:
    table = schemas.users(constraints=(), indexes=())
    answer = ask("UPDATE users SET name = 'x';", schemas.snapshot(table))

    assert any("has no key" in h.message for h in answer.hazards)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("UPDATE users SET counted = counted + 1;", "reads a column that it sets"),
        ("UPDATE users SET name = email, email = name;", "reads a column that it sets"),
        ("UPDATE users SET name = lower(name || 'x');", "reads a column that it sets"),
        (
            "UPDATE users SET name = COALESCE(email, name || 'x');",
            "reads a column that it sets",
        ),
        ("UPDATE users SET name = app.lower(name);", "reads a column that it sets"),
        (
            "UPDATE users SET counted = (random() * 6)::int;",
            "gives a different value each time",
        ),
        (
            "UPDATE users SET name = now()::text WHERE id > 4;",
            "gives a different value each time",
        ),
        ("UPDATE users SET name = NULL WHERE name IS NULL;", "changes nothing"),
        ("UPDATE users SET name = 'x' RETURNING id;", "RETURNING"),
        ("UPDATE users SET name = DEFAULT;", "DEFAULT"),
        ("UPDATE ONLY users SET name = 'x';", "excludes its child tables"),
        (
            "UPDATE users SET id = 7 WHERE name = 'x';",
            "the key that the backfill uses for its ranges",
        ),
        ("UPDATE users SET missing = 7;", "no column missing"),
        ("UPDATE users SET name = 'x' WHERE ctid = '(0,1)';", "no column ctid"),
        ("UPDATE users SET twice = 4;", "is generated"),
        ("UPDATE gone SET name = 'x';", "there is no table gone"),
    ],
)
def test_what_cannot_be_batched_is_refused(sql: str, reason: str) -> None:
    table = schemas.users(
        Column(name="counted", type="integer"),
        Column(name="twice", type="integer", generated="stored", default="counted * 2"),
    )
    answer = ask(sql, schemas.snapshot(table))

    assert len(answer.refusals) == 1
    assert reason in answer.refusals[0]


@pytest.mark.parametrize(
    "details", [{"kind": "foreign table"}, {"partition_key": "RANGE (id)", "kind": "p"}]
)
def test_other_kinds_of_tables_are_refused(details: dict[str, object]) -> None:
    answer = ask("UPDATE users SET name = 'x';", schemas.snapshot(schemas.users(**details)))

    assert "zdm fills ordinary tables only" in answer.refusals[0]


def test_a_fill_of_several_new_columns_follows_their_adds() -> None:
    answer = ask(
        "ALTER TABLE users ADD a text; ALTER TABLE users ADD b text;"
        "UPDATE users SET a = 'a', b = 'b';"
    )

    assert answer.slugs == ["add_column", "add_column", "backfill"]


def test_coalesce_over_its_own_column_changes_nothing_twice() -> None:
    fill = the_fill("UPDATE users SET name = coalesce(name, 'x');")

    assert fill.differs.startswith('("name" IS DISTINCT FROM CAST(COALESCE')


def test_a_composite_key_is_walked_as_it_is() -> None:
    key = Constraint(
        name="k", kind="primary key", columns=("id", "email"), definition="", index="k"
    )
    table = schemas.users(
        constraints=(key,),
        indexes=(
            Index(name="k", definition="", keys=("id", "email"), columns=("id", "email")),
        ),
    )

    assert the_fill("UPDATE users SET name = 'x';", schemas.snapshot(table)).key == (
        "id",
        "email",
    )


KEEP = "-- zdm: keep old values\n"


def test_old_values_are_kept_from_expand_to_the_drop() -> None:
    answer = ask(f"{KEEP}UPDATE users SET name = upper(email);")
    first, fill, last = answer.steps[0], answer.steps[2], answer.steps[-1]
    assert isinstance(first, RunSql)
    assert isinstance(fill, Backfill)
    assert isinstance(last, RunSql)

    assert answer.phases == ["expand", "expand", "backfill", "validate", "drop"]
    assert first.restore is not None
    assert first.sql[0].startswith(f"CREATE TABLE {first.restore.table.sql}")
    assert fill.undo == ()
    assert isinstance(last.undo, Irreversible)
    assert "keep the old values" in answer.operations[0].title


def test_kept_values_are_part_of_the_cost() -> None:
    table = replace(schemas.users(), rows=1_000_000, heap_bytes=100_000_000)
    snapshot = schemas.snapshot(table)
    plain = the_fill("UPDATE users SET name = upper(email);", snapshot).cost
    kept = the_fill(f"{KEEP}UPDATE users SET name = upper(email);", snapshot).cost

    assert kept.rows == plain.rows == 1_000_000
    assert (kept.written_bytes or 0) > (plain.written_bytes or 0) + 50_000_000
    assert (kept.wal_bytes or 0) > (plain.wal_bytes or 0) + 150_000_000


def test_the_side_tables_columns_never_clash_and_fit() -> None:
    long = "x" * 63
    key = Column(name="restored", type="integer", not_null=True)
    columns = (key, Column(name=long, type="text"), Column(name="old_restored", type="text"))
    snapshot = schemas.snapshot(
        Table(
            name=Name("public", "users"),
            columns=columns,
            constraints=(
                Constraint(
                    name="k",
                    kind="primary key",
                    columns=("restored",),
                    definition="PRIMARY KEY (restored)",
                ),
            ),
        )
    )
    answer = ask(f"{KEEP}UPDATE users SET {long} = 'a', old_restored = 'b';", snapshot)

    assert answer.refusals == ()
    assert '"key_restored" integer' in answer.sql[0]
    assert '"old_old_restored" text' in answer.sql[0]


def test_the_old_values_of_a_table_without_a_key_are_not_kept() -> None:
    snapshot = schemas.snapshot(replace(schemas.users(), constraints=(), indexes=()))
    answer = ask(f"{KEEP}UPDATE users SET name = 'x';", snapshot)

    assert answer.refusals == ("users has no key, so its old values cannot be kept by row",)


def test_a_column_of_the_key_is_not_set_with_its_old_values_kept_either() -> None:
    answer = ask(f"{KEEP}UPDATE users SET id = 1;")

    assert "part of the key" in answer.refusals[0]


def test_old_values_are_not_kept_by_a_generated_key() -> None:
    table = schemas.users()
    made = replace(table.require_column("id"), generated="lower(email)")
    columns = (made, *(c for c in table.columns if c.name != "id"))
    snapshot = schemas.snapshot(replace(table, columns=columns))
    answer = ask(f"{KEEP}UPDATE users SET name = 'x';", snapshot)

    assert answer.refusals == (
        "users.id, of the key by which old values would be kept, is generated",
    )


def test_a_publication_of_all_tables_is_named_where_old_values_are_kept() -> None:
    publication = Publication(name="everything", definition="", all_tables=True)
    snapshot = replace(schemas.snapshot(schemas.users()), publications=(publication,))
    kept = ask(f"{KEEP}UPDATE users SET name = 'x';", snapshot)
    plain = ask("UPDATE users SET name = 'x';", snapshot)

    assert [h for h in plain.hazards if "everything" in h.message] == []
    assert [h for h in kept.hazards if "everything" in h.message] != []


@pytest.mark.parametrize("condition", ["n > 5", "n > 5 AND id > 0"])
def test_rows_that_a_later_check_refuses_are_converted_until_the_contract(
    condition: str,
) -> None:
    answer = ask(
        "UPDATE users SET n = 10 WHERE n < 10;"
        f"ALTER TABLE users ADD CONSTRAINT k CHECK ({condition});",
        schemas.snapshot(schemas.users(Column(name="n", type="integer"))),
    )
    install = next(sql for sql in answer.sql if "FUNCTION" in sql and "IS FALSE" in sql)

    assert answer.phases == [
        "expand",
        "backfill",
        "validate",
        "contract",
        "contract",
        "contract",
    ]
    assert "new.n > 5" in install
    assert "until the contract, a row of users that the CHECK" in answer.hazards[1].message


def test_a_check_of_other_columns_ends_the_conversion_with_the_fill() -> None:
    answer = ask(
        "UPDATE users SET n = 10 WHERE n < 10;"
        "ALTER TABLE users ADD CONSTRAINT k CHECK (email <> '');",
        schemas.snapshot(schemas.users(Column(name="n", type="integer"))),
    )

    assert answer.phases == ["expand", "backfill", "validate", "contract", "contract"]
