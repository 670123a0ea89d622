"""Files that a person names: what cannot be read is an error with its place, never a crash."""

import os
from pathlib import Path

import pytest

from zdm.errors import InputError
from zdm.serialize import input_file
from zdm.serialize.input_file import NotReadError

DIGITS = "1" * 5_000


def fault(text: str) -> str:
    with pytest.raises(NotReadError) as caught:
        input_file.from_json(text)
    return f"a.json{caught.value.place} {caught.value.fault}"


def refusal(file: Path, most: int = input_file.MOST_BYTES) -> str:
    with pytest.raises(InputError) as caught:
        input_file.read_text(file, most=most)
    return caught.value.message.replace(str(file.parent), "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            f'{{"a": 1,\n "b": {DIGITS}}}',
            "a.json:2:7 holds a number of more than 4,300 digits",
            id="digits",
        ),
        pytest.param(f"-{DIGITS}", "a.json:1:2 holds a number of more than 4,300 digits"),
        pytest.param("[" * 100_000, "a.json is nested too deeply to be read", id="lists"),
        pytest.param('{"a":' * 100_000, "a.json is nested too deeply to be read", id="objects"),
        pytest.param('{"a": 1, "a": 2}', "a.json has the key 'a' twice in one object"),
        pytest.param("{,}", "a.json:1:2 is not JSON: Expecting property name enclosed in"),
        pytest.param('"\0"', "a.json:1:2 is not JSON: Invalid control character at", id="NUL"),
        pytest.param("", "a.json:1:1 is not JSON: Expecting value", id="empty"),
    ],
)
def test_what_is_no_json_is_named_with_its_place(text: str, message: str) -> None:
    assert fault(text).startswith(message)


def test_json_is_read() -> None:
    assert input_file.from_json('{"a": [1, {"a": null}]}') == {"a": [1, {"a": None}]}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param(b"a\r\nb\rc\n", "a\nb\nc\n", id="line ends"),
        pytest.param(b"\xef\xbb\xbfa", "a", id="byte-order mark"),
        pytest.param("ü".encode(), "ü", id="UTF-8"),
    ],
)
def test_text_is_read_as_every_editor_writes_it(tmp_path: Path, data: bytes, text: str) -> None:
    (tmp_path / "a").write_bytes(data)

    assert input_file.read_text(tmp_path / "a") == text


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"a\n\xc3\xbc\xff", "/a:2:2: byte 0xff is not UTF-8", id="binary"),
        pytest.param("a".encode("utf-16"), "/a:1:1: byte 0xff is not UTF-8", id="UTF-16"),
        pytest.param(b"\xef\xbb\xbfa\xff", "/a:1:2: byte 0xff is not UTF-8", id="after a mark"),
        pytest.param(b"\xed\xa0\x80", "/a:1:1: byte 0xed is not UTF-8", id="surrogate"),
    ],
)
def test_another_encoding_is_refused_with_its_place(
    tmp_path: Path, data: bytes, message: str
) -> None:
    (tmp_path / "a").write_bytes(data)

    assert refusal(tmp_path / "a").startswith(message)


def test_a_file_without_an_end_is_refused() -> None:
    assert (
        refusal(Path("/dev/zero")) == "/zero cannot be read: it has more than 64,000,000 bytes"
    )


def test_a_file_of_just_the_greatest_size_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("abc")

    assert input_file.read_text(tmp_path / "a", most=3) == "abc"
    assert refusal(tmp_path / "a", most=2) == "/a cannot be read: it has more than 2 bytes"


@pytest.mark.parametrize("size", [0, 65_535, 65_536, 65_537, 200_000])
def test_a_file_of_any_size_is_read_whole(tmp_path: Path, size: int) -> None:
    (tmp_path / "a").write_bytes(b"x" * size)

    assert input_file.read(tmp_path / "a") == b"x" * size


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"/{tmp_path.name} cannot be read: {os.strerror(21)}"
