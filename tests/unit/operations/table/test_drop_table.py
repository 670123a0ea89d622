from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.locks import LockMode
from zdm.model.plan import Irreversible, RunSql, TableLock
from zdm.model.schema import (
    Column,
    Constraint,
    Dependent,
    Function,
    Name,
    Sequence,
    Snapshot,
    Table,
    View,
    Volatility,
)
from zdm.planning import classify

CARTS = Name("public", "carts")
STATEMENT = "DROP TABLE carts;"
KEY = Constraint(
    name="carts_owner_fkey",
    kind="foreign key",
    columns=("owner",),
    definition="FOREIGN KEY (owner) REFERENCES public.users(id)",
    references=schemas.USERS,
    referenced_columns=("id",),
)
PARENT = Constraint(
    name="carts_parent_fkey",
    kind="foreign key",
    columns=("parent",),
    definition="FOREIGN KEY (parent) REFERENCES public.carts(id)",
    references=CARTS,
    referenced_columns=("id",),
)


def carts(
    *, functions: tuple[Function, ...] = (), sequences: tuple[Sequence, ...] = ()
) -> Snapshot:
    """The users, and their carts."""
    table = Table(
        name=CARTS,
        columns=(
            Column(name="id", type="bigint", not_null=True),
            Column(name="owner", type="bigint"),
            Column(name="parent", type="bigint"),
        ),
        constraints=(KEY, PARENT),
    )
    return schemas.snapshot(schemas.users(), table, functions=functions, sequences=sequences)


def function(text: str) -> Function:
    return Function(
        name=Name("public", "f"),
        arguments="",
        definition=f"CREATE OR REPLACE FUNCTION public.f()\nAS $$ {text} $$",
        language="plpgsql",
        volatility=Volatility.VOLATILE,
    )


def last(snapshot: Snapshot) -> RunSql:
    """The drop itself."""
    step = ask(STATEMENT, snapshot).steps[-1]
    assert isinstance(step, RunSql)
    return step


def test_the_statement_is_recognised() -> None:
    answer = ask(STATEMENT, carts())

    assert answer.slugs == ["drop_table"]
    assert answer.refusals == ()


def test_its_foreign_keys_to_others_go_first_each_alone() -> None:
    answer = ask(STATEMENT, carts())

    assert answer.phases == ["drop", "drop"]
    assert answer.sql == [
        'ALTER TABLE "public"."carts" DROP CONSTRAINT "carts_owner_fkey"',
        'DROP TABLE "public"."carts"',
    ]


def test_only_the_table_is_locked_by_the_drop() -> None:
    step = last(carts())

    assert step.locks == (TableLock(table=CARTS, mode=LockMode.ACCESS_EXCLUSIVE),)
    assert isinstance(step.undo, Irreversible)


def test_cascade_is_left_out_where_nothing_needs_the_table() -> None:
    answer = ask("DROP TABLE IF EXISTS carts CASCADE;", carts())

    assert answer.sql[-1] == 'DROP TABLE "public"."carts"'


def test_a_table_that_is_not_there_is_no_step() -> None:
    answer = ask("DROP TABLE IF EXISTS gone;")

    assert answer.slugs == ["drop_table"]
    assert answer.steps == ()
    assert answer.hazards == ()


def test_the_snapshot_has_what_it_leaves() -> None:
    assert ask(STATEMENT, carts()).after == schemas.snapshot(schemas.users())


def test_what_goes_with_it_is_said() -> None:
    sequence = Sequence(
        name=Name("public", "carts_id_seq"),
        type="bigint",
        start=1,
        increment=1,
        minimum=1,
        maximum=9,
        owner_table=CARTS,
        owner_column="id",
    )
    hazards = [h.message for h in ask(STATEMENT, carts(sequences=(sequence,))).hazards]

    assert hazards[0].startswith("after the contract the rows of carts are gone")
    assert "the foreign key carts_owner_fkey refuses or cascades a DELETE" in hazards[1]
    assert hazards[2] == "sequence carts_id_seq is dropped with carts"


def test_the_drop_looks_whether_a_function_names_the_table() -> None:
    named = carts(functions=(function("SELECT count(*) FROM carts"),))
    hazards = [hazard.message for hazard in ask(STATEMENT, named).hazards]

    assert hazards[-1].startswith("these name carts in their text: function f;")
    assert len(last(named).preconditions) == 1


def test_what_the_train_changes_besides_is_no_hazard() -> None:
    named = carts(functions=(function("SELECT count(*) FROM carts"),))
    train = f"{STATEMENT} DROP FUNCTION f(); DROP TABLE users;"
    hazards = [h.message for h in ask(train, named).hazards]

    assert not any("in their text" in message for message in hazards)
    assert not any("refuses or cascades a DELETE" in message for message in hazards)


def test_a_function_with_another_name_in_it_is_not_looked_at() -> None:
    other = carts(functions=(function("SELECT count(*) FROM old_carts"),))

    assert last(other).preconditions == ()


def test_what_needs_the_table_is_named() -> None:
    line = Constraint(
        name="lines_cart_fkey",
        kind="foreign key",
        columns=("cart",),
        definition="FOREIGN KEY (cart) REFERENCES public.carts(id)",
        references=CARTS,
        referenced_columns=("id",),
    )
    lines = Table(
        name=Name("public", "lines"),
        columns=(
            Column(name="cart", type="bigint"),
            Column(name="former", type="public.carts"),
        ),
        constraints=(line,),
    )
    view = View(name=Name("public", "open"), kind="view", definition="…", uses=((CARTS, "id"),))
    uses = Dependent(column="id", kind="function", name="public.total()", blocks=True)
    table = carts().require_table(CARTS)
    used = schemas.snapshot(
        schemas.users(),
        Table(name=CARTS, columns=table.columns, dependents=(uses,)),
        lines,
        views=(view,),
    )

    assert ask(STATEMENT, used).refusals == (
        "carts cannot be dropped, because these need it: foreign key lines_cart_fkey of lines,"
        " view open, function public.total(), column lines.former",
    )


def test_several_tables_in_one_statement_are_refused() -> None:
    assert ask("DROP TABLE users, carts;", carts()).refusals == (
        "this statement drops several tables, so it would lock them all at once",
    )


def test_a_partition_is_refused() -> None:
    part = Table(name=CARTS, columns=(), partition_of=Name("public", "all_carts"))

    assert ask(STATEMENT, schemas.snapshot(part)).refusals == (
        "carts cannot be dropped in one release: it is a partition of all_carts, whose rows the"
        " new version may need",
    )
    detach = 'ALTER TABLE "public"."all_carts" DETACH PARTITION "public"."carts"'
    assert remedy(schemas.snapshot(part)) == f"write `{detach}` above this statement"
    key = replace(PARENT, references=Name("public", "all_carts"))
    referring = schemas.snapshot(part, schemas.users(constraints=(key,)))
    assert remedy(referring).startswith("drop the table in a later release")


def remedy(before: Snapshot) -> str:
    (finding,) = classify.classify(schemas.train(STATEMENT), before).refused
    return finding.remedy
