"""Whole outputs kept in files: compared as they are, written anew with `--bless`."""

from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


@dataclass(frozen=True, slots=True)
class Golden:
    """Compares a text with the file that holds what it should be."""

    bless: bool

    def check(self, file: str | Path, text: str) -> None:
        """Fail unless the file (below `tests/golden`, or a whole path) holds this text."""
        path = FOLDER / file
        if self.bless:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        expected = path.read_text(encoding="utf-8") if path.exists() else "(no such file)"
        lines = unified_diff(
            expected.splitlines(), text.splitlines(), "file", "now", lineterm=""
        )

        assert text == expected, "\n".join(
            [f"{path.name} differs; `make bless` accepts the new text", *lines]
        )
