import pytest

from tests.unit import schemas
from zdm.model.schema import Index, Name, Sequence, Snapshot, View
from zdm.planning import classify, schedule
from zdm.planning.schedule import TrainRefusedError

AGAIN = "frees the name"
STAYS = "stays until the old version is gone"


def start() -> Snapshot:
    by_email = Index(
        name="by_email",
        definition="CREATE INDEX by_email ON public.users USING btree (email)",
        keys=("email",),
        columns=("email",),
    )
    kept = View(
        name=Name("public", "kept"),
        kind="materialized view",
        definition=" SELECT id FROM public.users;",
        columns=("id",),
        uses=((schemas.USERS, "id"),),
    )
    seen = View(
        name=Name("public", "seen"),
        kind="view",
        definition=" SELECT id FROM public.users;",
        columns=("id",),
        uses=((schemas.USERS, "id"),),
    )
    odd = schemas.users(name=Name("public", "odd"), indexes=(), constraints=())
    return schemas.snapshot(
        schemas.users(indexes=(by_email,)),
        odd,
        views=(kept, seen),
        sequences=(
            Sequence(
                name=Name("public", "numbers"),
                type="bigint",
                start=1,
                increment=1,
                minimum=1,
                maximum=9,
            ),
        ),
    )


def refused(sql: str) -> str:
    train = schemas.train(sql)
    try:
        found = classify.classify(train, start())
        schedule.plan(found, name="m", train=train, snapshot=start())
    except TrainRefusedError as error:
        return error.findings[0].message
    return ""


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("DROP TABLE odd; CREATE VIEW odd AS SELECT 1 AS one;", AGAIN),
        ("DROP TABLE odd; CREATE MATERIALIZED VIEW odd AS SELECT 1 AS one;", AGAIN),
        ("DROP TABLE odd; CREATE SEQUENCE odd;", AGAIN),
        ("DROP TABLE odd; CREATE TYPE odd AS (a int);", AGAIN),
        ("DROP TABLE odd; CREATE INDEX odd ON users (name);", AGAIN),
        ("DROP SEQUENCE numbers; CREATE TABLE numbers (id int);", AGAIN),
        ("DROP SEQUENCE numbers; CREATE INDEX numbers ON users (name);", AGAIN),
        ("DROP INDEX by_email; CREATE TABLE by_email (id int);", AGAIN),
        ("DROP INDEX by_email; CREATE VIEW by_email AS SELECT 1 AS one;", AGAIN),
        ("DROP VIEW seen; CREATE TABLE seen (id int);", AGAIN),
        ("DROP VIEW seen; CREATE MATERIALIZED VIEW seen AS SELECT 1 AS one;", STAYS),
        ("DROP MATERIALIZED VIEW kept; CREATE TABLE kept (id int);", AGAIN),
        ("DROP MATERIALIZED VIEW kept; CREATE VIEW kept AS SELECT 1 AS one;", STAYS),
        (
            "DROP MATERIALIZED VIEW kept; CREATE MATERIALIZED VIEW kept AS"
            " SELECT id FROM users WHERE id > 1; CREATE UNIQUE INDEX one ON kept (id);",
            STAYS,
        ),
    ],
)
def test_a_name_is_taken_again_only_when_it_is_free(sql: str, why: str) -> None:
    assert why in refused(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP INDEX by_email; CREATE INDEX by_email ON users (name);",
        "DROP VIEW seen; CREATE VIEW seen AS SELECT id FROM users WHERE id > 1;",
        "DROP TABLE odd; CREATE FUNCTION odd() RETURNS int LANGUAGE sql AS 'SELECT 1';",
        "DROP TABLE odd; CREATE VIEW other AS SELECT 1 AS one;",
        "CREATE TABLE x (id int); DROP TABLE x; CREATE VIEW x AS SELECT 1 AS one;",
    ],
)
def test_what_is_free_before_or_has_names_of_its_own_is_not_refused(sql: str) -> None:
    assert refused(sql) == ""
