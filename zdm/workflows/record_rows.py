"""Revisions that read rows, recorded once more on tables that have some.

What upgrade() sends for each row that it finds is not seen on empty tables: a loop over rows is
recorded as nothing, and the plan would be without it. So the two recordings are compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from zdm.errors import InputError, RefusedError
from zdm.model.schema import Snapshot, Table
from zdm.model.statement import RowsRead, Train
from zdm.parse import directives
from zdm.postgres.replay import seeds
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A Train, and what it was recorded with."""

    child: Child
    server: Server
    request: RecordRequest
    train: Train

    def checked(self, template: str, schema: Snapshot, snapshot: Snapshot | None) -> Train:
        """The Train; RefusedError where its revisions send something else when there are
        rows."""
        found = self._open(schema)
        if found:
            self._check(found[0], template, schema, snapshot)
        return self.train

    def _open(self, schema: Snapshot) -> Sequence[RowsRead]:
        return [
            read for read in self.train.reads if not read.accepted and _tables(schema, read)
        ]

    def _check(
        self,
        read: RowsRead,
        template: str,
        schema: Snapshot,
        snapshot: Snapshot | None,
    ) -> None:
        tables = [table for one in self._open(schema) for table in _tables(schema, one)]
        with shadow.database(self.server, template, logged=True, start=snapshot) as dsn:
            with shadow.without_triggers(self.server, dsn) as quiet:
                seeds.fill(quiet, schema, tables, seeds.PLAIN, ())
            try:
                again = record.record(self.child, replace(self.request, dsn=dsn))
            except InputError as error:
                raise _refused(read, f"it fails there: {error.message}") from error
        other = _first_other(self.train, again)
        if other is not None:
            raise _refused(read, f"it sends `{codec.shortened(other)}` there")


def _tables(schema: Snapshot, read: RowsRead) -> tuple[Table, ...]:
    """Those that are there before the train; its own have the rows that it gives them."""
    return tuple(
        table
        for table in schema.tables
        if table.name.name in read.tables
        or f"{table.name.schema}.{table.name.name}" in read.tables
    )


def _first_other(empty: Train, filled: Train) -> str | None:
    """The first statement of one recording that the other one does not have."""
    ones = [(one.source.revision, one.sql) for one in empty.statements]
    others = [(one.source.revision, one.sql) for one in filled.statements]
    if ones == others:
        return None
    pairs = zip(ones, others, strict=False)
    found = next((other for one, other in pairs if one != other), None)
    longer = max(ones, others, key=len)
    return (found or longer[min(len(ones), len(others))])[1]


def _refused(read: RowsRead, there: str) -> RefusedError:
    return RefusedError(
        f"{read.source}: upgrade() reads rows of {', '.join(read.tables)}, and with rows there"
        f" it is another migration than on empty tables: {there}; what it does with the rows of"
        " the database would not be in the plan",
        hint=directives.in_its_form(_HINT, read.source),
    )
