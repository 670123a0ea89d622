import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, Irreversible, Phase, RunSql
from zdm.model.schema import Column, Constraint, Index, Name, Snapshot, Type
from zdm.operations.type import change_type
from zdm.operations.type.change_type import ChangeType
from zdm.recipes.type.catalog_type import CatalogType

QUANTITY = Column(name="quantity", type="integer", not_null=True)
MAIL = Type(
    name=Name("public", "mail"),
    kind="domain",
    definition="CREATE DOMAIN public.mail AS text CONSTRAINT c CHECK (VALUE ~ '@')",
    constrained=True,
)
HERE = schemas.snapshot(
    schemas.users(QUANTITY, Column(name="code", type="character varying(9)")), types=(MAIL,)
)
FILL = "UPDATE users SET amount = quantity;"
FUSED = f"""ALTER TABLE users ADD COLUMN amount bigint;
{FILL}
ALTER TABLE users DROP COLUMN quantity;"""


def asked(sql: str) -> Match | Refusal:
    answer = change_type.recognise(schemas.actions(sql), HERE)
    assert answer is not None
    return answer


def fused(fill: str = FILL, kind: str = "bigint", snapshot: Snapshot = HERE) -> Match | Refusal:
    sql = f"""ALTER TABLE users ADD COLUMN amount {kind};
{fill}
ALTER TABLE users DROP COLUMN quantity;"""
    answer = change_type.recognise(schemas.actions(sql), snapshot)
    assert answer is not None
    return answer


def operation(answer: Match | Refusal) -> ChangeType:
    assert isinstance(answer, Match)
    assert isinstance(answer.operation, ChangeType)
    return answer.operation


def plain(kind: str, column: str = "code", snapshot: Snapshot = HERE) -> Match | Refusal | None:
    sql = f"ALTER TABLE users ALTER COLUMN {column} TYPE {kind};"
    return change_type.recognise(schemas.actions(sql), snapshot)


def message(answer: Match | Refusal | None) -> str:
    assert isinstance(answer, Refusal)
    return answer.finding.message


def test_a_known_cast_gets_its_way_back() -> None:
    found = operation(fused())

    assert found.forward == '"quantity"'
    assert found.backward.startswith('CASE WHEN "amount" BETWEEN -2147483648')
    assert not found.given


def test_the_author_s_way_back_is_used() -> None:
    answer = fused(
        "-- zdm: reverse quantity = amount / 2\nUPDATE users SET amount = quantity * 2;"
    )

    assert operation(answer).backward == "amount / 2"
    assert isinstance(answer, Match)
    assert [d.argument for d in answer.directives] == ["quantity"]


def test_without_a_way_back_it_is_refused_at_the_update() -> None:
    answer = fused("UPDATE users SET amount = quantity * 2;")

    assert message(answer) == (
        "users.quantity cannot be kept in sync with amount: no reverse conversion from bigint"
        " to integer is known for `quantity * 2`"
    )
    assert isinstance(answer, Refusal)
    assert answer.finding.source is not None
    assert answer.finding.source.line == 2
    assert answer.consumed == (0, 1, 2)


def test_a_way_back_over_other_columns_is_none() -> None:
    answer = fused("-- zdm: reverse quantity = id\nUPDATE users SET amount = quantity * 2;")

    assert "no reverse conversion" in message(answer)


def test_an_expression_that_changes_by_itself_is_refused() -> None:
    answer = fused(
        "-- zdm: reverse quantity = amount\nUPDATE users SET amount = quantity + random();"
    )

    assert "gives a different value each time" in message(answer)


def test_a_cast_under_an_unknown_time_zone_is_refused() -> None:
    table = schemas.users(Column(name="quantity", type="timestamp without time zone"))
    answer = fused(kind="timestamptz", snapshot=schemas.snapshot(table))

    assert "depends on TimeZone" in message(answer)


def test_a_primary_key_column_is_refused() -> None:
    key = Constraint(name="k", kind="primary key", columns=("quantity",), definition="")
    answer = fused(snapshot=schemas.snapshot(schemas.users(QUANTITY, constraints=(key,))))

    assert "these would stay on the old column: primary key k" in message(answer)


def test_the_recipe_ends_with_the_point_of_no_return() -> None:
    found = operation(fused())
    steps = found.recipe(Context(snapshot=HERE, origin=()))

    assert [step.phase for step in steps] == [
        Phase.EXPAND,
        Phase.EXPAND,
        Phase.BACKFILL,
        Phase.VALIDATE,
        Phase.CONTRACT,
        Phase.DROP,
    ]
    assert isinstance(steps[4], RunSql)
    assert isinstance(steps[4].undo, Irreversible)


def test_a_check_on_the_old_column_goes_before_the_new_version_breaks_it() -> None:
    check = Constraint(
        name="c", kind="check", columns=("quantity",), definition="CHECK (quantity IS NOT NULL)"
    )
    table = schemas.users(QUANTITY, constraints=(check,))
    snapshot = schemas.snapshot(table)
    found = operation(fused(snapshot=snapshot))
    steps = found.recipe(Context(snapshot=snapshot, origin=()))
    dropped = [
        s.phase
        for s in steps
        if isinstance(s, RunSql) and 'ALTER TABLE "public"."users" DROP CONSTRAINT "c"' in s.sql
    ]

    assert dropped == [Phase.EXPAND]


def test_the_effect_is_the_new_column() -> None:
    after = ask(FUSED, HERE).after.table(schemas.USERS)

    assert after is not None
    assert after.column("quantity") is None
    assert after.column("amount") == Column(
        name="amount", type="bigint", kept_filled=True, updated="once"
    )


def test_hazards_say_what_old_cannot_hold() -> None:
    kept = FUSED + "ALTER TABLE users ALTER COLUMN amount SET NOT NULL;"
    found = operation(asked(kept))
    nullable = schemas.snapshot(schemas.users(replace(QUANTITY, not_null=False)))

    assert found.hazards(Context(snapshot=HERE, origin=()))[0].message == (
        "until the contract, a value of amount that integer cannot hold is rejected, because"
        " the old column is NOT NULL"
    )
    assert found.hazards(Context(snapshot=nullable, origin=()))[0].message == (
        "until the contract, a value of amount that integer cannot hold is NULL in quantity"
        " for the old version"
    )


def test_an_expression_of_the_author_must_be_total() -> None:
    answer = fused(
        "-- zdm: reverse quantity = amount / 2\nUPDATE users SET amount = quantity * 2;"
    )
    hazards = operation(answer).hazards(Context(snapshot=HERE, origin=()))

    assert hazards[0].message.startswith("`quantity * 2` must accept every value")


def test_a_free_change_is_one_step_for_both() -> None:
    answer = plain("varchar(20)")
    assert isinstance(answer, Match)
    assert isinstance(answer.operation, CatalogType)
    context = Context(snapshot=HERE, origin=())
    (step,) = answer.operation.recipe(context)
    after = ask("ALTER TABLE users ALTER COLUMN code TYPE varchar(20);", HERE).after
    table = after.table(schemas.USERS)

    assert isinstance(step, RunSql)
    assert step.sql == (
        'ALTER TABLE "public"."users" ALTER COLUMN "code" TYPE character varying(20)',
    )
    assert step.serves == BOTH
    assert table is not None
    assert table.column("code") == Column(name="code", type="character varying(20)")
    assert len(answer.operation.hazards(context)) == 1


def test_a_using_that_only_casts_is_free_too() -> None:
    assert isinstance(plain("text USING code::text"), Match)


@pytest.mark.parametrize(
    ("kind", "column", "reason"),
    [
        ("bigint", "quantity", "rewrites the table (100,000 rows) while reads and writes wait"),
        ("text USING trim(code)", "code", "by an expression rewrites the table"),
        ("mail", "code", "rewrites the table"),
        ("public.citext", "code", "compared and sorted, and builds the indexes on it again"),
    ],
)
def test_a_change_that_rewrites_is_refused(kind: str, column: str, reason: str) -> None:
    assert reason in message(plain(kind, column))


@pytest.mark.parametrize(
    ("details", "remedy"),
    [
        ({}, "add a column of the new type"),
        ({"kind": "partitioned table"}, "keep the type"),
        ({"inherits": (Name("public", "above"),)}, "keep the type"),
    ],
)
def test_a_second_column_is_the_remedy_where_it_can_be_kept_in_sync(
    details: dict[str, object], remedy: str
) -> None:
    answer = plain("bigint", "quantity", schemas.snapshot(schemas.users(QUANTITY, **details)))

    assert isinstance(answer, Refusal)
    assert answer.finding.remedy.startswith(remedy)


def test_columns_of_a_partitioned_table_are_not_kept_in_sync() -> None:
    table = schemas.users(QUANTITY, kind="partitioned table")
    answer = fused(snapshot=schemas.snapshot(table))

    assert "users is a partitioned table, and zdm fills ordinary tables only" in message(answer)
    assert isinstance(answer, Refusal)
    assert answer.consumed == (0, 1, 2)


def collated(collation: str | None, *, indexed: bool) -> Snapshot:
    index = Index(name="by_code", definition="", keys=("code",), columns=("code",))
    code = Column(name="code", type="character varying(9)", collation=collation)
    details: dict[str, object] = {"indexes": (index,)} if indexed else {}
    return schemas.snapshot(schemas.users(code, **details))


C = 'pg_catalog."C"'


@pytest.mark.parametrize(
    ("collation", "kind", "reason"),
    [
        (None, 'text COLLATE "C"', "with another collation rebuilds by_code"),
        (C, "text", f"without COLLATE {C} rebuilds by_code"),
        (C, 'text COLLATE "POSIX"', "with another collation rebuilds by_code"),
        (C, 'text COLLATE app."C"', "with another collation rebuilds by_code"),
    ],
)
def test_another_collation_rebuilds_indexes(
    collation: str | None, kind: str, reason: str
) -> None:
    assert reason in message(plain(kind, snapshot=collated(collation, indexed=True)))


def test_the_remedy_for_a_lost_collation_is_to_write_it() -> None:
    answer = plain("text", snapshot=collated(C, indexed=True))

    assert isinstance(answer, Refusal)
    assert (
        answer.finding.remedy == f"write COLLATE {C} behind the type, which keeps the indexes"
    )


@pytest.mark.parametrize("kind", ['text COLLATE "C"', 'text COLLATE pg_catalog."C"'])
def test_the_same_collation_keeps_indexes(kind: str) -> None:
    assert isinstance(plain(kind, snapshot=collated(C, indexed=True)), Match)


def test_a_lost_collation_comes_back_with_the_undo() -> None:
    here = collated(C, indexed=False)
    answer = plain("text", snapshot=here)
    assert isinstance(answer, Match)
    context = Context(snapshot=here, origin=())
    (step,) = answer.operation.recipe(context)
    hazards = [hazard.message for hazard in answer.operation.hazards(context)]

    assert isinstance(step, RunSql)
    assert step.undo == (
        'ALTER TABLE "public"."users" ALTER COLUMN "code" TYPE character varying(9)'
        ' COLLATE "pg_catalog"."C" USING CAST("code" AS character varying(9))',
    )
    assert "gets another collation" in hazards[1]


def test_a_new_column_of_a_domain_with_constraints_is_refused() -> None:
    assert "the domain public.mail has constraints" in message(
        fused("UPDATE users SET amount = quantity::text;", "mail")
    )


def test_a_domain_of_a_domain_with_constraints_has_them_too() -> None:
    over = Type(
        name=Name("public", "over"),
        kind="domain",
        definition="CREATE DOMAIN public.over AS public.mail",
    )
    here = replace(HERE, types=(MAIL, over))

    assert "the domain public.over has constraints" in message(
        fused("UPDATE users SET amount = quantity::text;", "over", here)
    )


def test_a_domain_becomes_its_type_for_free() -> None:
    code = Column(name="code", type="public.mail", constrained_domain=True)
    here = schemas.snapshot(schemas.users(code), types=(MAIL,))

    assert isinstance(plain("text", snapshot=here), Match)


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        ({"kind": "partitioned table"}, "locks every partition"),
        (
            {
                "constraints": (
                    Constraint(
                        name="c", kind="check", columns=("code",), definition="CHECK (a)"
                    ),
                )
            },
            "checks or rebuilds check c",
        ),
        ({"inherits": (schemas.USERS,)}, "is an error because of users inherits its columns"),
    ],
)
def test_what_hangs_on_the_column_takes_the_freedom_away(
    details: dict[str, object], reason: str
) -> None:
    table = schemas.users(Column(name="code", type="character varying(9)"), **details)

    assert reason in message(plain("text", snapshot=schemas.snapshot(table)))


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE users ALTER COLUMN none TYPE text;",
        "ALTER TABLE users ADD COLUMN a text; UPDATE users SET a = email;"
        " ALTER TABLE users DROP COLUMN email;",
        "DO $$ BEGIN END $$;",
    ],
)
def test_anything_else_is_not_a_type_change(sql: str) -> None:
    assert change_type.recognise(schemas.actions(sql), HERE) is None


@pytest.mark.parametrize(
    ("kind", "back"),
    [
        ("text", 'CAST("level" AS text)'),
        ("character varying(9)", 'CAST("level" AS character varying(9))'),
        ("character varying(3)", None),  # a label does not fit
    ],
)
def test_text_becomes_an_enum_and_the_way_back_is_its_label(
    kind: str, back: str | None
) -> None:
    level = Type(
        name=Name("public", "grade"), kind="enum",
        definition="CREATE TYPE public.grade AS ENUM ('low', 'high')", labels=("low", "high"),
    )  # fmt: skip
    here = schemas.snapshot(schemas.users(Column(name="word", type=kind)), types=(level,))
    sql = (
        "ALTER TABLE users ADD COLUMN level grade; UPDATE users SET level = word::grade;"
        " ALTER TABLE users DROP COLUMN word;"
    )
    answer = change_type.recognise(schemas.actions(sql), here)

    if back is None:
        assert isinstance(answer, Refusal)
        return
    assert isinstance(answer, Match)
    assert isinstance(answer.operation, ChangeType)
    assert answer.operation.backward == back
    hazards = answer.operation.hazards(Context(snapshot=here, origin=()))
    said = " ".join(h.message for h in hazards)
    assert "must accept every value that the old version can write to word" in said
