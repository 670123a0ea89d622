"""The page of events names each of them, with all its fields."""

import re
from typing import get_args

import pytest

from tests.docs import generate
from zdm.execute import events
from zdm.execute.events import Event

PAGE = generate.REFERENCE.parent / "concepts" / "observing.md"
ROW = re.compile(r"^\| `(\w+)` \|.*\| ([^|]*) \|$", re.MULTILINE)
EVERYWHERE = {"id", "run", "plan", "step", "phase", "reason", "waiting"}  # of each line


def documented() -> dict[str, set[str]]:
    text = PAGE.read_text(encoding="utf-8")
    return {name: set(re.findall(r"`(\w+)`", fields)) for name, fields in ROW.findall(text)}


def in_words(kind: type) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


@pytest.mark.parametrize("kind", get_args(events.Event))
def test_the_page_has_each_field_of_an_event(kind: type[Event]) -> None:
    fields = {*kind.__struct_fields__} - EVERYWHERE

    assert documented()[in_words(kind)] == fields


def test_the_page_has_no_other_event() -> None:
    assert set(documented()) == {in_words(kind) for kind in get_args(events.Event)}
