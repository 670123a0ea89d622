"""Statements that make a table in use the first partition of a new one."""

import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.plan import RunSql
from zdm.model.schema import Column, Constraint, Index, Name, Snapshot, Table, Trigger, View

EVENTS = Table(
    name=Name("public", "events"),
    columns=(
        Column(name="id", type="bigint", not_null=True),
        Column(name="At", type="date", not_null=True),
    ),
)
FIRST = Name("public", "first")
RENAME = "ALTER TABLE events RENAME TO first;"
LIKE = 'CREATE TABLE events (LIKE first INCLUDING ALL) PARTITION BY RANGE ("At");'
ATTACH = "ALTER TABLE events ATTACH PARTITION first FOR VALUES FROM ('2024-01-01') TO ({});"
TO = ATTACH.format("'2027-01-01'")
WHOLE = RENAME + LIKE + TO


def snapshot(*tables: Table) -> Snapshot:
    return schemas.snapshot(*(tables or (EVENTS,)))


def test_the_proof_comes_first_and_the_statements_are_one_transaction() -> None:
    answer = ask(WHOLE, snapshot())

    assert answer.phases == ["validate", "validate", "switch"]
    assert answer.sql[0] == (
        'ALTER TABLE "public"."events" ADD CONSTRAINT "zdm_events_bounds" CHECK ("At" IS NOT'
        " NULL AND \"At\" >= CAST('2024-01-01' AS date) AND \"At\" < CAST('2027-01-01' AS"
        " date)) NOT VALID"
    )
    assert answer.after.require_table(FIRST).partition_of == EVENTS.name


def test_the_check_is_taken_from_the_tables_that_like_gives_it_to() -> None:
    answer = ask(WHOLE, snapshot())
    switch = answer.steps[-1]

    assert isinstance(switch, RunSql)
    assert [sql for sql in switch.sql if "zdm_" in sql] == [
        'ALTER TABLE "public"."events" DROP CONSTRAINT "zdm_events_bounds"',
        'ALTER TABLE "public"."first" DROP CONSTRAINT "zdm_events_bounds"',
    ]


def test_a_validated_check_of_the_bounds_is_enough() -> None:
    check = Constraint(
        name="c",
        kind="check",
        columns=("At",),
        definition="CHECK (((\"At\" >= '2024-01-01'::date) AND (\"At\" < '2027-01-01'::date)))",
    )
    answer = ask(WHOLE, snapshot(replace(EVENTS, constraints=(check,))))

    assert answer.phases == ["switch"]


SEEN = Trigger(
    name="seen",
    definition="CREATE TRIGGER seen AFTER INSERT ON public.events FOR EACH STATEMENT"
    " EXECUTE FUNCTION public.seen()",
    function=Name("public", "seen"),
    enabled="A",
)


def test_the_undo_gives_back_names_and_triggers() -> None:
    index = Index(
        name="by_id",
        definition="CREATE INDEX by_id ON public.events USING btree (id)",
        keys=("id",),
        columns=("id",),
    )
    sql = (
        f"{RENAME}ALTER INDEX by_id RENAME TO first_by_id;DROP TRIGGER seen ON first;{LIKE}"
        f"{SEEN.definition};ALTER TABLE events ENABLE ALWAYS TRIGGER seen;{TO}"
    )
    answer = ask(sql, snapshot(replace(EVENTS, triggers=(SEEN,), indexes=(index,))))
    switch = answer.steps[-1]

    assert isinstance(switch, RunSql)
    assert isinstance(switch.undo, tuple)

    (undo,) = switch.undo
    places = [
        undo.index(words)
        for words in (
            "DETACH PARTITION",
            'DROP TABLE "public"."events"',
            'ALTER INDEX "public"."first_by_id" RENAME TO "by_id"',
            'ALTER TABLE "public"."first" RENAME TO "events"',
            SEEN.definition,
            "ENABLE ALWAYS TRIGGER",
        )
    ]

    assert places == sorted(places)


SEEN_BY = View(
    name=Name("public", "recent"),
    kind="view",
    definition=" SELECT id\n   FROM public.events;",
    columns=("id",),
    uses=((EVENTS.name, "id"),),
)
REPLACE = "CREATE OR REPLACE VIEW recent AS SELECT id FROM {};"


def test_a_view_is_locked_first_and_put_back_before_the_new_table_goes() -> None:
    start = replace(snapshot(), views=(SEEN_BY,))
    answer = ask(RENAME + LIKE + REPLACE.format("events") + TO, start)
    switch = answer.steps[-1]

    assert isinstance(switch, RunSql)
    assert isinstance(switch.undo, tuple)
    assert switch.sql[0] == 'ALTER VIEW "public"."recent" RESET (security_barrier)'
    assert [str(lock.table) for lock in switch.locks] == ["events", "recent"]

    (undo,) = switch.undo
    places = [
        undo.index(words)
        for words in (
            'ALTER VIEW "public"."recent" RESET',
            "LOCK TABLE",
            'ALTER TABLE "public"."first" RENAME TO "events"',
            'CREATE OR REPLACE VIEW "public"."recent"',
            "DROP TABLE",
        )
    ]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "sql",
    [
        WHOLE,
        RENAME + LIKE + REPLACE.format("first") + TO,
        RENAME + REPLACE.format("first") + LIKE + TO,
        RENAME + LIKE + REPLACE.format("events").replace("id", "*") + TO,
        RENAME + LIKE + REPLACE.format("events").replace("id", '"At" AS id, id AS x') + TO,
    ],
)
def test_a_view_that_would_read_the_first_partition_alone_is_refused(sql: str) -> None:
    answer = ask(sql, replace(snapshot(), views=(SEEN_BY,)))

    assert len(answer.refusals) > 0
    assert "partition_table" not in answer.slugs


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        (RENAME + LIKE + "SET search_path = other;" + TO, "is between the RENAME"),
        (f"{RENAME}{LIKE}INSERT INTO events SELECT * FROM first;", "nothing attaches first"),
        (f"{RENAME}{LIKE}ALTER TABLE first ALTER id SET DEFAULT 1;{TO}", "is between"),
        (f"{RENAME}{LIKE}ALTER TABLE events OWNER TO other;{TO}", "is between"),
        (
            f"{RENAME}{LIKE}ALTER TABLE events ATTACH PARTITION more DEFAULT;{TO}",
            "is between",
        ),
        (WHOLE.replace("LIKE first INCLUDING ALL", "id bigint, x date"), "not one column"),
        (WHOLE.replace("('2024-01-01')", "(now())"), "cannot write its bounds"),
    ],
)
def test_what_is_in_the_way_is_named(sql: str, says: str) -> None:
    more = replace(EVENTS, name=Name("public", "more"))
    answer = ask(sql, snapshot(EVENTS, more))

    assert answer.slugs == []
    assert any(says in one for one in answer.refusals), answer.refusals


def test_a_rename_without_a_new_table_of_the_name_is_another_change() -> None:
    assert ask(RENAME, snapshot()).slugs == ["rename_table"]


def test_a_trigger_that_is_as_it_was_must_fire_as_it_did() -> None:
    sql = f"{RENAME}DROP TRIGGER seen ON first;{LIKE}{SEEN.definition};{TO}"
    answer = ask(sql, snapshot(replace(EVENTS, triggers=(SEEN,))))

    assert "has no trigger seen as it was" in answer.refusals[0]


@pytest.mark.parametrize(("written", "planned"), [(" DEFERRABLE", True), ("", False)])
def test_a_key_is_deferrable_as_it_was(written: str, *, planned: bool) -> None:
    index = Index(
        name="k",
        definition='CREATE UNIQUE INDEX k ON public.events USING btree (id, "At")',
        keys=("id", "At"),
        columns=("id", "At"),
        unique=True,
        constraint="k",
    )
    key = Constraint(
        name="k",
        kind="unique",
        columns=("id", "At"),
        definition='UNIQUE (id, "At") DEFERRABLE',
        index="k",
    )
    like = LIKE.replace("ALL", "DEFAULTS")
    sql = (
        f"{RENAME}ALTER TABLE first RENAME CONSTRAINT k TO first_k;{like}"
        f'ALTER TABLE events ADD CONSTRAINT k UNIQUE (id, "At"){written};{TO}'
    )
    answer = ask(sql, snapshot(replace(EVENTS, indexes=(index,), constraints=(key,))))

    assert bool(answer.slugs) is planned
    assert planned or "has no unique k (id, At), as it was" in answer.refusals[0]
