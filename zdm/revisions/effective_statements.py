"""Which statements took effect, in which transaction: the sessions' log replayed as it was.

The server's log shows BEGIN, COMMIT, SAVEPOINT and errors as they were, from any sender, so
transactions are read from it rather than from a driver. What was rolled back is left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from zdm.parse import libpg_query, split, transactions
from zdm.parse.libpg_query import Parsed
from zdm.parse.transactions import Control, Kind
from zdm.revisions.server_log import Sent


class Entry(Struct, frozen=True, kw_only=True):
    """One statement of a sent text, without zdm's mark; `event` is the mark's number.

    `above` are the texts of comments above it that may be directives, `stray` those of the
    text that are above no statement.
    """

    text: str
    parsed: Parsed
    parameters: tuple[str | None, ...]
    pid: str
    event: int | None
    silent: bool
    above: tuple[str, ...] = ()
    stray: tuple[str, ...] = ()


class Effective(Struct, frozen=True, kw_only=True):
    """An Entry that took effect; entries with one `transaction` were committed together."""

    entry: Entry
    transaction: int | None


class Effects(Struct, frozen=True, kw_only=True):
    """What took effect, in order, and what did not."""

    done: tuple[Effective, ...]
    undone: tuple[Entry, ...]


@dataclass(slots=True)
class _Session:
    """One session between its statements."""

    transaction: int | None = None
    begun: bool = False  # by BEGIN, so it ends by COMMIT
    failed: bool = False
    open: list[tuple[int, Entry]] = field(default_factory=list)  # order and entry
    savepoints: list[tuple[str, int]] = field(default_factory=list)


class _Reader:
    def __init__(self) -> None:
        self.sessions: dict[str, _Session] = {}
        self.kept: list[tuple[int, Effective]] = []
        self.undone: list[tuple[int, Entry]] = []
        self.order = 0
        self.transactions = 0

    def take(self, sent: Sent, entries: tuple[Entry, ...]) -> None:
        """One text: several statements sent at once outside a transaction are one."""
        session = self.sessions.setdefault(sent.pid, _Session())
        alone = not session.begun and len(entries) <= 1
        for entry in entries:
            self.order += 1
            control = transactions.control(entry.parsed)
            if control is not None:
                if not sent.error:
                    self._control(session, control)
            elif sent.error:
                self.undone.append((self.order, entry))
            else:
                self._enter(session, entry, alone)
        if sent.error:
            session.failed = session.begun
            if not session.begun:
                self._end(session, commit=False)
        elif not session.begun:
            self._end(session, commit=True)

    def _enter(self, session: _Session, entry: Entry, alone: bool) -> None:
        if session.transaction is None and not alone:
            self._start(session)
        session.open.append((self.order, entry))

    def _start(self, session: _Session) -> None:
        session.transaction = self.transactions
        self.transactions += 1

    def _control(self, session: _Session, control: Control) -> None:
        match control.kind:
            case Kind.BEGIN:
                session.begun = True
            case Kind.COMMIT | Kind.ROLLBACK:
                commit = control.kind is Kind.COMMIT and not session.failed
                self._end(session, commit=commit)
                session.begun = control.chain
            case Kind.SAVEPOINT:
                session.savepoints.append((control.savepoint, len(session.open)))
            case Kind.ROLLBACK_TO:
                self._back_to(session, control.savepoint)
            case _:
                pass  # RELEASE keeps what it holds

    def _back_to(self, session: _Session, name: str) -> None:
        for position in range(len(session.savepoints) - 1, -1, -1):
            if session.savepoints[position][0] == name:
                at = session.savepoints[position][1]
                self.undone.extend(session.open[at:])
                del session.open[at:]
                del session.savepoints[position + 1 :]
                session.failed = False
                return

    def _end(self, session: _Session, *, commit: bool) -> None:
        for order, entry in session.open:
            if commit:
                done = Effective(entry=entry, transaction=session.transaction)
                self.kept.append((order, done))
            else:
                self.undone.append((order, entry))
        session.open.clear()
        session.savepoints.clear()
        session.transaction, session.begun, session.failed = None, False, False


def effects(sent: Iterable[tuple[Sent, tuple[Entry, ...]]]) -> Effects:
    """Replay the log; a transaction that was not committed did not happen."""
    reader = _Reader()
    for item, entries in sent:
        reader.take(item, entries)
    for session in reader.sessions.values():
        reader._end(session, commit=False)
    return Effects(
        done=tuple(done for _, done in sorted(reader.kept, key=lambda item: item[0])),
        undone=tuple(entry for _, entry in sorted(reader.undone, key=lambda item: item[0])),
    )


def entries(sent: Sent, token: str, withheld: Mapping[int, str]) -> tuple[Entry, ...]:
    """The statements of one text; nothing where PostgreSQL itself could not read it. `withheld`
    are the texts of the events that the shadow did not get."""
    mark, text = _marked(sent.text, token)
    if mark is not None:
        text = withheld.get(mark, text)
    try:
        parsed = libpg_query.statements(text.encode())
    except libpg_query.NotSqlError:
        if sent.error:
            return ()
        raise
    found = list(split.directives_of(text.encode(), parsed))
    stray = tuple(comment for _, comment, index in found if index is None)
    return tuple(
        Entry(
            text=text.encode()[item.start : item.start + item.length].decode(),
            parsed=item,
            parameters=sent.parameters,
            pid=sent.pid,
            event=mark,
            silent=sent.text.startswith("/*zdm:silent*/"),
            above=tuple(comment for _, comment, index in found if index == number),
            stray=stray,
        )
        for number, item in enumerate(parsed)
    )


def _marked(text: str, token: str) -> tuple[int | None, str]:
    before, mark, after = text.partition(f"/*zdm:{token}:")
    if not mark:
        return None, text
    number, _, rest = after.partition("*/")
    return int(number), before + rest
