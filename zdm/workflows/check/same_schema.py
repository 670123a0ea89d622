"""Whether a fixed file leaves the schema that it left before, tried on a throwaway server."""

import hashlib
from collections.abc import Sequence

from msgspec import Struct

from zdm.config.settings import Settings
from zdm.model.rule import Transactions
from zdm.model.schema import Snapshot
from zdm.parse import libpg_query, split, transactions
from zdm.parse.transactions import Kind
from zdm.postgres.catalog import read, rebuild
from zdm.postgres.server import extensions, shadow
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection, texts
from zdm.postgres.session.texts import FailedError
from zdm.rules import blocks
from zdm.rules.report import InputFile, Terms
from zdm.serialize import snapshot_file

_SHOWN = 3


class SameSchema(Struct, frozen=True, kw_only=True):
    """Compares on one server, from one schema."""

    server: Server
    start: Snapshot
    terms: Terms
    settings: Settings

    def compare(self, before: Sequence[InputFile], old: InputFile, new: InputFile) -> str:
        """Why the schema is not known to be the same; empty where it is."""
        try:
            template = self._template(before)
        except FailedError as error:
            return f"the files before it fail on a throwaway server ({error}): give --snapshot"
        try:
            here = self._left(template, old)
        except FailedError as error:
            return f"the file itself fails on a throwaway server ({error})"
        try:
            there = self._left(template, new, strict=True)
        except FailedError as error:
            return f"what it would become fails on a throwaway server ({error})"
        found = snapshot_file.difference(here, there)
        return f"the schema would differ: {'; '.join(found[:_SHOWN])}" if found else ""

    def _template(self, before: Sequence[InputFile]) -> str:
        """The key of a database as the files before leave it."""
        digest = hashlib.sha256(snapshot_file.dumps(self.start).encode())
        for file in before:
            digest.update(hashlib.sha256(file.data).digest())
        key = f"check {self.terms.transactions} {digest.hexdigest()}"
        if not shadow.has_template(self.server, key):
            with shadow.database(self.server, start=self.start) as dsn:
                self._made(dsn, before)
                for file in before:
                    _run(dsn, file, self.terms.transactions)
                shadow.save_template(self.server, dsn, key)
        return key

    def _made(self, dsn: str, before: Sequence[InputFile]) -> None:
        sent = [s.sql for file in before for s in split.statements(file.data, file.path)]
        allowed = self.settings.shadow_extensions
        more = extensions.before(self.server, self.start, sent, allowed)
        admin = shadow.administration(self.server, dsn)
        rebuild.rebuild(dsn, self.start, admin, more)

    def _left(self, template: str, file: InputFile, *, strict: bool = False) -> Snapshot:
        """The schema after the file. What it was may say CONCURRENTLY in a transaction, which
        never ran; then each statement is run by itself."""
        how = self.terms.transactions
        for bare in (False,) if strict else (False, True):
            with shadow.database(self.server, template, start=self.start) as dsn:
                try:
                    _run(dsn, file, how, bare=bare)
                except FailedError as error:
                    if strict or bare or not error.in_block:
                        raise
                    continue
                with connection.connect(dsn, name="check") as conn:
                    return read.read(conn)
        raise AssertionError("one of both ways has run or raised")


def _run(dsn: str, file: InputFile, usual: Transactions, *, bare: bool = False) -> None:
    """The file's statements, as its runner sends them; `bare`: each without a transaction."""
    sent = [statement.sql for statement in split.statements(file.data, file.path)]
    if bare:
        sent = [text for text in sent if not _opens_or_closes(text)]
    elif blocks.mode(file.data, usual) is Transactions.FILE:
        sent = ["BEGIN", *sent, "COMMIT"]
    texts.run(dsn, sent)


def _opens_or_closes(text: str) -> bool:
    (parsed,) = libpg_query.statements(text.encode())
    control = transactions.control(parsed)
    return control is not None and control.kind in (Kind.BEGIN, Kind.COMMIT)
