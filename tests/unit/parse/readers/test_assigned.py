import pytest

from zdm.parse.readers import assigned


@pytest.mark.parametrize(
    ("body", "columns"),
    [
        ("BEGIN NEW.a := now(); RETURN NEW; END", {"a": "now()"}),
        ("BEGIN new.A = lower(NEW.b) ; RETURN NEW; END;", {"a": "lower(NEW.b)"}),
        ('BEGIN NEW."A" := 1; NEW.b := 2; RETURN NEW; END', {"A": "1", "b": "2"}),
        ("DECLARE x int := 3; BEGIN NEW.a := x; RETURN NEW; END", {"a": "x"}),
        ("BEGIN -- NEW.b := 1;\n NEW.a := ';' || 1; RETURN NEW; END", {"a": "';' || 1"}),
        ("BEGIN RETURN NEW; NEW.a := 1; END", {}),
        ("BEGIN IF NEW.a IS NULL THEN NEW.a := 1; END IF; RETURN NEW; END", {}),
        ("BEGIN BEGIN NEW.a := 1; END; RETURN NEW; END", {}),
        ("BEGIN PERFORM f(NEW.a = 1); x := NEW.a; RETURN NEW; END", {}),
        ("BEGIN SELECT 1 INTO NEW.a; RETURN NEW; END", {}),
        ("", {}),
    ],
)
def test_what_a_body_without_branches_sets(body: str, columns: dict[str, str]) -> None:
    assert assigned.always(body) == columns
