from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import Answer, ask
from zdm.model.plan import BOTH, NEW_ONLY, Irreversible, RunSql
from zdm.model.schema import Constraint, Index, Snapshot

DROP = "ALTER TABLE users DROP CONSTRAINT k;"
CONTRACT = "-- zdm: run in contract -- it writes none\n"


def start(*columns: str, deferrable: bool = False) -> Snapshot:
    """users with a unique constraint k on the columns."""
    users = schemas.users()
    words = " DEFERRABLE" if deferrable else ""
    key = Constraint(
        name="k",
        kind="unique",
        columns=columns,
        definition=f"UNIQUE ({', '.join(columns)}){words}",
        index="k",
    )
    index = Index(
        name="k",
        definition=f"CREATE UNIQUE INDEX k ON public.users USING btree ({', '.join(columns)})",
        keys=columns,
        columns=columns,
        unique=True,
        constraint="k",
    )
    changed = replace(
        users, constraints=(*users.constraints, key), indexes=(*users.indexes, index)
    )
    return schemas.snapshot(changed)


def add(key: str) -> str:
    return f"ALTER TABLE users ADD CONSTRAINT k UNIQUE {key};"


def asked(key: str, *columns: str, before: str = DROP) -> Answer:
    return ask(before + add(key), start(*columns))


def test_the_old_key_is_dropped_when_the_new_one_takes_its_place() -> None:
    answer = asked("(email)", "email", "name")

    assert answer.slugs == ["replace_key"]
    assert answer.phases == ["contract", "contract"]
    assert answer.sql == [
        "CREATE UNIQUE INDEX CONCURRENTLY zdm_new_k ON public.users USING btree (email)",
        'ALTER TABLE "public"."users" DROP CONSTRAINT "k"',
        "ALTER TABLE public.users ADD CONSTRAINT k UNIQUE USING INDEX zdm_new_k",
    ]


def test_the_swap_is_one_transaction_without_a_way_back() -> None:
    swap = asked("(email)", "email", "name").steps[-1]

    assert isinstance(swap, RunSql)
    assert swap.in_transaction
    assert isinstance(swap.undo, Irreversible)
    assert swap.serves == NEW_ONLY


def test_an_index_of_what_is_unique_already_is_built_before_the_rollout() -> None:
    answer = asked("(email) INCLUDE (name)", "email")

    assert answer.phases == ["validate", "contract"]
    assert answer.steps[0].serves == BOTH


def test_an_index_waits_for_the_contract_where_the_old_key_is_deferrable() -> None:
    answer = ask(DROP + add("(email)"), start("email", deferrable=True))

    assert answer.phases == ["contract", "contract"]


def test_a_looser_key_is_refused_without_the_authors_assertion() -> None:
    answer = asked("(email, name)", "email")

    assert len(answer.refusals) == 1
    assert "refuses rows of the new version that the other one accepts" in answer.refusals[0]


def test_a_looser_key_is_planned_with_it_and_the_reason_is_in_the_plan() -> None:
    answer = asked("(email, name)", "email", before=CONTRACT + DROP)

    assert answer.slugs == ["replace_key"]
    assert answer.phases == ["validate", "contract"]
    assert "(it writes none)" in answer.hazards[0].message


def test_one_statement_may_say_both() -> None:
    sql = "ALTER TABLE users DROP CONSTRAINT k, ADD CONSTRAINT k UNIQUE (email);"

    assert ask(sql, start("email", "name")).slugs == ["replace_key"]
    assert ask(CONTRACT + sql, start("name")).slugs == ["replace_key"]


def test_what_else_the_statement_says_runs_as_written_with_it() -> None:
    sql = "ALTER TABLE users DROP CONSTRAINT k, ADD CONSTRAINT k UNIQUE (email), ADD a int;"

    assert ask(CONTRACT + sql, start("name")).slugs == ["as_written"]


def test_a_deferrable_key_refuses_less() -> None:
    assert asked("(email) DEFERRABLE", "email").refusals
    assert not ask(DROP + add("(email) DEFERRABLE"), start("email", deferrable=True)).refusals


def hazards(answer: Answer) -> str:
    return "\n".join(hazard.message for hazard in answer.hazards)


def test_a_deferrable_old_key_is_no_arbiter_of_on_conflict() -> None:
    said = "k is there, which is DEFERRABLE: ON CONFLICT on email fails"

    assert said in hazards(ask(DROP + add("(email)"), start("email", deferrable=True)))
    assert said not in hazards(asked("(email)", "email", "name"))


def test_a_deferrable_new_key_refuses_at_once_while_its_index_is_built() -> None:
    answer = ask(DROP + add("(email) DEFERRABLE"), start("email", deferrable=True))

    assert "duplicates within a transaction fail at once" in hazards(answer)


def test_a_key_under_another_name_is_no_longer_found_by_the_old_one() -> None:
    sql = DROP + "ALTER TABLE users ADD CONSTRAINT other UNIQUE (email) INCLUDE (name);"

    assert "ON CONFLICT ON CONSTRAINT other fails until" in hazards(ask(sql, start("email")))
    assert "ON CONSTRAINT" not in hazards(asked("(email) INCLUDE (name)", "email"))


def test_another_unique_index_may_refuse_what_the_old_key_does() -> None:
    answer = asked("(name)", "id", "email")

    assert answer.slugs == ["replace_key"]


def test_a_primary_key_proves_not_null_and_looks_for_duplicates() -> None:
    sql = "ALTER TABLE users DROP CONSTRAINT users_pkey, ADD PRIMARY KEY (email);"
    answer = ask(CONTRACT + sql)

    assert answer.slugs == ["replace_key"]
    assert set(answer.phases) == {"contract"}
    assert answer.sql[-1].endswith("PRIMARY KEY USING INDEX zdm_new_users_pkey")


def test_a_column_added_between_the_two_is_refused() -> None:
    between = "ALTER TABLE users ADD COLUMN a int;"
    answer = ask(DROP + between + add("(email)"), start("email", "name"))

    assert any("is between the DROP of k" in words for words in answer.refusals)


def test_a_key_of_another_name_and_other_columns_is_a_change_of_its_own() -> None:
    sql = DROP + "ALTER TABLE users ADD CONSTRAINT other UNIQUE (name);"
    answer = ask(sql, start("email"))

    assert "replace_key" not in answer.slugs
