import pytest

from zdm.model.schema import Column, Name, Table
from zdm.schema.impact import bounds_apart


def is_apart(type_: str, one: str, other: str, collation: str | None = None) -> bool:
    found = Column(name="k", type=type_, collation=collation)
    way = "LIST" if one.startswith("IN") else "RANGE"
    parent = Table(
        name=Name("public", "t"),
        kind="partitioned table",
        columns=(found,),
        partition_key=f"{way} (k)",
    )
    read = [bounds_apart.read(f"FOR VALUES {text}") for text in (one, other)]
    assert read[0] is not None
    assert read[1] is not None
    answers = {
        bounds_apart.apart(read[0], read[1], parent),
        bounds_apart.apart(read[1], read[0], parent),
    }
    assert len(answers) == 1
    return answers.pop()


@pytest.mark.parametrize(
    ("type_", "one", "other"),
    [
        ("integer", "FROM (0) TO (100)", "FROM (100) TO (200)"),
        ("integer", "FROM (MINVALUE) TO (-5)", "FROM ('-5') TO (9)"),
        ("numeric(9,2)", "FROM (9) TO (9.5)", "FROM (10) TO (MAXVALUE)"),
        ("date", "FROM ('2026-01-01') TO ('2026-02-01')", "FROM ('2026-02-01') TO (MAXVALUE)"),
        (
            "timestamp without time zone",
            "FROM ('2026-01-01 00:00:00') TO ('2026-02-01 00:00:00')",
            "FROM ('2026-02-01') TO ('2026-03-01')",
        ),
        (
            "timestamp with time zone",
            "FROM ('2026-01-01 00:00:00+00') TO ('2026-02-01 00:00:00+00')",
            "FROM ('2026-03-01') TO ('2026-04-01')",
        ),
        ("text", "IN ('a', 'b')", "IN ('c')"),
        ("integer", "IN (1, 2)", "IN (3)"),
    ],
)
def test_no_row_belongs_to_both(type_: str, one: str, other: str) -> None:
    assert is_apart(type_, one, other)


@pytest.mark.parametrize(
    ("type_", "one", "other"),
    [
        ("integer", "FROM (0) TO (100)", "FROM (99) TO (200)"),
        ("integer", "FROM (0) TO (MAXVALUE)", "FROM (99) TO (200)"),
        ("integer", "FROM (9) TO (100)", "FROM (1) TO (10)"),
        ("text", "FROM ('a') TO ('b')", "FROM ('c') TO ('d')"),
        ("date", "FROM ('2026-01-01') TO ('2026-02-01')", "FROM ('2026-01-31') TO (MAXVALUE)"),
        ("date", "FROM ('2026-01-01') TO ('2026-02-01')", "FROM ('3.1.2026') TO (MAXVALUE)"),
        (
            "timestamp with time zone",
            "FROM ('2026-01-01 00:00:00+00') TO ('2026-02-01 00:00:00+00')",
            "FROM ('2026-02-01') TO ('2026-03-01')",
        ),
        ("integer", "WITH (MODULUS 2, REMAINDER 0)", "WITH (MODULUS 2, REMAINDER 0)"),
        ("text", "IN ('a', 'b')", "IN ('b')"),
        ("integer", "IN (1)", "IN ('1')"),
        ("integer", "IN (NULL)", "IN (1)"),
    ],
)
def test_it_is_not_sure(type_: str, one: str, other: str) -> None:
    assert not is_apart(type_, one, other)


def test_a_collation_may_call_two_texts_equal() -> None:
    assert not is_apart("text", "IN ('a')", "IN ('A')", collation="public.alike")


def test_what_is_not_known_has_no_bound() -> None:
    assert bounds_apart.read("") is None
