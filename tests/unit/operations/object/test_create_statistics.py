import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.locks import LockMode
from zdm.model.plan import RunSql


@pytest.mark.parametrize(
    ("sql", "made"),
    [
        (
            "CREATE STATISTICS s (ndistinct) ON id, email FROM users",
            "CREATE STATISTICS public.s (ndistinct) ON id, email FROM public.users",
        ),
        (
            "CREATE STATISTICS ON id, (id + 1) FROM users",
            "CREATE STATISTICS public.users_id_expr_stat ON id, (id + 1) FROM public.users",
        ),
    ],
)
def test_it_runs_as_written_and_belongs_to_its_table(sql: str, made: str) -> None:
    answer = ask(f"{sql};")
    (step,) = answer.steps
    (table,) = answer.after.tables

    assert isinstance(step, RunSql)
    assert step.sql == (sql,)
    assert [lock.mode for lock in step.locks] == [LockMode.SHARE_UPDATE_EXCLUSIVE]
    assert table.statistics == (made,)
    assert ("id", f"statistics object {made.split()[2]}") in {
        (d.column, d.name) for d in table.dependents
    }


def test_one_that_is_there_is_refused_or_left() -> None:
    made = "CREATE STATISTICS s ON id, email FROM users;"

    assert "already" in ask(made * 2).refusals[0]
    assert len(ask(made + made.replace("s ON", "IF NOT EXISTS s ON")).steps) == 1


@pytest.mark.parametrize(("major", "planned"), [(15, False), (16, True)])
def test_a_name_is_needed_before_16(major: int, planned: bool) -> None:
    snapshot = replace(schemas.snapshot(schemas.users()), server_version=major * 10000)
    answer = ask("CREATE STATISTICS ON id, email FROM users;", snapshot)

    assert bool(answer.steps) is planned


def test_a_column_that_the_table_has_not_is_refused() -> None:
    assert "no column gone" in ask("CREATE STATISTICS s ON id, gone FROM users;").refusals[0]
