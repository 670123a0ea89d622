"""Members of a Snapshot are found by their keys, also after many changes."""

import random

from zdm.model.catalog.indexed import having, named
from zdm.model.schema import Constraint, Index, Name, Snapshot, Table
from zdm.schema import edits

WORDS = [Name("public", f"t{n}") for n in range(40)]


def _table(name: Name, chance: random.Random) -> Table:
    target, parent, word = (chance.choice(WORDS) for _ in range(3))
    key = Constraint(
        name=f"{word.name}_fkey",
        kind="foreign key",
        columns=(),
        definition="",
        references=target,
    )
    index = Index(name=f"{word.name}_idx", definition="", keys=(), columns=())
    return Table(
        name=name,
        constraints=(key,) * chance.randint(0, 1),
        indexes=(index,) * chance.randint(0, 1),
        inherits=(parent,) * chance.randint(0, 1),
        created=chance.random() < 0.3,
    )


def _answers(snapshot: Snapshot) -> list[object]:
    tables, found = snapshot.tables, list[object]()
    for word in WORDS:
        found += [
            snapshot.table(word),
            having(tables, "index", f"{word.name}_idx"),
            having(tables, "constraint", "public", f"{word.name}_fkey"),
            having(tables, "references", "public", word.name),
            having(tables, "above", "public", word.name),
        ]
    return [*found, having(tables, "created")]


def test_a_snapshot_of_many_changes_finds_what_one_made_at_once_finds() -> None:
    chance = random.Random(27)
    snapshot = Snapshot(server_version=180_000)
    for _ in range(1_000):
        having(snapshot.tables, "created")  # so that the index is there, and is changed
        name = chance.choice(WORDS)
        if chance.random() < 0.3:
            snapshot = edits.drop_table(snapshot, name)
        else:
            snapshot = edits.put_table(snapshot, _table(name, chance))

    at_once = Snapshot(server_version=180_000, tables=(*snapshot.tables,))

    assert _answers(snapshot) == _answers(at_once)
    assert len(snapshot.tables) > 10


def test_an_earlier_snapshot_keeps_its_answers() -> None:
    before = edits.put_table(
        Snapshot(server_version=180_000), Table(name=WORDS[0], created=True)
    )
    answers = _answers(before)

    edits.drop_table(before, WORDS[0])

    assert _answers(before) == answers


def test_a_snapshot_is_equal_to_one_whose_members_were_not_asked() -> None:
    tables = (Table(name=WORDS[0]),)
    asked = Snapshot(server_version=180_000, tables=tables)
    found = named(asked.tables, WORDS[0])

    assert found == tables
    assert asked == Snapshot(server_version=180_000, tables=tables)
