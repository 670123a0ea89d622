from tests.unit import schemas
from zdm.model.operation import Context, Match
from zdm.model.plan import BOTH, NEW_ONLY, NO_TIMEOUT, Claim, Irreversible, Phase, RunSql
from zdm.operations.statement import as_written

HERE = schemas.snapshot(schemas.users())
CONTEXT = Context(snapshot=HERE, origin=())


def step(sql: str) -> RunSql:
    answer = as_written.recognise(schemas.actions(sql)[-1:], HERE)
    assert isinstance(answer, Match)
    (found,) = answer.operation.recipe(CONTEXT)
    assert isinstance(found, RunSql)
    return found


def test_a_statement_runs_as_written_in_the_phase_of_the_directive() -> None:
    found = step("-- zdm: run in contract -- unused\nALTER TABLE users  SET (fillfactor=70);")

    assert found.sql == ("ALTER TABLE users  SET (fillfactor=70)",)
    assert (found.phase, found.serves) == (Phase.CONTRACT, NEW_ONLY)
    assert found.probe == ""
    assert isinstance(found.undo, Irreversible)
    assert [lock.table for lock in found.locks] == [schemas.USERS]


def test_in_expand_both_versions_work_on_the_author_s_word() -> None:
    found = step("-- zdm: run in expand -- harmless\nDO $$ BEGIN END $$;")

    assert (found.phase, found.serves, found.locks) == (Phase.EXPAND, BOTH, ())


def test_all_sub_commands_go_together() -> None:
    sql = (
        "-- zdm: run in expand -- small\n"
        "ALTER TABLE users ADD COLUMN a int, ALTER COLUMN id TYPE numeric;"
    )
    answer = as_written.recognise(schemas.actions(sql), HERE)

    assert isinstance(answer, Match)
    assert answer.consumed == (0, 1)


def test_the_hazard_gives_the_reason() -> None:
    answer = as_written.recognise(
        schemas.actions("-- zdm: run in expand -- it is small\nDROP TABLE users;"), HERE
    )

    assert isinstance(answer, Match)
    assert (
        "because its author asserts that it is safe (it is small)"
        in answer.operation.hazards(CONTEXT)[0].message
    )


def test_without_a_directive_it_is_nobody_s() -> None:
    assert as_written.recognise(schemas.actions("DROP TABLE users;"), HERE) is None


def test_a_long_statement_is_cut_in_the_title() -> None:
    found = step(f"-- zdm: run in expand -- r\nDROP TABLE {'t' * 60};")

    assert found.title.endswith("…")


def test_what_the_schema_tells_is_claimed() -> None:
    found = step("-- zdm: run in expand -- r\nALTER TABLE users ALTER id TYPE numeric;")

    assert found.rewrites == (schemas.USERS,)
    assert found.cost.scan
    assert found.unknown == ()


def test_what_no_schema_tells_is_unknown() -> None:
    found = step("-- zdm: run in expand -- r\nDO $$ BEGIN END $$;")

    assert (found.locks, found.rewrites, found.unknown) == ((), (), tuple(Claim))


def test_what_needs_superuser_runs_in_expand_unless_the_author_says_otherwise() -> None:
    found = step("-- zdm: privileged -- r\nALTER ROLE admin SUPERUSER;")
    later = step("-- zdm: run in contract -- r\n-- zdm: privileged -- r\nALTER ROLE a LOGIN;")

    assert (found.phase, found.privileged) == (Phase.EXPAND, True)
    assert (later.phase, later.privileged) == (Phase.CONTRACT, True)


def test_the_hazard_says_that_no_shadow_ran_it() -> None:
    answer = as_written.recognise(
        schemas.actions("-- zdm: privileged -- r\nCREATE EXTENSION file_fdw;"), HERE
    )

    assert isinstance(answer, Match)
    assert "is not verified" in answer.operation.hazards(CONTEXT)[0].message


def test_what_blocks_nobody_may_run_as_long_as_it_needs() -> None:
    found = step("-- zdm: run in expand -- r\nCREATE INDEX CONCURRENTLY i ON users (id);")

    assert (found.in_transaction, found.statement_timeout) == (False, NO_TIMEOUT)


def test_what_blocks_has_a_time_limit_also_outside_a_transaction() -> None:
    found = step("-- zdm: run in expand -- r\nVACUUM FULL users;")

    assert not found.in_transaction
    assert found.lock_timeout > NO_TIMEOUT < found.statement_timeout


def test_the_author_s_own_time_limit_counts() -> None:
    found = step(
        "SET statement_timeout = '10min';\n"
        "-- zdm: run in expand -- r\nALTER TABLE users ALTER id TYPE numeric;"
    )

    assert found.statement_timeout.total_seconds() == 600
