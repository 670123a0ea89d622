"""What undoes what others changed, as statements."""

from collections.abc import Mapping

import pytest

from zdm.execute import evidence
from zdm.execute.evidence import Fact, Facts
from zdm.execute.remedies import Undoing

Shown = Mapping[tuple[str, str], tuple[str, str]]


def facts(shown: Shown) -> Facts:
    return {key: Fact(*values, binding=True) for key, values in shown.items()}


def statements(
    before: Shown, after: Shown, renamed: Mapping[str, str] | None = None
) -> tuple[tuple[str, ...], list[str]]:
    one, other = facts(before), facts(after)
    undoing = Undoing(
        found=evidence.changes(one, other), before=one, after=other, renamed=renamed or {}
    )
    made, left = undoing.statements()
    return made, list(map(str, left))


def column(kind: str = "text", null: str = "f", generated: str = "", default: str = "") -> str:
    return "\n".join([kind, null, generated, *([default] if default else [])])


@pytest.mark.parametrize(
    ("name", "new", "statement"),
    [
        ("public.t.n", "public.t.m", "ALTER TABLE public.t RENAME COLUMN m TO n"),
        ('s."a.b".n', 's."a.b"."x ""y"""', 'ALTER TABLE s."a.b" RENAME COLUMN "x ""y""" TO n'),
        ('s.t."a.b"', "s.t.c", 'ALTER TABLE s.t RENAME COLUMN c TO "a.b"'),
    ],
)
def test_a_column_under_another_name_is_renamed_back(
    name: str, new: str, statement: str
) -> None:
    before: Shown = {("column", name): ("3 700", column()), ("index", "public.i"): ("", "x")}
    after: Shown = {("column", new): ("3 701", column())}

    assert statements(before, after) == ((statement,), [])


def test_a_column_that_was_dropped_is_left_to_the_operator() -> None:
    before: Shown = {("column", "public.t.n"): ("3 700", column())}
    after: Shown = {("column", "public.t.m"): ("4 701", column())}

    assert statements(before, after) == (
        (),
        ["column public.t.m is new", "column public.t.n is gone"],
    )


@pytest.mark.parametrize(
    ("before", "after", "made"),
    [
        (column(default="'x'::text"), column(), "SET DEFAULT 'x'::text"),
        (column(), column(default="'x'::text"), "DROP DEFAULT"),
        (column(null="f"), column(null="t"), "DROP NOT NULL"),
        (column(null="t"), column(null="f"), ""),  # a scan under a lock that blocks everything
        (column("text"), column("character varying"), ""),  # values may be lost already
        (column(), column(generated="s", default="a"), ""),
    ],
)
def test_a_column_is_altered_back_where_that_is_harmless(
    before: str, after: str, made: str
) -> None:
    key = ("column", "public.t.a")
    found, left = statements({key: ("1 7", before)}, {key: ("1 8", after)})
    wanted = (f"ALTER TABLE public.t ALTER COLUMN a {made}",) if made else ()

    assert found == wanted
    assert left == ([] if made else ["column public.t.a was altered"])


@pytest.mark.parametrize(
    ("now", "made"),
    [
        ("public.u", ("ALTER TABLE public.u RENAME TO t",)),
        ("s.t", ("ALTER TABLE s.t SET SCHEMA public",)),
        (
            "s.u",
            ("ALTER TABLE s.u SET SCHEMA public", "ALTER TABLE public.u RENAME TO t"),
        ),
    ],
)
def test_a_table_under_another_name_is_renamed_back_and_nothing_else(
    now: str, made: tuple[str, ...]
) -> None:
    before: Shown = {
        ("table", "public.t"): ("77 78", "r false false"),
        ("column", "public.t.a"): ("1 7", column()),
    }

    assert statements(before, {}, {"77": now}) == (made, [])


@pytest.mark.parametrize(
    ("definition", "made"),
    [
        (
            "UNIQUE (n, m)",
            (
                "CREATE UNIQUE INDEX CONCURRENTLY c ON public.t (n, m)",
                "ALTER TABLE public.t ADD CONSTRAINT c UNIQUE USING INDEX c",
            ),
        ),
        (
            "CHECK ((n > 0))",
            (
                "ALTER TABLE public.t ADD CONSTRAINT c CHECK ((n > 0)) NOT VALID",
                "ALTER TABLE public.t VALIDATE CONSTRAINT c",
            ),
        ),
        (
            "CHECK ((n > 0)) NOT VALID",
            ("ALTER TABLE public.t ADD CONSTRAINT c CHECK ((n > 0)) NOT VALID",),
        ),
    ],
)
def test_a_constraint_comes_back_without_a_long_lock(
    definition: str, made: tuple[str, ...]
) -> None:
    before: Shown = {("table constraint", "c on public.t"): ("", definition)}

    assert statements(before, {}) == (made, [])


def test_a_function_comes_back_before_its_trigger() -> None:
    before: Shown = {
        ("trigger", "zzz_zdm_sync_n on public.t"): ("1 2", "A CREATE TRIGGER …"),
        ("function", "public.zdm_sync_t_n()"): ("3 4", "CREATE OR REPLACE FUNCTION …\n"),
    }

    assert statements(before, {})[0] == (
        "CREATE OR REPLACE FUNCTION …",
        "CREATE TRIGGER …",
        "ALTER TABLE public.t ENABLE ALWAYS TRIGGER zzz_zdm_sync_n",
    )


def test_a_function_of_others_that_was_altered_is_left_to_them() -> None:
    key = ("function", "public.low()")

    assert statements({key: ("1 2", "md5")}, {key: ("1 3", "other")}) == (
        (),
        ["function public.low() was altered"],
    )


def test_row_security_is_put_back_as_it_was() -> None:
    key = ("table", "public.t")

    assert statements({key: ("7 8", "r t f")}, {key: ("7 8", "r f t")})[0] == (
        "ALTER TABLE public.t ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE public.t NO FORCE ROW LEVEL SECURITY",
    )


def test_a_table_leaves_the_publication_that_names_its_column() -> None:
    after: Shown = {("publication relation", "public.t in publication p"): ("", "")}

    assert statements({}, after)[0] == ("ALTER PUBLICATION p DROP TABLE public.t",)
