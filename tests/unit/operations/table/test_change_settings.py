import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.catalog.database import Publication
from zdm.model.plan import RunSql
from zdm.model.schema import Column, Name, Snapshot

NOTE = Column(name="note", type="text", statistics=7, options=("n_distinct=5",), storage="e")


def start(**details: object) -> Snapshot:
    return schemas.snapshot(schemas.users(NOTE, options=("fillfactor=90",), **details))


def undone(sql: str, snapshot: Snapshot | None = None) -> list[str]:
    steps = ask(sql, snapshot or start()).steps
    assert all(step.phase == "expand" for step in steps)
    return [one for s in steps if isinstance(s, RunSql) for one in tuple(s.undo)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "undo"),
    [
        ("SET (fillfactor = 70)", ["SET (fillfactor='90')"]),
        (
            "SET (fillfactor = 70, autovacuum_enabled = off)",
            ["SET (fillfactor='90')", "RESET (autovacuum_enabled)"],
        ),
        ("RESET (fillfactor)", ["SET (fillfactor='90')"]),
        ("ALTER note SET STATISTICS 9", ["ALTER COLUMN note SET STATISTICS 7"]),
        ("ALTER name SET STATISTICS 9", ["ALTER COLUMN name SET STATISTICS -1"]),
        ("ALTER note SET (n_distinct = 9)", ["ALTER COLUMN note SET (n_distinct='5')"]),
        ("ALTER note SET STORAGE main", ['ALTER COLUMN note SET STORAGE "external"']),
        ("ALTER note SET COMPRESSION lz4", ["ALTER COLUMN note SET COMPRESSION DEFAULT"]),
    ],
)
def test_each_setting_gets_its_former_value(change: str, undo: list[str]) -> None:
    found = undone(f"ALTER TABLE users {change};")

    assert [u.lower() for u in found] == [
        f"ALTER TABLE ONLY public.users {one}".lower() for one in undo
    ]


def test_a_later_change_is_undone_to_what_an_earlier_one_left() -> None:
    twice = "ALTER TABLE users SET (fillfactor = 70); ALTER TABLE users SET (fillfactor = 60);"

    assert "fillfactor='70'" in undone(twice)[1]
    assert ask(twice, start()).after.tables[0].options == ("fillfactor=60",)


def test_partitions_get_their_own_values_back() -> None:
    above = replace(start().tables[0], kind="partitioned table")
    below = replace(
        schemas.users(replace(NOTE, statistics=3)),
        name=Name("public", "part"),
        partition_of=above.name,
    )
    found = undone(
        "ALTER TABLE users ALTER note SET STATISTICS 9;", schemas.snapshot(above, below)
    )

    assert found == [
        "ALTER TABLE ONLY public.users ALTER COLUMN note SET STATISTICS 7",
        "ALTER TABLE ONLY public.part ALTER COLUMN note SET STATISTICS 3",
    ]


def test_where_the_type_decides_the_storage_it_is_not_known_before_16() -> None:
    odd = Column(name="odd", type="public.odd")
    old = schemas.snapshot(schemas.users(odd), version=150004)
    sql = "ALTER TABLE users ALTER odd SET STORAGE main, ALTER name SET STORAGE main;"
    answer = ask(sql, old)

    assert "does not know the storage" in answer.refusals[0]
    assert len(answer.steps) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("SET UNLOGGED", "is empty after a crash"),
        ("SET TABLESPACE fast", "under ACCESS EXCLUSIVE"),
        ("SET (toast.autovacuum_enabled = off)", "the TOAST table"),
        ("ALTER gone SET STATISTICS 5", "has no column gone"),
        ("CLUSTER ON gone", "has no index gone"),
    ],
)
def test_what_rewrites_or_cannot_be_undone_is_refused(change: str, said: str) -> None:
    assert said in ask(f"ALTER TABLE users {change};", start()).refusals[0]


def test_a_published_table_keeps_an_identity() -> None:
    definition = (
        "CREATE PUBLICATION p FOR TABLE users WITH (publish = 'insert, update, delete')"
    )
    published = replace(
        start(publications=("p",)),
        publications=(Publication(name="p", definition=definition),),
    )
    nothing = ask("ALTER TABLE users REPLICA IDENTITY NOTHING;", published)
    full = ask("ALTER TABLE users REPLICA IDENTITY FULL;", published)

    assert "every UPDATE and DELETE of it fails" in nothing.refusals[0]
    assert "writes the whole old row" in full.hazards[0].message
    assert [s.undo for s in full.steps if isinstance(s, RunSql)] == [
        ('ALTER TABLE "public"."users" REPLICA IDENTITY DEFAULT',)
    ]


@pytest.mark.parametrize(
    ("generated", "change", "fact"),
    [
        (
            "stored",
            "SET EXPRESSION AS (upper(name))",
            "another expression of users.note rewrites",
        ),
        ("virtual", "SET EXPRESSION AS (upper(name))", "both versions read other values"),
        ("stored", "DROP EXPRESSION", "without its expression nothing computes users.note"),
        ("", "DROP EXPRESSION IF EXISTS", "users.note is no generated column"),
    ],
)
def test_the_expression_of_a_generated_column_stays(
    generated: str, change: str, fact: str
) -> None:
    column = replace(NOTE, generated=generated, default="lower(name)" if generated else None)
    snapshot = schemas.snapshot(schemas.users(column))

    (refusal,) = ask(f"ALTER TABLE users ALTER note {change};", snapshot).refusals
    assert fact in refusal


def test_a_column_without_which_there_is_no_expression_is_unknown() -> None:
    (refusal,) = ask("ALTER TABLE users ALTER gone DROP EXPRESSION;").refusals

    assert refusal == "users has no column gone, so this statement would fail"
