"""Places in a text: bytes and characters become lines and columns, both counted from 1."""

from bisect import bisect_right
from itertools import accumulate

from msgspec import Struct

from zdm.model.statement import Source


class Places(Struct, frozen=True):
    """The lines of one file; a place is found without reading the file again."""

    file: str
    lines: tuple[bytes, ...]
    starts: tuple[int, ...]  # of each line, in bytes

    @classmethod
    def of(cls, data: bytes, file: str) -> "Places":
        """The lines of the data."""
        lines = tuple(data.split(b"\n"))
        starts = accumulate((len(line) + 1 for line in lines), initial=0)
        return cls(file=file, lines=lines, starts=tuple(starts)[:-1])

    def at(self, offset: int) -> Source:
        """The place of a byte."""
        number = bisect_right(self.starts, offset) - 1
        before = self.lines[number][: offset - self.starts[number]]
        column = len(before.decode(errors="replace")) + 1
        return Source(file=self.file, line=number + 1, column=column)

    def before(self, offset: int) -> bytes:
        """The text before a byte on its line."""
        number = bisect_right(self.starts, offset) - 1
        return self.lines[number][: offset - self.starts[number]]
