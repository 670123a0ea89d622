"""What a watch's bytes mean; they come in parts of any size."""

import json

import pytest

from zdm.rollout.kubernetes.watch import tells_of_a_change

POD = {"kind": "Pod", "metadata": {"name": "web"}}


def event(kind: str) -> bytes:
    return json.dumps({"type": kind, "object": POD}).encode() + b"\n"


@pytest.mark.parametrize("kind", ["ADDED", "MODIFIED", "DELETED"])
def test_an_event_of_an_object_is_a_change(kind: str) -> None:
    assert tells_of_a_change([event(kind)])


def test_an_event_in_many_parts_is_one() -> None:
    text = event("MODIFIED")

    assert tells_of_a_change(text[at : at + 3] for at in range(0, len(text), 3))


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([], id="nothing"),
        pytest.param([event("ERROR")], id="an error"),
        pytest.param([event("BOOKMARK")], id="a bookmark"),
        pytest.param([event("MODIFIED")[:-9]], id="cut off"),
        pytest.param([b"<html>\n"], id="a proxy's page"),
        pytest.param([b"[]\n"], id="a list"),
        pytest.param([b"x" * 1_000_000] * 5 + [b"\n"], id="without an end"),
    ],
)
def test_anything_else_is_none(parts: list[bytes]) -> None:
    assert not tells_of_a_change(parts)
