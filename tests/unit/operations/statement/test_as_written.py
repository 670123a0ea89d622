from tests.unit import schemas
from zdm.model.operation import Context, Match
from zdm.model.plan import BOTH, NEW_ONLY, Irreversible, Phase, RunSql
from zdm.operations.statement import as_written

HERE = schemas.snapshot(schemas.users())
CONTEXT = Context(snapshot=HERE, origin=())


def step(sql: str) -> RunSql:
    answer = as_written.recognise(schemas.actions(sql), HERE)
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
