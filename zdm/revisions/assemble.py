"""The Train out of what the child noted and what the shadow's log holds; pure but for comments.

The log has every text as the server got it, the child's events say who sent it from where.
What neither explains (SQL on a connection of its own, one revision run for several tenants) is
refused by name, because a plan made of a part of a migration is a wrong plan.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from zdm.errors import InputError
from zdm.model.schema import Name
from zdm.model.statement import (
    Directive,
    DirectiveKind,
    RowsRead,
    Setting,
    Source,
    Stamp,
    Statement,
    Timeouts,
    Train,
)
from zdm.parse import directives as parse
from zdm.parse import selects, session, trees
from zdm.revisions import directives, effective_statements
from zdm.revisions.directives import Comments
from zdm.revisions.effective_statements import Effective, Entry
from zdm.revisions.graph import History, shown
from zdm.revisions.server_log import Sent

Event = Mapping[str, Any]


class Recording(Struct, frozen=True, kw_only=True):
    """The request to the child, and its answer."""

    history: History
    root: Path
    token: str
    heads: tuple[str, ...]
    answer: Mapping[str, Any]

    @property
    def events(self) -> Sequence[Event]:
        """One per statement that SQLAlchemy sent."""
        events: Sequence[Event] = self.answer["events"]
        return events

    @property
    def steps(self) -> tuple[str, ...]:
        """The revisions that ran, in order."""
        return tuple(step["revision"] for step in self.answer["steps"])


class _Place(Struct, frozen=True, kw_only=True):
    """Where a statement comes from, and what was in force."""

    by: str
    source: Source
    settings: tuple[Setting, ...]
    timeouts: Timeouts


def train(recording: Recording, sent: Sequence[Sent]) -> Train:
    """Everything that the revisions sent, in order, with its place."""
    _check_tenants(recording)
    files = [recording.history.revision(id) for id in recording.steps]
    remarks = {r.id: directives.read(r.path, r.file, r.id) for r in files}
    withheld = {n: e["withheld"] for n, e in enumerate(recording.events) if e.get("withheld")}
    read = [
        (item, effective_statements.entries(item, recording.token, withheld)) for item in sent
    ]
    book = effective_statements.effects(read)
    assembler = _Assembler(recording, remarks)
    statements = tuple(assembler.statements(book.done))
    _check_directives(remarks, statements, assembler.accepted)
    return Train(
        statements=_numbered(statements),
        files=tuple(revision.source for revision in files),
        stamp=_stamp(recording),
        reads=tuple(dict.fromkeys(assembler.reads)),
        notes=tuple(
            dict.fromkeys(
                (
                    *assembler.notes,
                    *assembler.undone(book.undone),
                    *_broken(recording, statements),
                )
            )
        ),
    )


class _Assembler:
    """Places each statement that took effect; collects what a person must see."""

    def __init__(self, recording: Recording, remarks: Mapping[str, Comments]) -> None:
        self.recording = recording
        self.remarks = remarks
        self.notes: list[tuple[Source, str]] = []
        self.reads: list[RowsRead] = []
        self.accepted: set[Directive] = set()
        self._read_only = frozenset(recording.answer["read_only"])
        self._first = not recording.heads
        self._sessions: frozenset[str] = frozenset()

    def statements(self, done: Sequence[Effective]) -> Iterator[Statement]:
        """The Statements, in order."""
        marked = (item.entry for item in done if item.entry.event is not None)
        self._sessions = frozenset(entry.pid for entry in marked)
        after = 0  # the number of the event that came last
        for item in done:
            entry = item.entry
            after = after if entry.event is None else entry.event
            if entry.silent:
                continue
            place = self._place(entry, after)
            if place is not None and self._belongs(entry, place):
                yield self._statement(item, place)

    def _place(self, entry: Entry, after: int) -> _Place | None:
        if entry.event is None:
            return self._unmarked(entry, after)
        event = self.recording.events[entry.event]
        by = event["by"]
        if by == "alembic":
            return None
        source = self._source(event)
        asked = event["settings"] or {}
        return _Place(
            by=by,
            source=source,
            settings=self._settings(asked),
            timeouts=session.timeouts(asked.get("timeouts") or {}),
        )

    def _source(self, event: Event) -> Source:
        revision = event["revision"]
        remark = self.remarks.get(revision)
        line, column = event["line"], event["column"]
        return Source(
            file=shown(event["file"], self.recording.root),
            line=line,
            column=remark.column(line, column) if remark and event["by"] == "revision" else 1,
            revision=revision,
        )

    def _settings(self, found: Mapping[str, Any]) -> tuple[Setting, ...]:
        defaults = self.recording.answer["defaults"]
        return tuple(
            Setting(name=name, value=value)
            for name, value in sorted(found.items())
            if name != "timeouts" and value != defaults[name]
        )

    def _unmarked(self, entry: Entry, after: int) -> _Place | None:
        """A statement that bypassed SQLAlchemy: through a driver's own cursor."""
        select = selects.query(entry.parsed)
        if selects.is_session(entry.parsed) or (
            select is not None and not selects.tables(select)
        ):
            return None
        events = self.recording.events[after : after + 2]  # the one before, the one after
        ids = [event["revision"] for event in events if event["revision"]]
        found = self.recording.history.revision((ids or list(self.recording.steps))[-1])
        if entry.pid not in self._sessions:
            raise InputError(
                f"{found.file}: the revision or env.py runs `{_short(entry.text)}` on a"
                " connection of its own, so zdm cannot know when and where it belongs",
                hint="run it on the connection that Alembic gives: op.get_bind()",
            )
        line = self.remarks[found.id].upgrade
        source = Source(file=found.file, line=line, column=1, revision=found.id)
        return _Place(by="driver", source=source, settings=(), timeouts=Timeouts())

    def _belongs(self, entry: Entry, place: _Place) -> bool:
        """Whether it is part of the migration; reads are not, unless their author says where
        they run, but they may need a note."""
        found = _directives(entry, place, self.remarks.get(place.source.revision))
        accepted = {one for one in found if one.kind is DirectiveKind.NOTHING_IS_LOST}
        if accepted != {*found}:
            return True
        given = selects.gives_rows(entry.parsed)
        names = selects.tables(given) if given is not None else ()
        if names and place.by != "environment":
            self.accepted |= accepted
            read = RowsRead(source=place.source, tables=names, accepted=bool(accepted))
            self.reads.append(read)
        select = selects.query(entry.parsed)
        if select is not None:
            if names and place.by != "environment":
                self.notes.append(
                    (
                        place.source,
                        f"data dependent: it reads rows of {', '.join(names)}, and was recorded"
                        " on empty tables, so what it does with rows is not in the plan",
                    )
                )
            return place.by == "revision" and selects.acts(select, self._read_only)
        if place.by != "environment":
            return True
        if selects.is_session(entry.parsed):
            return False
        if not self._first:
            self.notes.append(
                (place.source, "env.py runs this itself; it is no part of the plan")
            )
        return self._first

    def _statement(self, item: Effective, place: _Place) -> Statement:
        entry = item.entry
        text = trees.inline(entry.text, entry.parameters) if entry.parameters else entry.text
        remark = self.remarks.get(place.source.revision)
        return Statement(
            sql=text,
            source=place.source,
            start=entry.parsed.start,
            length=entry.parsed.length,
            transaction=item.transaction,
            settings=place.settings,
            timeouts=place.timeouts,
            directives=tuple(
                one
                for one in _directives(entry, place, remark)
                if one.kind is not DirectiveKind.NOTHING_IS_LOST
            ),
            recorded=entry.text if entry.parameters else "",
        )

    def undone(self, entries: Sequence[Entry]) -> Iterator[tuple[Source, str]]:
        """A revision that continues after an error, or rolls back itself."""
        for entry in entries:
            if entry.event is None or entry.silent:
                continue
            event = self.recording.events[entry.event]
            if event["by"] == "revision" and selects.query(entry.parsed) is None:
                yield (
                    self._source(event),
                    "this failed or was rolled back on the shadow, and the revision went on:"
                    " it is not in the plan, whatever it would do on the target",
                )


def _directives(entry: Entry, place: _Place, remark: Comments | None) -> tuple[Directive, ...]:
    """Those above the call, and those in the text that it sends."""
    above = remark.at(place.source.line) if remark and place.by == "revision" else ()
    within = [parse.parse_comment(text, place.source) for text in entry.above]
    for text in entry.stray:
        if parse.parse_comment(text, place.source) is not None:
            raise InputError(
                f"{place.source}: the text that this sends has a directive that is not above a"
                " statement, so it has no effect",
                hint="put it on its own line, directly above its statement",
            )
    return parse.together((*above, *(found for found in within if found is not None)))


def _check_tenants(recording: Recording) -> None:
    steps = recording.steps
    twice = [id for id in steps if steps.count(id) > 1]
    if twice:
        paths = sorted(
            {
                event["settings"]["search_path"]
                for event in recording.events
                if event["revision"] == twice[0] and event["settings"]
            }
        )
        raise InputError(
            f"env.py ran revision {twice[0]} {steps.count(twice[0])} times in one run"
            f" (search_path: {' and '.join(paths)}), so it would need a plan for each",
            hint="let env.py take one schema or database at a time, and plan each by itself",
        )


def _check_directives(
    remarks: Mapping[str, Comments],
    statements: Sequence[Statement],
    accepted: AbstractSet[Directive],
) -> None:
    taken = {directive for statement in statements for directive in statement.directives}
    taken |= accepted
    for remark in remarks.values():
        for found in remark.above.values():
            for directive in found:
                if directive not in taken:
                    raise directives.stray(directive)


def _numbered(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """Transactions counted from 0, in the order of their first statement."""
    numbers: dict[int, int] = {}
    for statement in statements:
        if statement.transaction is not None:
            numbers.setdefault(statement.transaction, len(numbers))
    return tuple(
        replace(
            statement,
            transaction=None
            if statement.transaction is None
            else numbers[statement.transaction],
        )
        for statement in statements
    )


def _stamp(recording: Recording) -> Stamp:
    schema, name = recording.answer["version_table"]
    return Stamp(
        table=Name(schema=schema, name=name),
        from_heads=recording.heads,
        to_heads=tuple(recording.answer["heads"]),
    )


def _broken(
    recording: Recording, statements: Sequence[Statement]
) -> Iterator[tuple[Source, str]]:
    """An autocommit_block commits the revisions before it, unless each has a transaction."""
    if recording.answer["transaction_per_migration"]:
        return
    earlier: set[str] = set()
    for statement in statements:
        revision = statement.source.revision
        if statement.transaction is None and earlier - {revision}:
            yield (
                statement.source,
                "this runs outside a transaction and commits what came before it, earlier"
                " revisions included; `transaction_per_migration=True` in env.py keeps them"
                " apart",
            )
            return
        if statement.transaction is not None:
            earlier.add(revision)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:57] + "..."
