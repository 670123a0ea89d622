"""What came of each world, one line each, so that a run goes on where it was ended."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.adversary.trial import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A world that was tried."""

    seed: int
    major: int
    seconds: float
    result: Result

    @property
    def line(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), ensure_ascii=False) + "\n"


def read(path: Path) -> list[Record]:
    """Those of a file, each seed once; a line that was cut short is not one."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    found = [_record(line) for line in lines if line.endswith("}\n")]
    return list({one.seed: one for one in found}.values())


def _record(line: str) -> Record:
    said = json.loads(line)
    result = said.pop("result")
    for name in ("reasons", "operations"):
        result[name] = tuple(result[name])
    result["faults"] = [(kind, what) for kind, what in result["faults"]]
    return Record(**said, result=Result(**result))


def write(path: Path, records: Iterable[Record]) -> None:
    """Only these: what was cut short goes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(one.line for one in records), encoding="utf-8")
