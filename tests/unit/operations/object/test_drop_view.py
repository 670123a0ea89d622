from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.schema import Name, Snapshot, View


def view(name: str, *read: str, kind: str = "view") -> View:
    uses = tuple((Name("public", one), "id") for one in read)
    return View(name=Name("public", name), kind=kind, definition="", columns=("id",), uses=uses)


def here(*views: View) -> Snapshot:
    return schemas.snapshot(schemas.users(), views=views)


LOW, HIGH, TOP = view("low", "users"), view("high", "low"), view("top", "high", "low")


def test_several_are_dropped_one_after_the_other_those_first_that_read_others() -> None:
    answer = ask("DROP VIEW low, top, high;", here(LOW, HIGH, TOP))

    assert answer.refusals == ()
    assert answer.sql == [f'DROP VIEW "public"."{name}"' for name in ("top", "high", "low")]
    assert answer.after.views == ()


def test_one_that_is_named_twice_is_dropped_once() -> None:
    assert len(ask("DROP VIEW low, low;", here(LOW)).steps) == 1


def test_materialized_ones_keep_their_words() -> None:
    kept = (view("a", kind="materialized view"), view("b", kind="materialized view"))
    answer = ask("DROP MATERIALIZED VIEW IF EXISTS a, none, b;", here(*kept))

    assert [type(one).__name__ for one in answer.operations] == ["DropView"] * 3
    assert [text.split()[1] for text in answer.sql] == ["MATERIALIZED"] * 2


def test_of_several_with_cascade_each_is_refused() -> None:
    refusals = ask("DROP VIEW low, high CASCADE;", here(LOW, HIGH)).refusals

    assert [one.partition(",")[0] for one in refusals] == [
        "CASCADE also drops everything that uses high",
        "CASCADE also drops everything that uses low",
    ]


def test_what_follows_a_refused_drop_is_judged_as_if_it_were_gone() -> None:
    for after in ("CREATE MATERIALIZED VIEW low AS SELECT 1 AS n;", "CREATE SEQUENCE low;"):
        (used,) = ask(f"DROP VIEW low;\n{after}", here(LOW, HIGH)).refusals

        assert used == "low cannot be dropped, because these use it: view high"


def test_one_of_several_that_cannot_be_dropped_says_so_once() -> None:
    sql = "DROP VIEW low, none;\nCREATE VIEW none AS SELECT id FROM users;"
    (missing,) = ask(sql, here(LOW)).refusals

    assert missing.startswith("there is no view none in the schema")


def test_a_statement_as_written_stays_one() -> None:
    answer = ask("-- zdm: run in contract -- seen\nDROP VIEW low, high;", here(LOW, HIGH))

    assert answer.slugs == ["as_written"]
