"""Revisions that read rows, recorded once more on tables that have some.

What upgrade() sends for each row that it finds is not seen on empty tables: a loop over rows is
recorded as nothing, and the plan would be without it. So the two recordings are compared.
"""

from collections.abc import Sequence
from itertools import zip_longest

from msgspec import Struct
from msgspec.structs import replace

from zdm.errors import InputError, RefusedError
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import RowsRead, Train
from zdm.parse import directives
from zdm.postgres.replay import absent, sample_rows, seeds
from zdm.postgres.server import shadow
from zdm.postgres.server.provider import Server
from zdm.revisions import record
from zdm.revisions.child_process import Child
from zdm.revisions.record import RecordRequest
from zdm.serialize import codec

_HINT = (
    "write it as SQL that does the same for all rows (`INSERT … SELECT`, `UPDATE`); if nothing"
    " is lost without it, say so above the call that reads the rows: `-- zdm: nothing is lost"
    " -- reason`"
)


# Of rows on which the migration itself may fail, others are tried.
_SEEDS = tuple(
    replace(one, first=sample_rows.HIGH)
    for one in seeds.LADDER
    if one.first is not None and not one.twice
)
_Text = tuple[str | None, str]  # the revision, and SQL


class Recorded(Struct, frozen=True, kw_only=True):
    """A Train, and what it was recorded with."""

    child: Child
    server: Server
    request: RecordRequest
    train: Train

    def checked(self, template: str, schema: Snapshot, snapshot: Snapshot | None) -> Train:
        """The Train; RefusedError where its revisions send something else when there are
        rows."""
        found = [r for r in self.train.reads if not r.accepted and _tables(schema, r)]
        if found:
            self._check(found, template, schema, snapshot)
        return self.train

    def _check(
        self,
        reads: Sequence[RowsRead],
        template: str,
        schema: Snapshot,
        snapshot: Snapshot | None,
    ) -> None:
        tables = [table for one in reads for table in _tables(schema, one)]
        failure = ""
        for seeding in dict.fromkeys(_SEEDS):
            with shadow.database(self.server, template, logged=True, start=snapshot) as dsn:
                with shadow.without_triggers(self.server, dsn) as quiet:
                    seeds.fill(quiet, schema, tables, seeding, ())
                try:
                    filled = self._again(dsn)
                except InputError as error:
                    failure = failure or error.message
                    continue
            if filled != _texts(self.train):
                self._compare(reads[0], filled, template, snapshot)
            return
        raise _refused(reads[0], f"it fails there: {failure}")

    def _compare(
        self,
        read: RowsRead,
        filled: Sequence[_Text],
        template: str,
        snapshot: Snapshot | None,
    ) -> None:
        """What differs between two recordings on empty tables, by the clock or at random, does
        not come from the rows."""
        with shadow.database(self.server, template, logged=True, start=snapshot) as dsn:
            empty = self._again(dsn)
        other = _first_other(_texts(self.train), empty, filled)
        if other is not None:
            raise _refused(read, f"it sends `{codec.shortened(other)}` there")

    def _again(self, dsn: str) -> Sequence[_Text]:
        return _texts(record.record(self.child, replace(self.request, dsn=dsn)))


def _texts(train: Train) -> Sequence[_Text]:
    return [(one.source.revision, one.sql) for one in train.statements]


def _tables(schema: Snapshot, read: RowsRead) -> tuple[Table, ...]:
    """Those that are there before the train, also behind views; its own have the rows that it
    gives them."""
    names = {*read.tables}
    for _ in schema.views:  # one may read another
        for view in schema.views:
            if names & _names(view.name):
                names |= absent.words(view.definition)
    return tuple(table for table in schema.tables if names & _names(table.name))


def _names(name: Name) -> frozenset[str]:
    return frozenset({name.name, f"{name.schema}.{name.name}"})


def _first_other(
    one: Sequence[_Text], same: Sequence[_Text], filled: Sequence[_Text]
) -> str | None:
    """The first statement that one recording has because of rows, and the other does not."""
    for text, again, other in zip_longest(one, same, filled):
        if text == again and text != other:
            return (other or text)[1]
    return None


def _refused(read: RowsRead, there: str) -> RefusedError:
    return RefusedError(
        f"{read.source}: upgrade() reads rows of {', '.join(read.tables)}, and with rows there"
        f" it is another migration than on empty tables: {there}; what it does with the rows of"
        " the database would not be in the plan",
        hint=directives.in_its_form(_HINT, read.source),
    )
