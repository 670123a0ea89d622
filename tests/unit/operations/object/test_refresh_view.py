import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.plan import BOTH, OLD_ONLY, Cost, Phase, RunSql
from zdm.model.schema import Name, Snapshot, View
from zdm.render import outline

KEPT = View(
    name=Name("public", "kept"),
    kind="materialized view",
    definition=" SELECT users.id\n   FROM users;",
    columns=("id",),
    uses=((Name("public", "users"), "id"),),
)
KEY = "CREATE UNIQUE INDEX kept_key ON public.kept USING btree (id)"


def with_view(*indexes: str) -> Snapshot:
    view = replace(KEPT, indexes=indexes)
    return replace(schemas.snapshot(schemas.users()), views=(view,))


@pytest.mark.parametrize("word", ["", "CONCURRENTLY "])
def test_one_in_use_is_refreshed_concurrently(word: str) -> None:
    answer = ask(f"REFRESH MATERIALIZED VIEW {word}kept;", with_view(KEY))
    (step,) = answer.steps

    assert isinstance(step, RunSql)
    assert step.sql == ('REFRESH MATERIALIZED VIEW CONCURRENTLY "public"."kept"',)
    assert (step.phase, step.in_transaction) == (Phase.SWITCH, False)
    assert len(step.preconditions) == 2


@pytest.mark.parametrize(
    "index",
    [
        "CREATE INDEX i ON public.kept USING btree (id)",
        "CREATE UNIQUE INDEX i ON public.kept USING btree (id) WHERE (id > 1)",
        "CREATE UNIQUE INDEX i ON public.kept USING btree (id, ((id + 1)))",
    ],
)
def test_it_is_refused_without_a_key_of_all_rows(index: str) -> None:
    answer = ask("REFRESH MATERIALIZED VIEW kept;", with_view(index))

    assert answer.operations == ()
    assert "CONCURRENTLY would fail" in answer.refusals[0]


def test_an_index_above_it_counts() -> None:
    answer = ask(
        "CREATE UNIQUE INDEX ON kept (id); REFRESH MATERIALIZED VIEW kept;", with_view()
    )

    assert answer.slugs == ["create_index", "refresh_view"]
    assert answer.after.views[0].indexes == (
        "CREATE UNIQUE INDEX kept_id_idx ON public.kept USING btree (id)",
    )


def test_a_new_one_is_empty_until_the_rows_of_all_fills_are_done() -> None:
    answer = ask("CREATE MATERIALIZED VIEW mine AS SELECT id FROM users;")
    made, filled = answer.steps

    assert isinstance(made, RunSql)
    assert isinstance(filled, RunSql)
    assert made.sql == ("CREATE MATERIALIZED VIEW mine AS SELECT id FROM users WITH NO DATA",)
    assert filled.sql == ('REFRESH MATERIALIZED VIEW "public"."mine"',)
    assert (made.serves, filled.serves) == (OLD_ONLY, BOTH)


@pytest.mark.parametrize(
    ("name", "free"), [("kept", False), ("users", False), ("kept_key", False), ("i", True)]
)
def test_an_index_of_one_has_a_name_of_its_own(name: str, free: bool) -> None:
    answer = ask(f"CREATE INDEX {name} ON kept (id);", with_view(KEY))

    assert answer.slugs == (["create_index"] if free else [])


def test_the_name_that_an_index_gets_is_not_another_ones() -> None:
    answer = ask("CREATE INDEX ON kept (id); CREATE INDEX ON kept (id);", with_view())

    assert [text.split()[3] for text in answer.sql] == ["kept_id_idx", "kept_id_idx1"]


def test_an_index_on_a_column_that_it_has_not_is_refused() -> None:
    answer = ask("CREATE INDEX i ON kept (gone);", with_view())

    assert "has no column gone" in answer.refusals[0]


@pytest.mark.parametrize("rows", [None, 1200])
def test_its_rows_are_read(rows: int | None) -> None:
    view = replace(KEPT, indexes=(KEY,), rows=rows)
    here = replace(schemas.snapshot(schemas.users()), views=(view,))
    steps = ask("REFRESH MATERIALIZED VIEW kept; CREATE INDEX ON kept (id);", here).steps

    assert [step.cost for step in steps] == [Cost(rows=rows, scan=True)] * 2
    assert outline.cost(steps[0]).endswith("reads the whole table")


def test_the_query_of_a_new_one_is_run() -> None:
    steps = ask("CREATE MATERIALIZED VIEW mine AS SELECT id FROM users;").steps

    assert [step.cost.scan for step in steps] == [False, True]
