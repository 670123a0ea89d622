import pytest

from tests.unit import schemas
from zdm.model.schema import Column, Constraint, Index, Snapshot
from zdm.planning import classify, schedule

LATE = "-- zdm: run in contract -- reports may need it\n"
EARLY = "-- zdm: run in expand -- no ON CONFLICT\n"
DROP = "DROP INDEX by_email;"
PARTLY = "CREATE UNIQUE INDEX live ON users (email) WHERE at IS NULL;"


def start() -> Snapshot:
    by_email = Index(
        name="by_email",
        definition="CREATE UNIQUE INDEX by_email ON public.users USING btree (email)",
        keys=("email",),
        columns=("email",),
        unique=True,
    )
    key = Index(
        name="by_n",
        definition="CREATE UNIQUE INDEX by_n ON public.users USING btree (n)",
        keys=("n",),
        columns=("n",),
        unique=True,
        constraint="by_n",
    )
    users = schemas.users(
        Column(name="n", type="integer"),
        Column(name="at", type="timestamp with time zone"),
        indexes=(by_email, key),
        constraints=(
            Constraint(
                name="by_n",
                kind="unique",
                columns=("n",),
                definition="UNIQUE (n)",
                index="by_n",
            ),
        ),
    )
    return schemas.snapshot(users)


def meets(sql: str) -> list[str]:
    train = schemas.train(sql)
    plan = schedule.plan(
        classify.classify(train, start()), name="p", train=train, snapshot=start()
    )
    return [h.message for h in plan.hazards if "the same rows meet" in h.message]


@pytest.mark.parametrize(
    ("sql", "both"),
    [
        (f"{LATE}{DROP}{PARTLY}", "live and by_email"),
        (f"{PARTLY}\n{LATE}{DROP}", "live and by_email"),
        (
            f"{LATE}{DROP}CREATE UNIQUE INDEX by_email ON users (lower(email));",
            "by_email and zdm_old_by_email",
        ),
        (f"{DROP}CREATE UNIQUE INDEX m ON users (email) INCLUDE (n);", "m and by_email"),
        (
            f"{LATE}ALTER TABLE users DROP CONSTRAINT by_n;"
            "CREATE UNIQUE INDEX m ON users (n, email);",
            "m and by_email and by_n",
        ),
    ],
)
def test_what_is_dropped_later_is_beside_the_new_index(sql: str, both: str) -> None:
    (message,) = meets(sql)

    assert message.startswith(f"the same rows meet in {both}:")


@pytest.mark.parametrize(
    "sql",
    [
        f"{EARLY}{DROP}{PARTLY}",
        f"{LATE}{DROP}CREATE INDEX live ON users (email);",
        f"{LATE}{DROP}CREATE UNIQUE INDEX other ON users (at) WHERE n > 0;",
    ],
)
def test_what_is_gone_or_does_not_meet_is_not(sql: str) -> None:
    assert meets(sql) == []
