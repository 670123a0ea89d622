"""The tables that a transaction locks, as names come, go and get a table above them."""

from zdm.model.rule import Locked, Names
from zdm.model.schema import Name, Snapshot, Table, sorted_tables


def _name(word: str) -> Name:
    return Name("public", word)


def _snapshot(*words: str, **above: str) -> Snapshot:
    """Tables, some of them partitions."""
    tables = (
        Table(name=_name(word), partition_of=_name(above[word]) if word in above else None)
        for word in words
    )
    return Snapshot(server_version=180_000, tables=sorted_tables(tables))


def test_names_are_in_order_and_the_first_are_shown_with_their_number() -> None:
    names = Names()
    for word in ("c", "a", "b", "a"):
        names.add(_name(word))
    names.remove(_name("b"))
    names.remove(_name("nothing"))

    shown = names.with_others([_name("aa"), _name("c")], 2)

    assert shown == ((_name("a"), _name("aa")), 3)


def test_a_table_that_is_dropped_is_not_there() -> None:
    locked = Locked()
    locked.add([_name("a")], [_name("a")], _snapshot("a"))

    locked.add([_name("a")], [_name("a")], _snapshot())

    assert (locked.there.ordered, locked.roots) == ([], {_name("a")})


def test_a_table_that_is_made_again_is_there() -> None:
    locked = Locked()
    locked.add([_name("a")], [_name("a")], _snapshot())

    locked.made(_name("a"), _snapshot("a"))

    assert locked.there.ordered == [_name("a")]


def test_a_partition_counts_as_the_table_above_it_once_it_is_attached() -> None:
    locked = Locked()
    locked.add([_name("leaf")], [_name("leaf")], _snapshot("leaf", "top"))
    after = _snapshot("leaf", "top", leaf="top")
    locked.add([_name("leaf")], [_name("leaf")], after)

    locked.moved([_name("leaf")], after)

    assert locked.there.ordered == [_name("top")]
