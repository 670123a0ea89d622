import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.plan import BOTH, RunSql
from zdm.model.schema import Index, Snapshot

KEY = Index(
    name="users_email_key",
    definition="CREATE UNIQUE INDEX users_email_key ON public.users USING btree (email)",
    keys=("email",),
    columns=("email",),
    unique=True,
)


def with_index(*indexes: Index) -> Snapshot:
    table = schemas.users()
    return schemas.snapshot(replace(table, indexes=(*table.indexes, *indexes)))


@pytest.mark.parametrize(
    ("statement", "runs"),
    [
        ("ANALYZE users", "ANALYZE public.users"),
        ("ANALYZE VERBOSE users (id, email)", "ANALYZE (VERBOSE) public.users(id, email)"),
        ("VACUUM users", "VACUUM (TRUNCATE FALSE) public.users"),
        ("VACUUM FREEZE users", "VACUUM (FREEZE, TRUNCATE FALSE) public.users"),
        (
            "VACUUM (ANALYZE, PARALLEL 2) users (id)",
            "VACUUM (ANALYZE, PARALLEL 2, TRUNCATE FALSE) public.users(id)",
        ),
        ("VACUUM (TRUNCATE off) users", "VACUUM (TRUNCATE OFF) public.users"),
        ("VACUUM (FULL off) users", "VACUUM (FULL OFF, TRUNCATE FALSE) public.users"),
    ],
)
def test_it_runs_outside_a_transaction_and_cuts_no_end(statement: str, runs: str) -> None:
    (step,) = ask(f"{statement};").steps

    assert isinstance(step, RunSql)
    assert step.sql == (runs,)
    assert (step.in_transaction, step.serves, step.undo) == (False, BOTH, ())
    assert [str(lock.mode) for lock in step.locks] == ["SHARE UPDATE EXCLUSIVE"]


def test_each_table_of_a_list_has_a_step_of_its_own() -> None:
    answer = ask("ANALYZE users (id), users;")

    assert answer.sql == ["ANALYZE public.users(id)", "ANALYZE public.users"]


def test_all_indexes_are_rebuilt_one_after_another_and_repaired_by_their_names() -> None:
    answer = ask("REINDEX (VERBOSE) TABLE CONCURRENTLY users;", with_index(KEY))
    steps = [step for step in answer.steps if isinstance(step, RunSql)]

    assert [step.sql for step in steps] == [
        ('REINDEX INDEX CONCURRENTLY "public"."users_pkey"',),
        ('REINDEX INDEX CONCURRENTLY "public"."users_email_key"',),
    ]
    assert steps[1].repair == (
        'DROP INDEX CONCURRENTLY IF EXISTS "public"."users_email_key_ccnew"',
        'DROP INDEX CONCURRENTLY IF EXISTS "public"."users_email_key_ccold"',
    )


def test_a_long_name_is_cut_as_postgresql_cuts_it() -> None:
    long = replace(KEY, name="i" * 63)
    (step,) = ask(f"REINDEX INDEX CONCURRENTLY {long.name};", with_index(long)).steps

    assert isinstance(step, RunSql)
    assert f'"{"i" * 57}_ccnew"' in step.repair[0]


def test_what_is_passed_over_is_a_hazard() -> None:
    answer = ask("REINDEX TABLE CONCURRENTLY users;", with_index(replace(KEY, valid=False)))

    assert len(answer.steps) == 1
    assert "users_email_key of users is not rebuilt" in answer.hazards[0].message


def test_a_leftover_of_another_attempt_is_refused() -> None:
    left = replace(KEY, name="users_email_key_ccold", valid=False)
    answer = ask("REINDEX TABLE CONCURRENTLY users;", with_index(KEY, left))

    assert "the name that a rebuild of users_email_key needs" in answer.refusals[0]


@pytest.mark.parametrize("option", ["SKIP_DATABASE_STATS", "BUFFER_USAGE_LIMIT '1MB'"])
def test_an_option_is_known_from_its_version_on(option: str) -> None:
    new, old = with_index(), replace(with_index(), server_version=150000)

    assert ask(f"VACUUM ({option}) users;", new).refusals == ()
    assert "on PostgreSQL 15" in ask(f"VACUUM ({option}) users;", old).refusals[0]


def test_a_new_table_is_maintained_without_locks() -> None:
    answer = ask(
        "CREATE TABLE n (id bigint PRIMARY KEY); VACUUM FULL n; ANALYZE n;"
        " REINDEX TABLE CONCURRENTLY n; CLUSTER n USING n_pkey;"
    )

    assert answer.refusals == ()
    assert answer.slugs[1:] == [*["maintain_table"] * 3, "new_table_change"]
    assert all(step.locks == () for step in answer.steps)
