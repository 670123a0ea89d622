"""A world from a seed."""

from dataclasses import replace
from random import Random

from tests.adversary import tables
from tests.adversary.statements import changes
from tests.adversary.statements.changes import Train
from tests.adversary.world import Table, World

_SETTINGS = {
    "search_path": ("public", "pg_catalog", '"App"', '"App", public', ""),
    "TimeZone": ("America/Los_Angeles", "Asia/Kolkata", "UTC"),
    "DateStyle": ("German, DMY", "SQL, MDY", "ISO, YMD"),
    "IntervalStyle": ("iso_8601", "postgres"),
    "extra_float_digits": ("-3", "1"),
    "bytea_output": ("escape", "hex"),
}


def world(seed: int, major: int, only: str = "") -> World:
    """The world of that seed; the same on each machine. `only`: one change of that kind."""
    random = Random(seed)
    made: list[Table] = []
    for name in random.sample(tables.NAMES, random.choice((1, 1, 2, 2, 3))):
        made.append(tables.Maker(random, major, name).make(made))
    train = Train(random=random, major=major, tables=list(made))
    count = random.choices((1, 2, 3, 4, 5), (8, 5, 3, 2, 2), k=1)[0]
    wanted = changes.changes(train, [only] if only else changes.chosen(random, count))
    settings = {
        name: random.choice(values)
        for name, values in _SETTINGS.items()
        if random.random() < 0.4
    }
    return World(
        seed=seed,
        major=major,
        tables=tuple(_named(one, train.tables) for one in made),
        changes=wanted,
        extras=tuple(train.functions),
        settings=settings,
        back=random.random() < 0.12,
        writers=random.random() < 0.85,
    )


def _named(table: Table, left: list[Table]) -> Table:
    """With the names of its indexes that the train drops."""
    same = (one for one in left if one.rows == table.rows)
    return replace(table, extras=next(same, table).extras)
