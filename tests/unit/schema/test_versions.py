"""The Impact is that on the version before, unless it is listed as changed."""

from pathlib import Path

import pytest

from tests.rules import checking
from zdm.model.schema import Snapshot
from zdm.model.statement import Action
from zdm.parse import split
from zdm.parse.readers import authority
from zdm.rules import assumed
from zdm.schema import apply
from zdm.schema.impact import of

OPERATIONS = Path(__file__).parents[2] / "cases/operations"
FOLDERS = sorted((*checking.CASES.iterdir(), *OPERATIONS.iterdir()))
MAJORS = (14, 15, 16, 17, 18)


def _walked(folder: Path) -> list[tuple[tuple[Action, ...], Snapshot]]:
    """Each statement with the schema before it."""
    snapshot, found = checking.EMPTY, list[tuple[tuple[Action, ...], Snapshot]]()
    for path in sorted(folder.rglob("*.sql")):
        for statement, parsed in split.parsed(path.read_bytes(), path.name):
            actions = authority.of_parsed(statement, parsed, ("public",))
            snapshot = assumed.put(snapshot, assumed.tables(actions, snapshot))
            found.append((actions, snapshot))
            for action in actions:
                snapshot = apply.apply(snapshot, action)
    return found


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_only_what_is_listed_differs_between_versions(folder: Path) -> None:
    for actions, snapshot in _walked(folder):
        listed = of.versions(actions, MAJORS)
        every = [of.each(actions, snapshot, major) for major in MAJORS]
        changed = [MAJORS[0]]
        for before, after, major in zip(every, every[1:], MAJORS[1:], strict=False):
            changed += [major] if before != after else []
        assert {*changed} <= {*listed}, actions[0].statement.sql
