import pytest
from msgspec.structs import replace

from tests.unit import schemas
from zdm.model.locks import LockMode
from zdm.model.plan import OLD_ONLY
from zdm.model.schema import Column, Name, Type
from zdm.model.statement import Setting, Source
from zdm.recipes.site import Site
from zdm.recipes.trigger import sync
from zdm.recipes.trigger.sync import Pair

SOURCE = Source(file="m.sql", line=1, column=1)
MOOD = Type(name=Name("app", "mood"), kind="enum", definition="")
EMAIL = Column(name="email", type="text", not_null=True)


def site(**details: object) -> Site:
    table = schemas.users()
    return Site(
        operation="rename_column",
        table=table,
        snapshot=schemas.snapshot(table, types=(MOOD,)),
        origin=(SOURCE,),
        **details,  # type: ignore[arg-type]  # any field may be given
    )


def rename(**details: object) -> Pair:
    return Pair(
        old=EMAIL,
        new=Column(name="new_email", type="text"),
        forward='"email"',
        backward='"new_email"',
        **details,  # type: ignore[arg-type]  # any field may be given
    )


CENTS = Pair(
    old=Column(name="cents", type="integer"),
    new=Column(name="total", type="numeric(12,2)"),
    forward="cents / 100.0",
    backward="round(total * 100)",
)


def test_the_body_of_a_rename_copies_by_value() -> None:
    assert sync.body(site(), rename()) == (
        "\nBEGIN\n"
        "  IF TG_OP = 'INSERT' THEN\n"
        '    IF NEW."new_email" IS NULL THEN\n'
        '      NEW."new_email" := NEW."email";\n'
        '    ELSIF NEW."new_email" IS DISTINCT FROM NEW."email" THEN\n'
        '      NEW."email" := NEW."new_email";\n'
        "    END IF;\n"
        '  ELSIF NEW."new_email" IS DISTINCT FROM OLD."new_email"'
        ' AND NEW."new_email" IS DISTINCT FROM NEW."email" THEN\n'
        '    NEW."email" := NEW."new_email";\n'
        '  ELSIF NEW."email" IS DISTINCT FROM OLD."email" THEN\n'
        '    NEW."new_email" := NEW."email";\n'
        "  END IF;\n"
        "  RETURN NEW;\n"
        "END\n"
    )


def test_a_conversion_is_computed_once_and_compared_as_stored() -> None:
    table = schemas.users(CENTS.old)
    place = Site(
        operation="change_type", table=table, snapshot=schemas.snapshot(table), origin=(SOURCE,)
    )
    body = sync.body(place, CENTS)

    assert "DECLARE\n  zdm_forward numeric(12,2) := new.cents / 100.0;\n" in body
    assert 'NEW."cents" := round(new.total * 100);' in body
    assert sync.differs(place, CENTS) == (
        'pg_catalog.record_image_ne(ROW("total"), ROW(CAST(cents / 100.0 AS numeric(12,2))))'
    )


@pytest.mark.parametrize(
    ("column", "condition"),
    [
        (Column(name="c", type="character varying(9)"), "a IS DISTINCT FROM b"),
        (Column(name="c", type="app.mood"), "a IS DISTINCT FROM b"),
        (Column(name="c", type="numeric"), "pg_catalog.record_image_ne(ROW(a), ROW(b))"),
        (Column(name="c", type="json"), "pg_catalog.record_image_ne(ROW(a), ROW(b))"),
        (
            Column(name="c", type="text", collation="public.nocase"),
            "pg_catalog.record_image_ne(ROW(a), ROW(b))",
        ),
    ],
)
def test_values_are_compared_by_image_where_equal_ones_differ(
    column: Column, condition: str
) -> None:
    assert sync.is_distinct("a", "b", column, site().snapshot) == condition


def test_column_function_and_trigger_come_in_one_transaction() -> None:
    step = sync.install(site(), rename())

    assert step.in_transaction
    assert [sql.split("(")[0].strip() for sql in step.sql] == [
        'ALTER TABLE "public"."users" ADD COLUMN "new_email" text',
        'CREATE FUNCTION "public"."zdm_sync_users_new_email"',
        'CREATE TRIGGER "zzz_zdm_sync_new_email" BEFORE INSERT OR UPDATE ON "public"."users"'
        " FOR EACH ROW WHEN",
        'ALTER TABLE "public"."users" ENABLE ALWAYS TRIGGER "zzz_zdm_sync_new_email"',
    ]
    assert step.sql[-2].endswith(
        "WHEN (new.new_email IS DISTINCT FROM new.email)"
        ' EXECUTE FUNCTION "public"."zdm_sync_users_new_email"()'
    )
    assert step.serves == OLD_ONLY
    assert step.undo[-1] == 'ALTER TABLE "public"."users" DROP COLUMN IF EXISTS "new_email"'  # type: ignore[index]  # a tuple here
    assert [lock.mode for lock in step.locks] == [LockMode.ACCESS_EXCLUSIVE]


@pytest.mark.parametrize(
    ("forward", "settings"),
    [
        ("(SELECT max(cents) FROM rates)", ()),
        ("made", ()),
        ("cents / 100.0", (Setting(name="TimeZone", value="UTC"),)),
    ],
)
def test_a_value_that_may_mean_something_else_in_when_is_left_to_the_function(
    forward: str, settings: tuple[Setting, ...]
) -> None:
    made = Column(name="made", type="integer", generated="stored", default="1 + 1")
    table = schemas.users(CENTS.old, made)
    place = replace(site(settings=settings), table=table, snapshot=schemas.snapshot(table))

    assert sync.only_where(place, replace(CENTS, forward=forward)) is None
    assert " WHEN " not in sync.install(place, replace(CENTS, forward=forward)).sql[-1]
    assert sync.only_where(replace(place, settings=()), CENTS) == (
        "pg_catalog.record_image_ne(ROW(new.total), ROW((new.cents / 100.0)::numeric(12, 2)))"
    )


def test_a_column_that_is_there_is_left_in_place() -> None:
    step = sync.install(site(), rename(adds=False))

    assert [lock.mode for lock in step.locks] == [LockMode.SHARE_ROW_EXCLUSIVE]
    assert len(step.sql) == 3
    assert isinstance(step.undo, tuple)
    assert "DROP COLUMN" not in " ".join(step.undo)


def test_a_collation_is_kept() -> None:
    pair = Pair(
        old=EMAIL,
        new=Column(name="new_email", type="text", collation='pg_catalog."C"'),
        forward='"email"',
        backward='"new_email"',
    )

    assert sync.install(site(), pair).sql[0] == (
        'ALTER TABLE "public"."users" ADD COLUMN "new_email" text COLLATE "pg_catalog"."C"'
    )


def test_a_conversion_runs_under_the_author_s_settings() -> None:
    settings = (
        Setting(name="search_path", value='app, "Odd, name"'),
        Setting(name="TimeZone", value="UTC"),
        Setting(name="role", value="owner"),
    )
    step = sync.install(site(settings=settings), CENTS)

    assert (
        "LANGUAGE plpgsql SET search_path TO 'app', 'Odd, name', 'pg_temp'"
        " SET TimeZone TO 'UTC' AS $zdm$" in step.sql[1]
    )
