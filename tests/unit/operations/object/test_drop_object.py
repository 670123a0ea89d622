import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.plan import Irreversible, RunSql
from zdm.model.schema import Column, Name, Sequence, Snapshot, Type
from zdm.planning import classify, schedule
from zdm.planning.schedule import TrainRefusedError

MOOD = Type(
    name=Name("public", "mood"), kind="enum", definition="CREATE TYPE public.mood AS ENUM ('a')"
)
IDLE = Type(
    name=Name("public", "idle"), kind="enum", definition="CREATE TYPE public.idle AS ENUM ('a')"
)
NUMBERS = Sequence(
    name=Name("public", "numbers"), type="bigint", start=1, increment=1, minimum=1, maximum=9
)
STATISTICS = "CREATE STATISTICS public.pairs ON email, name FROM public.users"


def start() -> Snapshot:
    table = schemas.users(Column(name="m", type="public.mood"), statistics=(STATISTICS,))
    return schemas.snapshot(
        table, types=(IDLE, MOOD), sequences=(NUMBERS,), schemas=("public", "side")
    )


def test_the_old_version_may_name_it_until_it_is_gone() -> None:
    answer = ask("DROP TYPE idle; DROP SEQUENCE numbers;", start())

    assert answer.phases == ["drop", "drop"]
    assert all(isinstance(s, RunSql) and isinstance(s.undo, Irreversible) for s in answer.steps)
    assert [t.name.name for t in answer.after.types] == ["mood"]
    assert answer.after.sequences == ()


def test_statistics_and_a_schema_are_made_again() -> None:
    answer = ask("DROP STATISTICS pairs; DROP SCHEMA side;", start())
    undone = [step.undo for step in answer.steps if isinstance(step, RunSql)]

    assert undone == [
        ("CREATE STATISTICS IF NOT EXISTS public.pairs ON email, name FROM public.users",),
        ('CREATE SCHEMA IF NOT EXISTS "side"',),
    ]
    assert answer.after.tables[0].statistics == ()


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DROP TYPE mood", "column users.m"),
        ("DROP TYPE idle, mood", "column users.m"),
        ("DROP TYPE idle CASCADE", "CASCADE also drops"),
        ("DROP SCHEMA public", "table users"),
        ("DROP SEQUENCE gone", "sequence gone is not in the schema"),
    ],
)
def test_what_would_fail_or_take_more_along_is_refused(sql: str, said: str) -> None:
    assert said in ask(sql, start()).refusals[0]


def test_nothing_is_done_about_one_that_is_not_there() -> None:
    assert ask("DROP DOMAIN IF EXISTS gone;", start()).steps == ()


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TYPE idle; CREATE TYPE idle AS ENUM ('b');",
        "DROP SEQUENCE numbers; CREATE SEQUENCE numbers;",
        "DROP SCHEMA side; CREATE SCHEMA side;",
    ],
)
def test_its_name_is_free_only_after_the_rollout(sql: str) -> None:
    train = schemas.train(sql)
    found = classify.classify(train, start())

    with pytest.raises(TrainRefusedError) as caught:
        schedule.plan(found, name="m", train=train, snapshot=start())

    assert [f.slug for f in caught.value.findings] == ["name_reused"]
