import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.locks import LockMode
from zdm.model.plan import NO_TIMEOUT, RunSql, TableLock
from zdm.model.schema import Index, Name, Sequence, View


def index(name: str, **details: object) -> Index:
    return Index(name=name, definition="", keys=("email",), columns=("email",), **details)  # type: ignore[arg-type]  # any field may be given


def test_it_is_built_concurrently_outside_a_transaction() -> None:
    answer = ask("CREATE INDEX i ON users (email);")
    (step,) = answer.steps

    assert isinstance(step, RunSql)
    assert step.sql == ("CREATE INDEX CONCURRENTLY i ON public.users USING btree (email)",)
    assert step.locks == (TableLock(table=schemas.USERS, mode=LockMode.SHARE_UPDATE_EXCLUSIVE),)
    assert (step.lock_timeout, step.statement_timeout) == (NO_TIMEOUT, NO_TIMEOUT)
    assert not step.in_transaction
    assert step.repair == ('DROP INDEX CONCURRENTLY IF EXISTS "public"."i"',)
    assert step.undo == step.repair
    assert answer.hazards == ()


def test_if_not_exists_is_taken_out() -> None:
    answer = ask("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON users (email);")

    assert answer.sql == ["CREATE INDEX CONCURRENTLY i ON public.users USING btree (email)"]


def test_a_unique_index_asks_for_duplicates_first() -> None:
    answer = ask("CREATE UNIQUE INDEX i ON users (lower(email), name) WHERE id > 4;")
    (step,) = answer.steps

    assert isinstance(step, RunSql)
    assert step.preconditions[0].sql == (
        'SELECT NOT EXISTS (SELECT 1 FROM ONLY "public"."users"'
        " WHERE (lower(email)) IS NOT NULL"
        ' AND ("name") IS NOT NULL AND (id > 4)'
        ' GROUP BY (lower(email)), ("name") HAVING count(*) > 1)'
    )
    assert "rejects duplicates" in answer.hazards[0].message


def test_nulls_not_distinct_counts_nulls() -> None:
    answer = ask("CREATE UNIQUE INDEX i ON users (name) NULLS NOT DISTINCT;")
    (step,) = answer.steps

    assert isinstance(step, RunSql)
    assert "WHERE true GROUP BY" in step.preconditions[0].sql


@pytest.mark.parametrize(
    ("definition", "name"),
    [
        ("(email)", "users_email_idx"),
        ("(email, name) INCLUDE (id)", "users_email_name_id_idx"),
        ("(lower(email), lower(name))", "users_lower_lower1_idx"),
        ("(name)", "users_name_idx1"),
    ],
)
def test_an_index_without_a_name_gets_postgresqls(definition: str, name: str) -> None:
    taken = Sequence(
        name=Name("public", "users_name_idx"),
        type="bigint",
        start=1,
        increment=1,
        minimum=1,
        maximum=9,
    )
    answer = ask(
        f"CREATE INDEX ON users {definition};",
        schemas.snapshot(schemas.users(), sequences=(taken,)),
    )

    assert answer.sql[0].startswith(f"CREATE INDEX CONCURRENTLY {name} ON public.users")


def test_afterwards_the_index_is_there() -> None:
    answer = ask("CREATE UNIQUE INDEX i ON users (email, lower(name)) WHERE id > 4;")
    made = next(i for i in answer.after.tables[0].indexes if i.name == "i")

    assert made.keys == ("email", None)
    assert set(made.columns) == {"email", "name", "id"}
    assert made.unique
    assert made.predicate == "id > 4"


def test_if_not_exists_of_one_that_is_there_does_nothing() -> None:
    table = schemas.users(indexes=(index("i"),))
    answer = ask("CREATE INDEX IF NOT EXISTS i ON users (email);", schemas.snapshot(table))

    assert answer.steps == ()
    assert answer.operations[0].title == "build index i on users (already exists)"
    assert answer.after.tables == (table,)


@pytest.mark.parametrize(
    ("sql", "details", "reason"),
    [
        ("CREATE INDEX i ON users (email);", {"kind": "partitioned table"}, "is partitioned"),
        ("CREATE INDEX i ON users (email);", {"kind": "foreign table"}, "foreign table"),
        ("CREATE INDEX j ON users (missing);", {}, "has no column missing"),
        ("CREATE INDEX old ON users (email);", {"indexes": (index("old"),)}, "already has"),
        (
            "CREATE INDEX IF NOT EXISTS old ON users (email);",
            {"indexes": (index("old", valid=False),)},
            "INVALID",
        ),
        ("CREATE INDEX i ON missing (email);", {}, "there is no table missing"),
    ],
)
def test_what_cannot_be_built_so_is_refused(
    sql: str, details: dict[str, object], reason: str
) -> None:
    answer = ask(sql, schemas.snapshot(schemas.users(**details)))

    assert len(answer.refusals) == 1
    assert reason in answer.refusals[0]


def test_a_view_has_no_index() -> None:
    view = View(name=Name("public", "v"), kind="view", definition="")
    answer = ask("CREATE INDEX i ON v (a);", schemas.snapshot(views=(view,)))

    assert answer.operations == ()
    assert len(answer.refusals) == 1
